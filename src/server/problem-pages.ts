import { closest } from 'fastest-levenshtein';
import { ADMIN_STEPS } from '../diagnosis/admin-steps.ts';
import { CATALOGUE, type CauseCode } from '../diagnosis/catalogue.ts';
import type { Cause } from '../diagnosis/cause.ts';
import { findingOf } from '../diagnosis/finding.ts';
import { FOLK_STEPS } from '../diagnosis/folk-steps.ts';
import { OPERATOR_STEPS } from '../diagnosis/operator-steps.ts';
import { PERSON_STEPS, type StepFit } from '../diagnosis/person-steps.ts';
import { personSteps } from '../diagnosis/steps.ts';
import { HOPS, spanOf } from '../diagnosis/wording.ts';
import { htmlText } from './page/html-text.ts';
import { messagesOf } from './page/messages.ts';
import { bullets, facts, futile, shell, steps } from './page/shell.ts';

const EN = messagesOf('en');
const CODES = Object.keys(CATALOGUE);

/** A cause as `/goodgate/problems/<code>` says it in JSON; the page and the text are made of it. */
export type ToldCause = {
  readonly code: string;
  readonly type: string;
  readonly title: string;
  readonly hop: Cause['hop'];
  readonly side: Cause['side'];
  readonly status: number | undefined;
  readonly proxy_error: Cause['proxyError'];
  readonly lasts: Cause['lasts'];
  readonly typical_s: { readonly min: number; readonly max: number; readonly source: string };
  readonly retry: Cause['retry']['caller'];
  readonly person: string;
  readonly picture: string | undefined;
  readonly technical: string;
  readonly steps: {
    readonly person: readonly string[];
    readonly admin: readonly string[];
    readonly operator: readonly string[];
  };
  readonly will_not_help: readonly string[];
};

/** The cause of a code; undefined for a code that is none. */
export function toldCause(code: string): ToldCause | undefined {
  return isCode(code) ? tell(code) : undefined;
}

function isCode(code: string): code is CauseCode {
  return Object.hasOwn(CATALOGUE, code);
}

function tell(code: CauseCode): ToldCause {
  const cause: Cause = CATALOGUE[code];
  // As for a fresh failure of which no more is known: steps that need a page that counts, or a time that was given, are not shown.
  const evidence = { phase: 'queue', firstEvent: 'answer' } as const;
  const situation = new Set<StepFit>(cause.data === 'sent-unanswered' ? ['maybe-processed'] : []);
  const { minS, maxS, source } = cause.typical;
  return {
    code,
    type: `/goodgate/problems/${code}`,
    title: cause.title,
    hop: cause.hop,
    side: cause.side,
    status: cause.status === 0 ? undefined : cause.status,
    proxy_error: cause.proxyError,
    lasts: cause.lasts,
    typical_s: { min: minS, max: maxS, source },
    retry: cause.retry.caller,
    person: cause.person,
    picture: cause.picture,
    technical: cause.technical,
    steps: {
      person: personSteps(findingOf(code, 'likely', [], evidence), situation).map((id) => PERSON_STEPS[id].text),
      admin: cause.steps.admin.map((id) => ADMIN_STEPS[id]),
      operator: cause.steps.operator.map((id) => OPERATOR_STEPS[id]),
    },
    will_not_help: cause.wontHelp.map((id) => FOLK_STEPS[id]),
  };
}

/** The code that someone who wrote this one meant. */
export function nearestCode(code: string): string {
  return closest(code.slice(0, 64), CODES);
}

/** Every cause, for machines. */
export function toldCauses(): ToldCause[] {
  return CODES.flatMap((code) => toldCause(code) ?? []);
}

/** A cause as a page. */
export function causePage(told: ToldCause): string {
  const body = [
    `<p class="code"><code>${told.code}</code></p>`,
    `<h1>${htmlText(told.title)}</h1>`,
    `<p>${htmlText(told.person)}</p>`,
    told.picture === undefined ? '' : `<p class="picture">${htmlText(told.picture)}</p>`,
    facts(factsOf(told)),
    steps(EN.stepsTitle, told.steps.person),
    steps("For who looks after the person's network", told.steps.admin),
    steps('For who runs the gateway', told.steps.operator),
    bullets(EN.futileTitle, futile(told.code)),
    `<h2>${htmlText(EN.details)}</h2><p>${htmlText(told.technical, 900)}</p>`,
    '<footer><p><a href="/goodgate/problems">All causes</a></p></footer>',
  ];
  return shell(told.title, body.filter((part) => part !== '').join('\n'));
}

function factsOf(told: ToldCause): [string, string | undefined][] {
  const { min, max, source } = told.typical_s;
  const usual =
    max === 0
      ? told.lasts === 'lasting'
        ? EN.lasts.changed
        : 'It is over at once.'
      : `${spanOf(min * 1000)} to ${spanOf(max * 1000)} (${source.replace('-', ' ')})`;
  return [
    ['Where', EN.hops[told.hop]],
    [EN.actsTitle, EN.acts[told.side]],
    [EN.lastsTitle, usual],
    ['Try again', RETRY[told.retry]],
    ['Status', told.status === undefined ? undefined : String(told.status)],
    ['RFC 9209', told.proxy_error],
  ];
}

const RETRY: Readonly<Record<ToldCause['retry'], string>> = {
  now: 'At once.',
  later: 'After a while.',
  'after-change': 'After something has been changed.',
  never: 'It would fail again.',
};

/** A cause for a terminal. */
export function causeText(told: ToldCause): string {
  const lines = [
    `${told.code}: ${told.title}`,
    told.person,
    told.technical,
    '',
    ...factsOf(told).flatMap(([term, text]) => (text === undefined ? [] : [`${term}: ${text}`])),
    ...numbered(EN.stepsTitle, told.steps.person),
    ...numbered("For who looks after the person's network", told.steps.admin),
    ...numbered('For who runs the gateway', told.steps.operator),
    '',
    `${EN.futileTitle}: ${futile(told.code).join('; ')}`,
  ];
  return `${lines.join('\n')}\n`;
}

function numbered(heading: string, texts: readonly string[]): string[] {
  return texts.length === 0 ? [] : ['', heading, ...texts.map((text, index) => `  ${index + 1}. ${text}`)];
}

/** Every cause by the hop where it happens, each with its link. */
export function causesPage(): string {
  const told = toldCauses();
  const sections = HOPS.map((hop) => {
    const items = told
      .filter((cause) => cause.hop === hop)
      .map(
        ({ code, title }) =>
          `<li><a href="/goodgate/problems/${code}">${htmlText(title)}</a> <code>${code}</code></li>`,
      );
    return `<h2>${htmlText(EN.hops[hop])}</h2><ul class="futile">${items.join('')}</ul>`;
  });
  return shell('Causes', `<h1>What can go wrong</h1>\n${sections.join('\n')}`);
}
