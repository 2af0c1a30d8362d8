import { assertToken, fieldLine } from './field-line.ts';
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

function assertTarget(text: string): void {
  let isTarget = text.length > 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (!(code > 32 && code < 127)) isTarget = false;
  }
  if (!isTarget) throw new TypeError('a request target holds a forbidden character');
}
