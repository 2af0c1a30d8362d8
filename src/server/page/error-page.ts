import { CATALOGUE } from '../../diagnosis/catalogue.ts';
import type { Cause } from '../../diagnosis/cause.ts';
import type { Finding } from '../../diagnosis/finding.ts';
import type { StepFit } from '../../diagnosis/person-steps.ts';
import { isReading } from '../../diagnosis/safety.ts';
import { notHelping, personSteps, type Situation, situationOf } from '../../diagnosis/steps.ts';
import { hopStates, wording } from '../../diagnosis/wording.ts';
import { hopRow } from './drawing.ts';
import { htmlText } from './html-text.ts';
import type { Language } from './language.ts';
import { headline, type Messages, messagesOf } from './messages.ts';
import { PAGE_SCRIPT } from './script.ts';
import { lastsSentence, othersSentence, safetySentence } from './sentences.ts';
import { PAGE_STYLE } from './style.ts';

/** What the page shows besides the finding. Every string may come from outside and is escaped. */
export type PageContext = {
  /** The request's method: only one that asks for a page is ever tried again. */
  readonly method: string;
  /** The status really sent with this page. */
  readonly status: number;
  readonly host: string;
  readonly callId: string;
  /** The moment of the failure, ISO 8601 in UTC. */
  readonly time: string;
  readonly attempts: number;
  /** The target's name, where people may know it. */
  readonly service?: string | undefined;
  /** Facts that make more steps fit: `resumable`, `other-model`, `long-call`. */
  readonly situation?: readonly StepFit[] | undefined;
  readonly statusUrl?: string | undefined;
  readonly doctorUrl?: string | undefined;
};

/** Statuses that no repetition changes by itself. */
const PERMANENT = new Set([501, 505]);
/** What a browser waits at least before it tries again, where the service named no time. */
const FLOOR_MS = 1_000;

/**
 * The error page: one HTML document, under 14 KB, whole in itself; works without scripts. Nothing in it repeats a POST.
 * Send it with `content-security-policy: PAGE_POLICY`, `cache-control: no-store` and the status of the context.
 */
export function errorPage(finding: Finding, context: PageContext, language: Language): string {
  const cause: Cause = CATALOGUE[finding.code];
  const m = messagesOf(language);
  const isPage = isReading(context.method);
  const isTriedAgain = isPage && triesAgain(finding, cause, context.status);
  const what = headline(language, cause);
  const picture =
    language === 'en' && cause.picture !== undefined ? `<p class="picture">${htmlText(cause.picture)}</p>\n` : '';
  const script = isTriedAgain ? `<script>${PAGE_SCRIPT}</script>` : '';
  const title = `${context.status} · ${what} – ${context.host}`;
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex"><title>${htmlText(title)}</title><style>${PAGE_STYLE}</style></head>
<body><main>
<p class="code">${context.status} · ${htmlText(context.host)}</p>
<h1>${htmlText(what)}</h1>
${picture}${path(finding, context, m)}
${facts(finding, context, m)}
${retry(finding, context, m, isPage, isTriedAgain)}
${advice(finding, context, m, isPage, isTriedAgain)}
${details(finding, context, m)}
${footer(context, m, finding)}
</main>${script}</body></html>
`;
}

/** True where the same request may do better later by itself: the failure passes, and it is not one that a person has to change. */
function triesAgain(finding: Finding, cause: Cause, status: number): boolean {
  const isLater = cause.retry.caller === 'now' || cause.retry.caller === 'later';
  return isLater && cause.lasts === 'transient' && finding.side !== 'person' && !PERMANENT.has(status);
}

function path(finding: Finding, context: PageContext, m: Messages): string {
  const states = hopStates(finding);
  const isFine = states.you === 'good' && states.network === 'good';
  const fine = isFine ? `\n<p class="small">${htmlText(m.pathFine)}</p>` : '';
  return hopRow(states, m, context.service) + fine;
}

function facts(finding: Finding, context: PageContext, m: Messages): string {
  const rows: [string, string][] = [
    [m.safetyTitle, safetySentence(finding, context.method, m)],
    [m.lastsTitle, lastsSentence(finding, m)],
  ];
  const others = othersSentence(finding, m);
  if (others !== undefined) rows.push([m.othersTitle, others]);
  rows.push([m.actsTitle, m.acts[finding.side]]);
  const listedRows = rows.map(([term, text]) => `<dt>${htmlText(term)}</dt><dd>${htmlText(text)}</dd>`);
  return `<div class="card"><dl>${listedRows.join('')}</dl></div>`;
}

/** The countdown, hidden until the script shows it, and the link that works without it. For a POST there is neither; where reloading is in vain, no link. */
function retry(finding: Finding, context: PageContext, m: Messages, isPage: boolean, isTriedAgain: boolean): string {
  const cause: Cause = CATALOGUE[finding.code];
  if (!isPage) return `<p>${htmlText(m.neverRepeated)}</p>`;
  const link = `<a class="again" id="again" href="">${htmlText(m.retry.link)}</a>`;
  if (!isTriedAgain) return cause.wontHelp.includes('refresh') ? '' : link;
  const floorMs = Math.max(FLOOR_MS, Math.ceil(finding.retryAfterMs ?? 0));
  const { soon, count, asking, still, works, paused, stopped, over } = m.retry;
  const said = { soon, count, asking, still, works, paused, stopped, over };
  const data = Object.entries({ floor: String(floorMs), status: String(context.status), code: finding.code, ...said });
  const attributes = data.map(([name, value]) => ` data-${name}="${htmlText(value)}"`).join('');
  return `<section class="card" id="retry" aria-labelledby="retry-title" hidden${attributes}><h2 id="retry-title">${htmlText(m.retry.title)}</h2><p id="say" class="spoken" role="status"></p><p id="left" aria-hidden="true"></p><button id="now" type="button">${htmlText(m.retry.now)}</button><button id="stop" type="button">${htmlText(m.retry.stop)}</button></section>
${link}`;
}

/** What to do and what will not help. Where the script tries again by itself there are two lists: it shows its own and hides the other. */
function advice(finding: Finding, context: PageContext, m: Messages, isPage: boolean, isTriedAgain: boolean): string {
  const situation = situationOf(finding, context.situation);
  // A page that was only asked for holds no message that could be processed twice.
  if (isPage) situation.delete('maybe-processed');
  if (context.statusUrl !== undefined) situation.add('status-page');
  const texts: Readonly<Partial<Record<string, string>>> = m.steps;
  const steps = (fits: Situation) => listed(personSteps(finding, fits).flatMap((id) => texts[id] ?? []));
  const { isAllLocal, others } = notHelping(finding);
  const folk: Readonly<Partial<Record<string, string>>> = m.folk;
  const futile = [...(isAllLocal ? [m.futileLocal] : []), ...others.flatMap((id) => folk[id] ?? [])].slice(
    0,
    FUTILE_MAX,
  );
  const byItself = isTriedAgain
    ? `<ol class="steps" id="by-itself" hidden>${steps(new Set([...situation, 'auto-retry']))}</ol>`
    : '';
  return `<h2>${htmlText(m.stepsTitle)}</h2><ol class="steps" id="by-hand">${steps(situation)}</ol>${byItself}
<h2>${htmlText(m.futileTitle)}</h2><ul class="futile">${listed(futile)}</ul>`;
}

/** Four lines: enough to spare a person the usual round, short enough to be read. */
const FUTILE_MAX = 4;

function listed(texts: readonly string[]): string {
  return texts.map((text) => `<li>${htmlText(text)}</li>`).join('');
}

/** A technical sentence and a dozen short facts. */
const TECHNICAL_CHARS_MAX = 900;

/** In English for whoever repairs it; what decided is in it, bounded. */
function details(finding: Finding, context: PageContext, m: Messages): string {
  const error = finding.proxyError === undefined ? '' : ` · ${finding.proxyError}`;
  const received = finding.receivedStatus === undefined ? '' : ` · received ${finding.receivedStatus}`;
  const tried = ` · ${context.attempts} ${context.attempts === 1 ? 'attempt' : 'attempts'}`;
  return `<details><summary>${htmlText(m.details)}</summary><p lang="en">${htmlText(wording(finding).technical, TECHNICAL_CHARS_MAX)}</p><p lang="en"><code>${htmlText(`${finding.code}${error}${received}${tried}`)}</code></p></details>`;
}

function footer(context: PageContext, m: Messages, finding: Finding): string {
  const id = encodeURIComponent(context.callId.slice(0, 128));
  const links: [string, string | undefined][] = [
    [m.story, `/goodgate/why/${id}`],
    [m.about, `/goodgate/problems/${finding.code}`],
    [m.statusPage, context.statusUrl],
    [m.doctor, context.doctorUrl],
  ];
  const shown = links.flatMap(([text, url]) =>
    isSafeUrl(url) ? `<a href="${htmlText(url)}">${htmlText(text)}</a>` : [],
  );
  return `<footer><p>${htmlText(m.callNumber)} <code>${htmlText(context.callId)}</code> · <time datetime="${htmlText(context.time)}">${htmlText(context.time.replace('T', ' ').replace(/Z$/, ' UTC'))}</time></p><p>${shown.join('')}</p></footer>`;
}

/** Our own paths and web addresses; never a script in a link. */
function isSafeUrl(url: string | undefined): url is string {
  return url !== undefined && (/^https?:\/\//.test(url) || /^\/(?!\/)/.test(url));
}
