import { htmlText } from '../page/html-text.ts';
import type { ToldAttempt, ToldCall } from './told.ts';

/** Units of the drawing: it is scaled to the page. */
const WIDTH = 720;
const LABEL_WIDTH = 150;
const ROW_HEIGHT = 26;
const BAR_HEIGHT = 12;
/** Rows drawn; further attempts are in the table. */
const ROWS_MAX = 16;
/** A bar that would be invisible is drawn this wide. */
const BAR_WIDTH_MIN = 4;

/**
 * The attempts against time, as inline SVG: waiting for the head, then for the first part, then the answer flowing; a red line ends one that
 * failed, whether it was the last or not. Everything in it stands in the table as well, so it is one picture to a screen reader.
 */
export function timesDrawing(told: ToldCall): string {
  const rows = told.attempts.slice(0, ROWS_MAX);
  const height = rows.length * ROW_HEIGHT + 24;
  const x = (ms: number) => LABEL_WIDTH + (ms / Math.max(told.took_ms, 0.1)) * (WIDTH - LABEL_WIDTH - 10);
  const bars = rows.map((attempt, index) => row(attempt, index * ROW_HEIGHT + 4, told.took_ms, x));
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => tick(share * told.took_ms, height - 18, x, share));
  const label = `The times of ${told.attempts.length} attempts over ${told.took_ms} milliseconds`;
  const keys = [
    key('wait', 'waiting for the head'),
    key('part', 'for the first part'),
    key('flow', 'the answer flows'),
  ];
  return `<svg class="times" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">${ticks.join('')}${bars.join('')}</svg><p class="small">${keys.join('')}</p>`;
}

function row(attempt: ToldAttempt, y: number, tookMs: number, x: (ms: number) => number): string {
  const end = attempt.end_ms ?? tookMs;
  const head = Math.min(attempt.head_ms ?? end, end);
  const part = Math.min(attempt.first_part_ms ?? end, end);
  const bars = [bar('wait', attempt.start_ms, head), bar('part', head, part), bar('flow', part, end)];
  const name = `<text x="0" y="${y + BAR_HEIGHT - 1}">${htmlText(attempt.target, 22)}</text>`;
  const failed =
    attempt.code !== undefined
      ? `<line class="end" x1="${at(end)}" x2="${at(end)}" y1="${y - 2}" y2="${y + BAR_HEIGHT + 2}"/>`
      : '';
  return `${name}${bars.join('')}${failed}`;

  function bar(kind: string, fromMs: number, toMs: number): string {
    if (toMs <= fromMs && kind !== 'wait') return '';
    const width = Math.max(BAR_WIDTH_MIN, x(toMs) - x(fromMs));
    return `<rect class="${kind}" x="${at(fromMs)}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}"/>`;
  }

  function at(ms: number): string {
    return x(ms).toFixed(1);
  }
}

function tick(ms: number, y: number, x: (ms: number) => number, share: number): string {
  const at = x(ms).toFixed(1);
  const anchor = share === 0 ? 'start' : share === 1 ? 'end' : 'middle';
  return `<line class="axis" x1="${at}" x2="${at}" y1="0" y2="${y}"/><text x="${at}" y="${y + 14}" text-anchor="${anchor}">${Math.round(ms)} ms</text>`;
}

function key(kind: string, text: string): string {
  return `<span class="key ${kind}"></span>${text}`;
}
