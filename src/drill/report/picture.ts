import type { RunRecord } from '../sim/run.ts';
import { isAnswered } from '../workloads/seen.ts';

const WIDTH = 900;
const HEIGHT = 260;
const LEFT = 44;
const BOTTOM = 34;
const TOP = 18;
/** Ticks on each axis, about. */
const TICKS_X = 10;
const TICKS_Y = 4;

/** Calls offered and answered in each second, by the time they began, with what was done to the world behind them: an inline SVG. */
export function picture(record: RunRecord): string {
  const { fromMs, endMs, seen, plan } = record;
  const lastMs = Math.max(fromMs + 1000, ...seen.map(({ startMs }) => startMs));
  const seconds = Math.max(1, Math.ceil((Math.min(endMs, lastMs) - fromMs) / 1000));
  const offered = new Array<number>(seconds).fill(0);
  const answered = new Array<number>(seconds).fill(0);
  for (const each of seen) {
    if (each.wanted === undefined || each.ending === 'left') continue;
    const at = Math.min(seconds - 1, Math.floor((each.startMs - fromMs) / 1000));
    offered[at] = (offered[at] ?? 0) + 1;
    if (isAnswered(each)) answered[at] = (answered[at] ?? 0) + 1;
  }
  // So that each line of the grid is a whole number of calls.
  const most = Math.max(1, niceAbove(Math.max(1, ...offered) / TICKS_Y)) * TICKS_Y;
  const x = (second: number): number => LEFT + (second / seconds) * (WIDTH - LEFT);
  const y = (calls: number): number => HEIGHT - BOTTOM - (calls / most) * (HEIGHT - BOTTOM - TOP);
  const steps = (values: readonly number[]): string =>
    values.map((value, at) => `${at === 0 ? 'M' : 'L'}${n(x(at))},${n(y(value))}H${n(x(at + 1))}`).join('');
  const acts = plan.acts.map(({ atMs, forMs }, nth) => {
    const from = x(Math.min(seconds, atMs / 1000));
    const width = Math.max(2, x(Math.min(seconds, (atMs + forMs) / 1000)) - from);
    const row = TOP - 5 + (nth % 3) * 12;
    return `<rect class="act" x="${n(from)}" y="${TOP}" width="${n(width)}" height="${HEIGHT - BOTTOM - TOP}"/><text class="mark" x="${n(from + 3)}" y="${row + 12}">${nth + 1}</text>`;
  });
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Calls offered and answered in each second">`,
    ...acts,
    axes(seconds, most, x, y),
    `<path class="offered" d="${steps(offered)}V${n(y(0))}H${n(x(0))}Z"/>`,
    `<path class="answered" d="${steps(answered)}"/>`,
    '</svg>',
  ].join('');
}

function axes(seconds: number, most: number, x: (at: number) => number, y: (at: number) => number): string {
  const lines = [`<text class="tick" x="${LEFT}" y="11">calls that began in each second</text>`];
  for (let at = 0; at <= TICKS_Y; at += 1) {
    const calls = (most / TICKS_Y) * at;
    lines.push(`<line class="grid" x1="${LEFT}" x2="${WIDTH}" y1="${n(y(calls))}" y2="${n(y(calls))}"/>`);
    lines.push(`<text class="tick" text-anchor="end" x="${LEFT - 6}" y="${n(y(calls) + 4)}">${n(calls)}</text>`);
  }
  const step = niceAbove(seconds / TICKS_X);
  for (let at = 0; at <= seconds; at += step) {
    lines.push(
      `<text class="tick" text-anchor="${at + step > seconds ? 'end' : 'middle'}" x="${n(x(at))}" y="${HEIGHT - BOTTOM + 16}">${n(at)} s</text>`,
    );
  }
  return lines.join('');
}

/** 1, 2, 5, 10, 20 … */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((nice) => nice >= value) ?? value;
}

/** Short enough for a file that is read by nobody but browsers. */
function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}
