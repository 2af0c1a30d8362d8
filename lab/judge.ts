import { CATALOGUE } from '../src/diagnosis/catalogue.ts';
import type { Hop } from '../src/diagnosis/cause.ts';
import { LOCAL_FOLK } from '../src/diagnosis/folk-steps.ts';
import { PERSON_STEPS } from '../src/diagnosis/person-steps.ts';
import type { Reading } from './readers/reading.ts';
import type { Scenario, Truth } from './scenario.ts';

/** How one reading of one scenario stands against the truth. */
export type Judgement = {
  readonly isHopRight: boolean;
  readonly isCauseRight: boolean;
  /** A step at the person's own end was shown for a fault beyond the person's network. */
  readonly isPersonBlamed: boolean;
  /** The steps that make it so. */
  readonly wrongSteps: readonly string[];
};

/** The hop where the truth is, by the catalogue; `none` for healthy ones, `?` where evidence was removed. */
export function hopOf(truth: Truth): Hop | 'none' | '?' {
  if (truth.kind === 'healthy') return 'none';
  return truth.kind === 'inconclusive' ? '?' : CATALOGUE[truth.code].hop;
}

/** Holds a reading against the truth. */
export function judge({ truth }: Scenario, reading: Reading): Judgement {
  const wrongSteps = truth.kind === 'fault' ? reading.steps.filter((step) => isWronglyLocal(step, truth)) : [];
  return { ...rightness(truth, reading), isPersonBlamed: wrongSteps.length > 0, wrongSteps };
}

function rightness(
  truth: Truth,
  { says, hop, code, isConfirmed }: Reading,
): Pick<Judgement, 'isHopRight' | 'isCauseRight'> {
  const both = (isRight: boolean): Pick<Judgement, 'isHopRight' | 'isCauseRight'> => ({
    isHopRight: isRight,
    isCauseRight: isRight,
  });
  switch (truth.kind) {
    case 'healthy':
      return both(says === 'healthy');
    case 'inconclusive':
      // A guess is allowed as a guess; a certain word never.
      return both(
        says === 'inconclusive' || (says === 'fault' && !isConfirmed && truth.guess.some((each) => each === code)),
      );
    case 'fault': {
      if (says !== 'fault') return both(false);
      const codes = [truth.code, ...(truth.orElse ?? [])];
      return {
        isHopRight: codes.some((each) => CATALOGUE[each].hop === hop),
        isCauseRight: codes.some((each) => each === code),
      };
    }
  }
}

/** Kinds of steps that ask something of the person's own device or network. */
const LOCAL_KINDS: readonly string[] = ['check', 'change', 'confirm'];

/** True for a step at the person's end that the catalogue does not have for the true cause, when that is beyond the person's network. */
function isWronglyLocal(step: string, truth: Extract<Truth, { kind: 'fault' }>): boolean {
  const codes = [truth.code, ...(truth.orElse ?? [])];
  if (codes.some((code) => CATALOGUE[code].hop === 'you' || CATALOGUE[code].hop === 'network')) return false;
  if (LOCAL_FOLK.some((each) => each === step) && !Object.hasOwn(PERSON_STEPS, step)) return true;
  const known = Object.entries(PERSON_STEPS).find(([id]) => id === step)?.[1];
  if (known === undefined || !LOCAL_KINDS.includes(known.kind)) return false;
  return !codes.some((code) => CATALOGUE[code].steps.person.some((each) => each === step));
}
