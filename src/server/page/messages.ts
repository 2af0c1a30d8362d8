import type { CATALOGUE, CauseCode } from '../../diagnosis/catalogue.ts';
import type { Cause, Hop, Side } from '../../diagnosis/cause.ts';
import type { Radius } from '../../diagnosis/radius.ts';
import type { Safety } from '../../diagnosis/safety.ts';
import type { HopState } from '../../diagnosis/wording.ts';
import type { Language } from './language.ts';
import { DE } from './messages.de.ts';
import { EN } from './messages.en.ts';
import { ES } from './messages.es.ts';
import { FR } from './messages.fr.ts';
import { JA } from './messages.ja.ts';
import { PT } from './messages.pt.ts';
import { ZH } from './messages.zh.ts';

/** The causes that a page can be about: those that the gateway answers with a status of failure. */
type PageCause = {
  [Code in CauseCode]: (typeof CATALOGUE)[Code]['status'] extends 0 ? never : (typeof CATALOGUE)[Code];
}[CauseCode];

/** The families, steps and folk steps that a page can show, derived from the catalogue: a new one without a translation does not compile. */
export type PageFamily = PageCause['family'];
export type PageStepId = PageCause['steps']['person'][number];
export type PageFolkId = PageCause['wontHelp'][number];

/** Everything the error page says, in one language. `{…}` are filled in; nothing else is. */
export type Messages = {
  /** What happened, by family; English has a sentence for each cause instead and uses these for none. */
  readonly families: Readonly<Record<PageFamily, string>>;
  readonly hops: Readonly<Record<Hop, string>>;
  readonly states: Readonly<Record<HopState, string>>;
  readonly pathLabel: string;
  readonly pathFine: string;
  readonly safetyTitle: string;
  readonly safety: Readonly<Record<Safety | 'page', string>>;
  readonly lastsTitle: string;
  readonly lasts: {
    /** It began before this call: for `{span}` now. */
    readonly since: string;
    readonly service: string;
    readonly seen: string;
    readonly typical: string;
    readonly unknown: string;
    readonly changed: string;
  };
  readonly spans: Readonly<Record<'second' | 'minute' | 'hour' | 'day', readonly [one: string, many: string]>>;
  readonly othersTitle: string;
  readonly others: Readonly<Record<Exclude<Radius['who'], 'unknown'>, string>>;
  readonly actsTitle: string;
  readonly acts: Readonly<Record<Side, string>>;
  readonly stepsTitle: string;
  readonly steps: Readonly<Record<PageStepId, string>>;
  readonly futileTitle: string;
  readonly futileLocal: string;
  readonly folk: Readonly<Record<PageFolkId, string>>;
  readonly retry: {
    readonly title: string;
    /** `{s}` seconds, `{n}` of `{max}`. */
    readonly soon: string;
    readonly count: string;
    readonly asking: string;
    readonly still: string;
    readonly works: string;
    readonly paused: string;
    readonly stopped: string;
    readonly over: string;
    readonly now: string;
    readonly stop: string;
    readonly link: string;
  };
  readonly neverRepeated: string;
  readonly details: string;
  readonly callNumber: string;
  readonly story: string;
  readonly about: string;
  readonly statusPage: string;
  readonly doctor: string;
};

const MESSAGES: Readonly<Record<Language, Messages>> = { en: EN, de: DE, fr: FR, es: ES, pt: PT, ja: JA, zh: ZH };

/** The messages of a language. */
export function messagesOf(language: Language): Messages {
  return MESSAGES[language];
}

/** What happened, in one sentence: the cause's own in English, its family's elsewhere. */
export function headline(language: Language, cause: Cause): string {
  const families: Readonly<Partial<Record<string, string>>> = MESSAGES[language].families;
  return language === 'en' ? cause.person : (families[cause.family] ?? cause.person);
}
