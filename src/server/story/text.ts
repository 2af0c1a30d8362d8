import type { Safety } from '../../diagnosis/safety.ts';
import { HOPS } from '../../diagnosis/wording.ts';
import { messagesOf } from '../page/messages.ts';
import { futile } from '../page/shell.ts';
import type { ToldAttempt, ToldCall } from './told.ts';
import { whereWords } from './words.ts';

/** Columns of the drawing: with the names beside it, a line fits a terminal of 100. */
const BAR_COLUMNS = 40;
const EN = messagesOf('en');

/** The story of a call for a terminal: plain lines, no colours, no control characters, and the times as a drawing. */
export function storyText(told: ToldCall): string {
  const model = told.model === undefined ? '' : ` ${printable(told.model)}`;
  const status = told.status === 0 ? '' : `, answered ${told.status}`;
  const lines = [
    `Call ${told.id} at ${told.at}`,
    `${printable(told.method)} ${printable(told.path)}${model}: ${told.ended} after ${told.took_ms} ms${status}`,
    '',
  ];
  if (told.problem !== undefined) lines.push(...problemLines(told), '');
  lines.push(...attemptLines(told));
  if (told.notes.length > 0) lines.push('', 'Notes', ...told.notes.map((note) => `  ${printable(note)}`));
  return `${lines.join('\n')}\n`;
}

function problemLines(told: ToldCall): string[] {
  const { problem, evidence, hops } = told;
  if (problem === undefined || evidence === undefined || hops === undefined) return [];
  return [
    HOPS.map((hop) => `${EN.hops[hop]}: ${EN.states[hops[hop]].toLowerCase()}`).join(' → '),
    '',
    `${problem.goodgate_code} (${problem.confidence}): ${problem.title}`,
    problem.detail,
    printable(told.technical ?? '', 900),
    '',
    ...labelled([
      ['Where', printable(whereWords(evidence))],
      ['State', `${evidence.termination} (who ended it, and in which phase)`],
      [EN.safetyTitle, told.message],
      [EN.lastsTitle, told.lasts],
      [EN.othersTitle, told.others],
      ['Confined to', told.confined === undefined ? undefined : printable(told.confined)],
      [EN.actsTitle, EN.acts[problem.side]],
    ]),
    ...numbered('What to do', problem.steps),
    ...numbered('For who runs the gateway', told.operator_steps),
    ...listed('What will not help', futile(problem.goodgate_code)),
  ];
}

/** The widest label and two spaces. */
const LABEL_COLUMNS = 24;

function labelled(rows: readonly (readonly [label: string, text: string | undefined])[]): string[] {
  return rows.flatMap(([label, text]) => (text === undefined ? [] : [`${label.padEnd(LABEL_COLUMNS)}${text}`]));
}

function numbered(heading: string, texts: readonly string[]): string[] {
  return texts.length === 0 ? [] : ['', heading, ...texts.map((text, index) => `  ${index + 1}. ${text}`)];
}

function listed(heading: string, texts: readonly string[]): string[] {
  return texts.length === 0 ? [] : ['', heading, ...texts.map((text) => `  - ${text}`)];
}

function attemptLines(told: ToldCall): string[] {
  if (told.attempts.length === 0) return ['No target was asked.'];
  const lines = [
    `Attempts   - waiting for the head, = for the first part, # the answer flows; the line is ${told.took_ms} ms`,
  ];
  for (const [index, attempt] of told.attempts.entries()) {
    lines.push(
      `  ${index + 1}. ${printable(attempt.target)} in ${printable(attempt.pool)}: ${words(attempt)}`,
      `     |${bar(attempt, told.took_ms)}|`,
    );
  }
  return lines;
}

/** What became of the message, in the words of the design. */
export const SAFETY: Readonly<Record<Safety, string>> = {
  'not-sent': 'not sent',
  'sent-unanswered': 'sent but unanswered',
  answered: 'answered',
};

/** `failed, connection refused (hop: AI service), 0 to 12 ms, 0 bytes sent, request not sent`. */
function words(attempt: ToldAttempt): string {
  const { verdict, code, hop, status, bytes_sent: bytes } = attempt;
  const parts: string[] = [verdict];
  if (code !== undefined) parts.push(`${code} at ${hop === undefined ? 'no hop' : EN.hops[hop]}`);
  if (status !== undefined) parts.push(`status ${status}`);
  parts.push(`${attempt.start_ms} to ${attempt.end_ms ?? '?'} ms`);
  if (bytes !== undefined) parts.push(`${bytes} bytes sent`);
  parts.push(`request ${SAFETY[attempt.message_safety]}`);
  return parts.join(', ');
}

function bar(attempt: ToldAttempt, tookMs: number): string {
  const column = (ms: number) =>
    Math.min(BAR_COLUMNS, Math.max(0, Math.round((ms / Math.max(tookMs, 0.1)) * BAR_COLUMNS)));
  const end = attempt.end_ms ?? tookMs;
  const head = attempt.head_ms ?? end;
  const part = attempt.first_part_ms ?? end;
  let drawn = ' '.repeat(column(attempt.start_ms));
  for (const [until, mark] of [
    [head, '-'],
    [part, '='],
    [end, '#'],
  ] as const) {
    drawn += mark.repeat(Math.max(0, column(until) - drawn.length));
  }
  // An attempt too short for a column is still one.
  if (drawn.trim() === '') drawn = `${drawn.slice(0, BAR_COLUMNS - 1)}'`;
  return drawn.padEnd(BAR_COLUMNS);
}

/** What callers wrote may not write to a terminal. */
function printable(text: string, charsMax = 200): string {
  return text.slice(0, charsMax).replace(/[^\x20-\x7e]/g, '?');
}
