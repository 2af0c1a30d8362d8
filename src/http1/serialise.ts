import { NAME_PLACES, placeOfName, TOKEN_LOWER } from './fieldnames.ts';
import { VALUE_CHARACTER } from './head.ts';
import { reasonOf } from './reasons.ts';

/**
 * Heads are always written anew from their parsed form, never copied from the wire. A name or value that would split the message is our
 * own bug by the time it comes here, so it throws: that ends the one call as `gateway-bug`. `ownLines` are the engine's own field lines,
 * written as they are before the others.
 */
export function requestHead(method: string, target: string, fields: readonly string[], ownLines = ''): string {
  assertToken(method);
  assertTarget(target);
  return `${method} ${target} HTTP/1.1\r\n${ownLines}${fieldLines(fields)}\r\n`;
}

/** @throws RangeError on a status outside 100–999; TypeError on a field that cannot be written. */
export function responseHead(status: number, fields: readonly string[]): string {
  return `${statusLine(status)}${fieldLines(fields)}\r\n`;
}

/** Field lines with their CRLFs, without the empty line. */
export function fieldLines(fields: readonly string[]): string {
  let lines = '';
  for (let i = 0; i < fields.length; i += 2) lines += fieldLine(fields[i] ?? '', fields[i + 1] ?? '');
  return lines;
}

/**
 * The line last written of each known name. Nearly all of what a gateway writes it has just written in another head: such a line is neither
 * checked nor put together again. Values that change with every head are given up after a few, and long ones are never kept.
 */
const lastValues = new Array<string | undefined>(NAME_PLACES).fill(undefined);
const lastLines = new Array<string>(NAME_PLACES).fill('');
const changes = new Uint8Array(NAME_PLACES);
const CHANGES_MAX = 32;
const KEPT_CHARS_MAX = 256;

/** Carry what only one party may know: not kept beyond the head they are for. */
const SECRET = new Set(['authorization', 'cookie', 'set-cookie', 'x-api-key', 'api-key', 'proxy-authorization']);

/** One field line with its CRLF. @throws TypeError on a name or value that cannot be written. */
export function fieldLine(name: string, value: string): string {
  const place = placeOfName(name);
  if (place >= 0 && lastValues[place] === value) {
    changes[place] = Math.max(0, (changes[place] ?? 0) - 1);
    return lastLines[place] ?? '';
  }
  if (place < 0) assertToken(name);
  assertValue(value);
  const line = `${name}: ${value}\r\n`;
  if (place >= 0 && (changes[place] ?? 0) < CHANGES_MAX) keep(place, name, value, line);
  return line;
}

function keep(place: number, name: string, value: string, line: string): void {
  if (value.length > KEPT_CHARS_MAX || SECRET.has(name)) return;
  changes[place] = (changes[place] ?? 0) + 1;
  // Copies: a value is most often a slice, which would keep the whole head alive that it was cut from.
  lastLines[place] = Buffer.from(line, 'latin1').latin1Slice();
  lastValues[place] = Buffer.from(value, 'latin1').latin1Slice();
}

const STATUS_LINES = new Array<string | undefined>(1000).fill(undefined);

/** `HTTP/1.1 200 OK` with its CRLF; made once for each status. */
export function statusLine(status: number): string {
  const known = STATUS_LINES[status];
  if (known !== undefined) return known;
  if (!Number.isInteger(status) || status < 100 || status > 999) throw new RangeError('status out of range');
  const line = `HTTP/1.1 ${status} ${reasonOf(status)}\r\n`;
  STATUS_LINES[status] = line;
  return line;
}

/** The line before a chunk's data. A chunk of no bytes would end the body, so it has no line. */
export function chunkLine(length: number): string {
  if (!Number.isInteger(length) || length < 1) throw new RangeError('a chunk holds at least one byte');
  return `${length.toString(16)}\r\n`;
}

/** Ends a chunked body. */
export function lastChunk(trailers?: readonly string[]): string {
  return trailers === undefined || trailers.length === 0 ? '0\r\n\r\n' : `0\r\n${fieldLines(trailers)}\r\n`;
}

function assertToken(text: string): void {
  let isToken = text.length > 0;
  for (let i = 0; i < text.length; i += 1) {
    if (!TOKEN_LOWER[text.charCodeAt(i)]) isToken = false;
  }
  // The text itself is not told: it may be hostile or secret.
  if (!isToken) throw new TypeError('not a token');
}

/** Characters above 255 are refused too: written as latin1 they would lose their upper byte, and U+010D would become a CR. */
function assertValue(text: string): void {
  for (let i = 0; i < text.length; i += 1) {
    if (VALUE_CHARACTER[text.charCodeAt(i)] !== 1) throw new TypeError('a field value holds a forbidden character');
  }
}

function assertTarget(text: string): void {
  let isTarget = text.length > 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (!(code > 32 && code < 127)) isTarget = false;
  }
  if (!isTarget) throw new TypeError('a request target holds a forbidden character');
}
