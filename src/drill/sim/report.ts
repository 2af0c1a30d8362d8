import { story } from '../checks/check.ts';
import { isAnswered } from '../workloads/seen.ts';
import type { RunRecord } from './run.ts';
import type { Verdict } from './verdict.ts';

const WIDTH = 900;
const HEIGHT = 200;

/** A page that tells somebody who was not there what was done and what became of it. It needs nothing but itself. */
export function reportPage(title: string, tells: string, verdict: Verdict): string {
  const { record, violations, replay } = verdict;
  const stations = record.stations.map(({ name, received }) => [name, `${received.length} requests`, struck(received)]);
  const acts = record.plan.acts.map(({ atMs, forMs, deed }) => [seconds(atMs), seconds(forMs), JSON.stringify(deed)]);
  const broken = violations.map(({ check, what }) => [check, what]);
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<title>Drill: ${escaped(title)}</title><style>${STYLE}</style></head><body><h1>${escaped(title)}</h1>`,
    `<p>${escaped(tells)}</p>${summary(verdict)}<h2>Goodput over time</h2>${picture(record)}<p>${LEGEND}</p>`,
    `<h2>What callers saw</h2>${callers(verdict)}<h2>What targets saw</h2>${table(stations)}`,
    `<h2>What was done</h2>${table([['from', 'for', 'what'], ...acts])}<h2>Broken promises</h2>${table(broken)}`,
    `<h2>Again</h2><p><code>${escaped(replay)}</code></p><p>Journal ${escaped(record.journal.hash)}.</p>`,
    '</body></html>',
  ].join('\n');
}

const LEGEND =
  'Calls offered (grey) and answered whole (green) in each second, by the time they began; red is when something was done to the world.';

const STYLE = [
  'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}',
  'table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top}',
  '.bad{color:#c22}.good{color:#183}svg{width:100%;height:auto;border:1px solid #8884}code{overflow-wrap:anywhere}',
].join('');

function summary({ violations, tally }: Verdict): string {
  const isKept = violations.length === 0;
  const words = isKept ? 'Every promise was kept.' : `${violations.length} broken promises were seen.`;
  const share = `${tally.answered} of ${tally.calls} calls that deserved an answer got the whole of it.`;
  return `<p class="${isKept ? 'good' : 'bad'}"><strong>${words}</strong> ${share}</p>`;
}

function callers({ tally }: Verdict): string {
  const failed = Object.entries(tally.failed).map(([code, count]) => [`Failed with ${code}`, String(count)]);
  const worst = tally.worst === undefined ? 'There was none.' : story(tally.worst);
  return table([
    ['Answered whole', `${tally.answered} of ${tally.calls}`],
    ['Median time to the first byte', `${tally.medianFirstMs.toFixed(0)} ms`],
    [
      'From the first failed call to the last',
      tally.failingMs === undefined ? 'none failed' : seconds(tally.failingMs),
    ],
    ['Failures after all was healed, for', seconds(tally.recoveryMs)],
    ['Requests at upstreams for each call', tally.amplification.toFixed(3)],
    ...failed,
    ['The worst call', worst],
  ]);
}

function struck(received: RunRecord['stations'][number]['received']): string {
  return `${received.filter(({ fault }) => fault !== undefined).length} of them struck by a fault`;
}

function picture(record: RunRecord): string {
  const { fromMs, endMs, seen, plan } = record;
  const secondsCount = Math.max(1, Math.ceil((endMs - fromMs) / 1000));
  const offered = new Array<number>(secondsCount).fill(0);
  const answered = new Array<number>(secondsCount).fill(0);
  for (const each of seen) {
    if (each.wanted === undefined || each.ending === 'left') continue;
    const at = Math.floor((each.startMs - fromMs) / 1000);
    offered[at] = (offered[at] ?? 0) + 1;
    if (isAnswered(each)) answered[at] = (answered[at] ?? 0) + 1;
  }
  const most = Math.max(1, ...offered);
  const x = (at: number): string => ((at / secondsCount) * WIDTH).toFixed(1);
  const line = (values: readonly number[], colour: string): string => {
    const points = values.map((value, at) => `${x(at)},${(HEIGHT - (value / most) * (HEIGHT - 10)).toFixed(1)}`);
    return `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.join(' ')}"/>`;
  };
  const acts = plan.acts.map(({ atMs, forMs }) => {
    const width = Math.max(1, (forMs / 1000 / secondsCount) * WIDTH).toFixed(1);
    return `<rect x="${x(atMs / 1000)}" y="0" width="${width}" height="${HEIGHT}" fill="#c22" opacity=".12"/>`;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Calls offered and answered in each second">${acts.join('')}${line(offered, '#8888')}${line(answered, '#183')}</svg>`;
}

function table(rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '<p>Nothing.</p>';
  const lines = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`);
  return `<table>${lines.join('')}</table>`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (found) => `&#${found.charCodeAt(0)};`);
}
