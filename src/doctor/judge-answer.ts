import { CATALOGUE, type CauseCode } from '../diagnosis/catalogue.ts';
import { classify } from '../diagnosis/classify.ts';
import type { Evidence } from '../diagnosis/evidence.ts';
import { type Finding, findingOf } from '../diagnosis/finding.ts';
import { provenance } from '../diagnosis/provenance.ts';
import { fieldIn, jsonIn, type Told } from './ask.ts';
import type { Target } from './target.ts';

/** True for a name of the catalogue. */
export function isCauseCode(text: unknown): text is CauseCode {
  return typeof text === 'string' && Object.hasOwn(CATALOGUE, text);
}

/** What is known of who was asked. */
export type Asking = {
  readonly target: Target;
  readonly hasKey: boolean;
  /** Proven: its `goodgate-code` is its own. */
  readonly isGoodgate: boolean;
};

/** The finding behind what came of a question; undefined when it is a good answer. */
export function judgeTold(told: Told, asking: Asking): Finding | undefined {
  if (told.kind === 'failure') return classify(told.evidence);
  const ours = asking.isGoodgate ? byGoodgate(told) : undefined;
  if (ours !== undefined) return ours;
  const { target, hasKey } = asking;
  // Without a key the refusal is the answer that was due: the service is there and reads requests.
  if (told.status === 401 && !hasKey && isApplication(told)) return undefined;
  if (told.status >= 400) {
    // Nothing at the path of a page that somebody looked at proves no fault of the way to it.
    if (!target.isApi && (told.status === 404 || told.status === 405 || told.status === 401)) return byWriter(told);
    return classify(told.evidence);
  }
  if (told.cut === 'slow') return slow(told.evidence);
  if (target.isApi) return isModels(told) ? undefined : classify(told.evidence);
  return byWriter(told);
}

/** What a Goodgate says of its own failure, word for word. */
function byGoodgate(told: Extract<Told, { kind: 'answer' }>): Finding | undefined {
  const code = fieldIn(told.fields, 'goodgate-code');
  if (!isCauseCode(code)) return undefined;
  const received = /received-status=(\d{3})/.exec(fieldIn(told.fields, 'proxy-status') ?? '')?.[1];
  const by = ['the gateway says so itself'];
  if (received !== undefined) by.push(`the service answered it ${received}`);
  const seconds = Number(fieldIn(told.fields, 'retry-after'));
  return findingOf(
    code,
    'confirmed',
    by,
    told.evidence,
    Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: seconds * 1_000 } : {},
  );
}

/** A page that somebody between wrote, in the place of what was asked for. */
function byWriter(told: Extract<Told, { kind: 'answer' }>): Finding | undefined {
  const { kind } = provenance(told.status, told.fields, told.body);
  return kind === 'portal' || kind === 'filter' || kind === 'forward-proxy' ? classify(told.evidence) : undefined;
}

function isApplication(told: Extract<Told, { kind: 'answer' }>): boolean {
  return (fieldIn(told.fields, 'content-type') ?? '').includes('json');
}

/** A list of models, or JSON that was longer than what is read. */
function isModels(told: Extract<Told, { kind: 'answer' }>): boolean {
  if (!isApplication(told)) return false;
  if (told.cut === 'long') return true;
  const body = jsonIn(told.body);
  return typeof body === 'object' && body !== null && !('error' in body);
}

/** The head came at once and the body would never have ended. */
function slow(evidence: Evidence): Finding {
  const bytes = evidence.answer?.body.length ?? 0;
  const by = [`${bytes} bytes of the body in the whole time`];
  return findingOf(
    'body-stall',
    'confirmed',
    by,
    { ...evidence, firstEvent: 'our-timer', clock: 'between-bytes' },
    { detail: bytes > 0 ? 'trickle' : 'silence' },
  );
}
