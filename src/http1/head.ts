import type { Fields } from '../call/fields.ts';
import { type FaultWord, faultOf, type HeadFault } from './fault.ts';
import { valueAsWritten } from './field-line.ts';
import { knownName, TOKEN_LOWER, VALUE_CHARACTER } from './fieldnames.ts';

/** What a head may cost at most. */
export type HeadLimits = {
  /** Bytes from the first of the start line to the last of the empty line. */
  readonly headBytesMax: number;
  readonly fieldsMax: number;
  /** Characters of the request target. */
  readonly targetBytesMax: number;
};

/**
 * Head: 32 KiB, as nginx (4 buffers of 8 KiB) and twice Node, because browsers bring cookies. Fields: 128, above Apache's 100 and HAProxy's
 * 101. Target: 8000 is what RFC 9112 §3 asks every server to take; 8192 is the nearest round number.
 */
export const HEAD_LIMITS: HeadLimits = { headBytesMax: 32_768, fieldsMax: 128, targetBytesMax: 8192 };

export type RequestHead = {
  readonly method: string;
  /** As it came: one of the four forms, not yet judged. */
  readonly target: string;
  readonly minorVersion: 0 | 1;
  readonly fields: Fields;
};

export type ResponseHead = {
  readonly status: number;
  readonly reason: string;
  readonly minorVersion: 0 | 1;
  readonly fields: Fields;
};

/** No registered method is longer than 17 characters (UPDATEREDIRECTREF). */
const METHOD_CHARACTERS_MAX = 24;

const CR = 13;
const LF = 10;
const SP = 32;
const TAB = 9;
const COLON = 58;

/**
 * 1 for what we take in a request target: visible ASCII but `#`, which belongs to no form of it (RFC 9112 §3.2). Characters that a URI
 * must escape (`|`, `{`, `"`) are let through as HAProxy and nginx do: they split nothing.
 */
const TARGET_CHARACTER = new Uint8Array(256).fill(1, 33, 127);
TARGET_CHARACTER[35] = 0;

/**
 * The former head of a connection, line by line. Peers repeat themselves: a line that is the same text at the same place is taken over,
 * checked and cut already, at a fifth of the cost of reading it. Never shared between connections, as values are secret.
 */
export type HeadMemory = {
  readonly lines: string[];
  /** Name, value, name, value … of the lines. */
  readonly fields: Fields;
};

/** A memory of nothing, for a new connection. */
export function headMemory(): HeadMemory {
  return { lines: [], fields: [] };
}

/** Lines remembered, and the longest head they are taken from: at most 24 heads of 2 KiB are kept alive by a hostile peer, one by others. */
const MEMORY_LINES_MAX = 24;
const MEMORY_HEAD_BYTES_MAX = 2048;

/**
 * Reads the head of a request from one latin1 text, with or without its final CRLFCRLF. Strict by RFC 9112: whatever two readers could
 * understand differently is refused. The word of the fault does not depend on how the text was cut on the wire.
 */
export function parseRequestHead(
  text: string,
  limits: HeadLimits = HEAD_LIMITS,
  memory?: HeadMemory,
): RequestHead | HeadFault {
  const end = text.endsWith('\r\n\r\n') ? text.length - 4 : text.length;
  const methodEnd = methodEndOf(text, end);
  if (methodEnd <= 0 || text.charCodeAt(methodEnd) !== SP) return refuse(text, 'method');
  if (methodEnd > METHOD_CHARACTERS_MAX) return refuse(text, 'method-length');

  const targetStart = methodEnd + 1;
  let at = targetStart;
  while (at < end && TARGET_CHARACTER[text.charCodeAt(at)] === 1) at += 1;
  if (at - targetStart > limits.targetBytesMax) return refuse(text, 'target-length');
  if (at === targetStart || at === end) return refuse(text, 'start-line');
  if (text.charCodeAt(at) !== SP) return refuse(text, text.charCodeAt(at) === CR ? 'start-line' : 'target');

  const versionStart = at + 1;
  const lineEnd = versionStart + 8;
  if (lineEnd !== end && text.charCodeAt(lineEnd) !== CR) return refuse(text, 'start-line');
  const minorVersion = minorVersionAt(text, versionStart);
  if (minorVersion < 0) return refuse(text, minorVersion === OTHER_VERSION ? 'version' : 'start-line');

  const fields: Fields = [];
  const word = readFields(text, lineEnd, end, 'request', limits.fieldsMax, fields, memory);
  if (word !== undefined) return refuse(text, word);
  return {
    method: methodAt(text, methodEnd),
    target: text.slice(targetStart, at),
    minorVersion: minorVersion === 1 ? 1 : 0,
    fields,
  };
}

/**
 * Reads the head of a response, under the same rules but for one: white space before a colon is dropped, as RFC 9112 §5.1 tells proxies.
 * A status line may lack the space before an empty reason, as many servers write it.
 */
export function parseResponseHead(
  text: string,
  limits: HeadLimits = HEAD_LIMITS,
  memory?: HeadMemory,
): ResponseHead | HeadFault {
  const end = text.endsWith('\r\n\r\n') ? text.length - 4 : text.length;
  const minorVersion = minorVersionAt(text, 0);
  if (minorVersion < 0) return refuse(text, minorVersion === OTHER_VERSION ? 'version' : 'start-line');
  if (text.charCodeAt(8) !== SP) return refuse(text, 'start-line');
  const status = statusAt(text, 9);
  if (status < 100) return refuse(text, 'status');
  let lineEnd = 12;
  if (lineEnd < end && text.charCodeAt(lineEnd) === SP) {
    while (lineEnd < end && VALUE_CHARACTER[text.charCodeAt(lineEnd)] === 1) lineEnd += 1;
  }
  if (lineEnd < end && text.charCodeAt(lineEnd) !== CR) return refuse(text, 'status');

  const fields: Fields = [];
  const word = readFields(text, lineEnd, end, 'response', limits.fieldsMax, fields, memory);
  if (word !== undefined) return refuse(text, word);
  return { status, reason: text.slice(13, lineEnd), minorVersion: minorVersion === 1 ? 1 : 0, fields };
}

/** Reads a trailer section, without its final empty line: field lines only, under the rules of requests. */
export function parseTrailers(text: string, fieldsMax: number): Fields | HeadFault {
  const end = text.endsWith('\r\n\r\n') ? text.length - 4 : text.length;
  const fields: Fields = [];
  // The reader of field lines wants to stand on the line end before each line: the one of the last chunk, which is not in the text.
  const word = readFields(`\r\n${text}`, 0, end + 2, 'request', fieldsMax, fields, undefined);
  return word === undefined ? fields : refuse(text, word);
}

/**
 * Reads field lines into `fields`. `from` stands on the CRLF that ends the line before; `end` is where the last line ends.
 * Returns the word of what it refuses.
 */
function readFields(
  text: string,
  from: number,
  end: number,
  kind: 'request' | 'response',
  fieldsMax: number,
  fields: Fields,
  memory: HeadMemory | undefined,
): FaultWord | undefined {
  const lines = memory === undefined ? NO_LINES : memory.lines;
  const linesMax = text.length > MEMORY_HEAD_BYTES_MAX ? 0 : MEMORY_LINES_MAX;
  let at = from;
  for (let index = 0; at < end; index += 1) {
    if (index >= fieldsMax) return 'fields';
    const line = index < lines.length ? lines[index] : undefined;
    if (line !== undefined && line !== CHANGING && memory !== undefined && text.slice(at, at + line.length) === line) {
      fields.push(memory.fields[index * 2] ?? '', memory.fields[index * 2 + 1] ?? '');
      at += line.length - 2;
      continue;
    }
    const lineEnd = readField(text, at, end, kind, fields);
    if (lineEnd < 0) return lineFault(text, at, end);
    if (memory !== undefined && index < linesMax && line !== CHANGING)
      remember(memory, index, fields, text.slice(at, lineEnd + 2));
    at = lineEnd;
  }
  return undefined;
}

/** Stands for a line that differs from head to head; no line can be equal to it. */
const CHANGING = '\0';

const NO_LINES: readonly string[] = [];

/** A line that has changed once is not remembered again: it will change with every head, and remembering costs more than reading. */
function remember(memory: HeadMemory, index: number, fields: Fields, line: string): void {
  const isNew = memory.lines[index] === undefined;
  memory.lines[index] = isNew ? line : CHANGING;
  const name = isNew ? (fields[index * 2] ?? '') : '';
  memory.fields[index * 2] = name;
  memory.fields[index * 2 + 1] = isNew ? valueAsWritten(name, fields[index * 2 + 1] ?? '') : '';
}

/** Reads the field line behind the CRLF at `before`. Returns where its value's line ends, or -1 when it is malformed. */
function readField(text: string, before: number, end: number, kind: 'request' | 'response', fields: Fields): number {
  if (text.charCodeAt(before) !== CR || text.charCodeAt(before + 1) !== LF) return -1;
  const start = before + 2;
  let at = text.indexOf(':', start);
  let name = at > start && at < end ? knownName(text, start, at) : undefined;
  if (name === undefined) {
    at = start;
    while (at < end && TOKEN_LOWER[text.charCodeAt(at)]) at += 1;
    if (at === start) return -1;
    name = text.slice(start, at).toLowerCase();
    if (kind === 'response') while (at < end && isBlank(text.charCodeAt(at))) at += 1;
    if (at >= end || text.charCodeAt(at) !== COLON) return -1;
  }

  let valueStart = at + 1;
  while (valueStart < end && isBlank(text.charCodeAt(valueStart))) valueStart += 1;
  at = valueStart;
  while (at < end && VALUE_CHARACTER[text.charCodeAt(at)] === 1) at += 1;
  let valueEnd = at;
  while (valueEnd > valueStart && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd -= 1;
  fields.push(name, text.slice(valueStart, valueEnd));
  return at;
}

/** Why `readField` refused the line behind `before`. */
function lineFault(text: string, before: number, end: number): FaultWord {
  if (text.charCodeAt(before) !== CR || text.charCodeAt(before + 1) !== LF) return 'control';
  const start = before + 2;
  if (start < end && isBlank(text.charCodeAt(start))) return 'obs-fold';
  let at = start;
  while (at < end && TOKEN_LOWER[text.charCodeAt(at)]) at += 1;
  const nameEnd = at;
  while (at < end && isBlank(text.charCodeAt(at))) at += 1;
  if (nameEnd > start && at > nameEnd && text.charCodeAt(at) === COLON) return 'space-before-colon';
  const lineEnd = text.indexOf('\r', start);
  const colon = text.indexOf(':', start);
  return colon === -1 || (lineEnd !== -1 && colon > lineEnd) ? 'no-colon' : 'field-name';
}

function isBlank(code: number): boolean {
  return code === SP || code === TAB;
}

function methodEndOf(text: string, end: number): number {
  let at = 0;
  while (at < end && TOKEN_LOWER[text.charCodeAt(at)]) at += 1;
  return at;
}

function methodAt(text: string, end: number): string {
  if (end === 4 && text.startsWith('POST')) return 'POST';
  if (end === 3 && text.startsWith('GET')) return 'GET';
  return text.slice(0, end);
}

const OTHER_VERSION = -1;
const NO_VERSION = -2;

/** 0 or 1 for HTTP/1.0 and HTTP/1.1; other versions are refused, also 1.2 to 1.9, which no one speaks (RFC 9110 §2.5 is a SHOULD). */
function minorVersionAt(text: string, at: number): number {
  if (text.startsWith('HTTP/1.1', at)) return 1;
  if (text.startsWith('HTTP/1.0', at)) return 0;
  return /^HTTP\/\d\.\d$/.test(text.slice(at, at + 8)) ? OTHER_VERSION : NO_VERSION;
}

function statusAt(text: string, at: number): number {
  let status = 0;
  for (let i = at; i < at + 3; i += 1) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    status = status * 10 + digit;
  }
  return status;
}

/** A control character anywhere outweighs what the parser tripped on: the gatherer, too, refuses those before the head is whole. */
function refuse(text: string, word: FaultWord): HeadFault {
  return faultOf(controlFault(text) ?? word);
}

/**
 * The first control character that no head may hold: NUL and its kind, a CR without its LF, an LF without its CR. A CR that is the last
 * character is left for later, as its LF may still come.
 */
export function controlFault(text: string): FaultWord | undefined {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (VALUE_CHARACTER[code] === 1) continue;
    if (code !== CR) return code === LF ? 'bare-lf' : 'control';
    if (i + 1 === text.length) return undefined;
    if (text.charCodeAt(i + 1) !== LF) return 'bare-cr';
    i += 1;
  }
  return undefined;
}
