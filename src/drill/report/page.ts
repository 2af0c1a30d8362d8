import { CATALOGUE, type CauseCode } from '../../diagnosis/catalogue.ts';
import type { Fate } from '../ledger.ts';
import type { RunRecord } from '../sim/run.ts';
import type { Verdict } from '../sim/verdict.ts';
import { isAnswered } from '../workloads/seen.ts';
import { deedWords } from './deeds.ts';
import { callStory, type Effect, effectsOf, SLOW_MS } from './effects.ts';
import { picture } from './picture.ts';

/** One run on a page. */
export type Told = {
  readonly title: string;
  readonly tells: string;
  readonly verdict: Verdict;
  /** What was not done, or in another way than the scenario has it. */
  readonly notes?: readonly string[];
};

/** The most that a list of a report shows: a page is for people. */
const ROWS_MAX = 60;

/** A page that tells somebody who was not there what was done and what became of it, run by run. It needs nothing but itself. */
export function reportPage(told: readonly Told[], where: string): string {
  const [first] = told;
  const title = told.length === 1 && first !== undefined ? `Drill: ${first.title}` : `Drill: ${told.length} bad days`;
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>${escaped(title)}</title><style>${STYLE}</style></head><body><main><h1>${escaped(title)}</h1>`,
    `<p>A drill makes bad days happen on purpose, to see how the gateway bears them. ${escaped(where)}</p>`,
    told.length > 1 ? overview(told) : '',
    ...told.map((each, nth) => section(each, nth)),
    '</main></body></html>',
  ].join('\n');
}

function overview(told: readonly Told[]): string {
  const rows = told.map(({ title, tells, verdict }, nth) => {
    const { tally, violations } = verdict;
    const isKept = violations.length === 0;
    const link = `<a href="#run-${nth}">${escaped(title)}</a>`;
    const word = `<span class="${isKept ? 'good' : 'bad'}">${isKept ? 'kept' : 'broken'}</span>`;
    const cells = [tells, `${tally.answered} of ${tally.calls}`, failedWords(tally.failed), waited(verdict)].map(
      escaped,
    );
    return row([link, word, ...cells], 'td');
  });
  const head = [
    'bad day',
    'promises',
    'what happened',
    'answered whole',
    'told as failed',
    'longest wait for a first word',
  ];
  return `<table>${row(head, 'th')}${rows.join('')}</table>`;
}

/** Of cells that are HTML. */
function row(cells: readonly string[], tag: 'td' | 'th'): string {
  const all = cells.map((cell) => `<${tag}>${cell}</${tag}>`);
  return `<tr>${all.join('')}</tr>`;
}

function section({ title, tells, verdict, notes = [] }: Told, nth: number): string {
  const { record, violations, replay } = verdict;
  const effects = effectsOf(record);
  return [
    `<section id="run-${nth}"><h2>${escaped(title)}</h2><p>${escaped(tells)}</p>`,
    `<p><strong>${verdictWord(violations.length)}</strong> ${escaped(inShort(verdict, effects))}</p>`,
    `<figure>${picture(record)}<figcaption>${LEGEND}</figcaption></figure>`,
    `<h3>What was done</h3>${deeds(effects)}${notes.map(smallPrint).join('')}`,
    `<h3>What callers saw</h3>${table(callers(verdict))}`,
    `<h3>What the targets saw</h3>${table(stations(record), STATIONS_HEAD)}`,
    worst(verdict),
    violations.length === 0
      ? ''
      : `<h3>Broken promises</h3>${table(violations.slice(0, ROWS_MAX).map(({ check, what }) => [check, what]))}`,
    `<p class="small">Again: <code>${escaped(replay)}</code></p></section>`,
  ].join('\n');
}

const STATIONS_HEAD = [
  'target',
  'requests',
  'answered well',
  'struck by a fault',
  'given up by the gateway',
  'not over yet',
];

/** What came of it, for somebody who reads no further. */
function inShort(verdict: Verdict, effects: readonly Effect[]): string {
  const { calls, answered } = verdict.tally;
  const detected = effects.flatMap(({ detectedMs }) => detectedMs ?? []);
  const recoveredMs = Math.max(0, ...effects.map((effect) => effect.recoveredMs));
  const sentences =
    answered === calls
      ? [`All ${calls} calls that deserved an answer got the whole of it.`]
      : [`Of ${calls} calls that deserved an answer ${answered} got the whole of it and ${calls - answered} did not.`];
  sentences.push(`The longest that one waited for its first word was ${waited(verdict)}.`);
  if (detected.length > 0) {
    sentences.push(`It took the gateway ${seconds(Math.max(...detected))} at most to leave a struck target alone.`);
  }
  if (recoveredMs > 0) sentences.push(`Callers felt it for up to ${seconds(recoveredMs)} after it was over.`);
  else if (effects.length > 0) sentences.push('When it was over, nobody felt anything any more.');
  return sentences.join(' ');
}

function waited({ tally }: Verdict): string {
  return tally.waitedMsMax === undefined ? '–' : seconds(tally.waitedMsMax);
}

const LEGEND =
  'Calls that deserved an answer (grey) and those that got the whole of it (green), in each second, by the time they began. Red is when something was done, with its number in the list below. Where the green line leaves the grey, callers went without.';

function smallPrint(note: string): string {
  return `<p class="small">${escaped(note)}</p>`;
}

function deeds(effects: readonly Effect[]): string {
  if (effects.length === 0) return '<p>Nothing: there were only the callers.</p>';
  const rows = effects
    .slice(0, ROWS_MAX)
    .map(({ act, detectedMs, failed, slowed, recoveredMs }, nth) => [
      String(nth + 1),
      `${seconds(act.atMs)} to ${seconds(act.atMs + act.forMs)}`,
      deedWords(act.deed),
      detectedMs === undefined ? '–' : seconds(detectedMs),
      failed === 0 && slowed === 0 ? 'nothing' : `${failed} failed, ${slowed} slow`,
      recoveredMs === 0 ? 'at once' : seconds(recoveredMs),
    ]);
  const head = ['', 'when', 'what', 'left alone after', 'callers felt', 'recovered'];
  const note = `<p class="small"><em>Left alone after</em>: how long until the gateway asked others instead, but for a probe now and then; “–” when it never did, as with a fault that strikes few calls, or all targets at once. <em>Slow</em>: more than ${SLOW_MS / 1000} s without a word. <em>Recovered</em>: from its end until the last failed or slow call was over.</p>`;
  return table(rows, head) + note;
}

function callers({ tally }: Verdict): readonly (readonly string[])[] {
  return [
    ['Answered whole', `${tally.answered} of ${tally.calls}`],
    ...Object.entries(tally.failed).map(([code, count]) => [`Told as failed: ${codeWords(code)}`, String(count)]),
    ['Half of them heard their first byte within', `${tally.medianFirstMs.toFixed(0)} ms`],
    [
      'From the first failed call to the last',
      tally.failingMs === undefined ? 'none failed' : seconds(tally.failingMs),
    ],
    ['Requests at targets for each call', tally.amplification.toFixed(2)],
  ];
}

/** The code, and what the catalogue says it means. */
function codeWords(code: string): string {
  return Object.hasOwn(CATALOGUE, code) ? `${code} (${CATALOGUE[code as CauseCode].title})` : code;
}

function stations(record: RunRecord): readonly (readonly string[])[] {
  return record.stations.map(({ name, received }) => {
    const count = (fate: Fate): string => String(received.filter((each) => each.fate === fate).length);
    return [name, String(received.length), ...(['answered', 'struck', 'aborted', 'running'] as const).map(count)];
  });
}

function worst({ record, tally }: Verdict): string {
  if (tally.worst === undefined) return '';
  const rows = callStory(record, tally.worst).slice(0, ROWS_MAX);
  const why = isAnswered(tally.worst)
    ? 'This one waited longest for its first word.'
    : 'Of the calls that were not answered, this one took longest.';
  return `<h3>The worst call</h3><p>${why}</p>${table(rows)}`;
}

function verdictWord(violations: number): string {
  return violations === 0
    ? '<span class="good">Every promise was kept.</span>'
    : `<span class="bad">${violations} broken ${violations === 1 ? 'promise was' : 'promises were'} seen.</span>`;
}

function failedWords(failed: Readonly<Record<string, number>>): string {
  const words = Object.entries(failed).map(([code, count]) => `${code} ${count}`);
  return words.length === 0 ? '–' : words.join(', ');
}

function table(rows: readonly (readonly string[])[], head: readonly string[] = []): string {
  if (rows.length === 0) return '<p>Nothing.</p>';
  const top = head.length === 0 ? '' : row(head.map(escaped), 'th');
  const lines = rows.map((cells) => row(cells.map(escaped), 'td'));
  return `<table>${top}${lines.join('')}</table>`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (found) => `&#${found.charCodeAt(0)};`);
}

const STYLE = [
  ':root{color-scheme:light dark;--line:#8886;--soft:#8883}',
  'body{font:16px/1.5 system-ui,sans-serif;margin:0;padding:1.5rem}main{max-width:62rem;margin:0 auto}',
  'h2{margin-top:3rem;border-top:1px solid var(--line);padding-top:1rem}figure{margin:0}figcaption,.small{font-size:.85rem;opacity:.8}',
  'table{border-collapse:collapse;margin:.5rem 0;max-width:100%}td,th{padding:.25rem .9rem .25rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--soft)}',
  '.good{color:light-dark(#176b34,#6fd08f)}.bad{color:light-dark(#b3261e,#ff8a80)}code{overflow-wrap:anywhere}',
  'svg{width:100%;height:auto}.act{fill:#d33;opacity:.13}.mark{font:bold 11px sans-serif;fill:#d33}.grid{stroke:var(--soft)}',
  '.tick{font:11px sans-serif;fill:currentColor;opacity:.7}.offered{fill:#8884;stroke:#888;stroke-width:1}.answered{fill:none;stroke:light-dark(#176b34,#6fd08f);stroke-width:2.5}',
].join('');
