import type { Fields } from '../call/fields.ts';
import { type FaultWord, faultOf, type HeadFault } from './fault.ts';
import { knownName, TOKEN_LOWER, VALUE_CHARACTER } from './fieldnames.ts';
import { CHANGING, type HeadMemory, type Run } from './head-memory.ts';

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

type RequestLine = {
  readonly method: string;
  /** As it came: one of the four forms, not yet judged. */
  readonly target: string;
  readonly minorVersion: 0 | 1;
};

export type RequestHead = RequestLine & { readonly fields: Fields };

type StatusLine = { readonly status: number; readonly reason: string; readonly minorVersion: 0 | 1 };

export type ResponseHead = StatusLine & { readonly fields: Fields };

export type RequestMemory = HeadMemory<RequestLine>;
export type ResponseMemory = HeadMemory<StatusLine>;

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
 * Reads the head of a request from one latin1 text, with or without its final CRLFCRLF. Strict by RFC 9112: whatever two readers could
 * understand differently is refused. The word of the fault does not depend on how the text was cut on the wire.
 */
export function parseRequestHead(
  text: string,
  limits: HeadLimits = HEAD_LIMITS,
  memory?: RequestMemory,
): RequestHead | HeadFault {
  const end = text.endsWith('\r\n\r\n') ? text.length - 4 : text.length;
  const known = memory?.start;
  const isKnown = known !== undefined && text.slice(0, known.text.length) === known.text;
  const line = isKnown ? known.said : readRequestLine(text, end, limits);
  if (typeof line === 'string') return refuse(text, line);
  const lineEnd = isKnown
    ? known.text.length - 2
    : line.method.length + 1 + line.target.length + 1 + VERSION_CHARACTERS;

  const fields = readFields(text, lineEnd, end, 'request', limits.fieldsMax, memory);
  if (typeof fields === 'string') return refuse(text, fields);
  if (!isKnown) memory?.learnStart(text, lineEnd, line);
  return { method: line.method, target: line.target, minorVersion: line.minorVersion, fields };
}

/** `HTTP/1.1` */
const VERSION_CHARACTERS = 8;

function readRequestLine(text: string, end: number, limits: HeadLimits): RequestLine | FaultWord {
  const methodEnd = methodEndOf(text, end);
  if (methodEnd <= 0 || text.charCodeAt(methodEnd) !== SP) return 'method';
  if (methodEnd > METHOD_CHARACTERS_MAX) return 'method-length';

  const targetStart = methodEnd + 1;
  let at = targetStart;
  while (at < end && TARGET_CHARACTER[text.charCodeAt(at)] === 1) at += 1;
  if (at - targetStart > limits.targetBytesMax) return 'target-length';
  if (at === targetStart || at === end) return 'start-line';
  if (text.charCodeAt(at) !== SP) return text.charCodeAt(at) === CR ? 'start-line' : 'target';

  const versionStart = at + 1;
  const lineEnd = versionStart + VERSION_CHARACTERS;
  if (lineEnd !== end && text.charCodeAt(lineEnd) !== CR) return 'start-line';
  const minorVersion = minorVersionAt(text, versionStart);
  if (minorVersion < 0) return minorVersion === OTHER_VERSION ? 'version' : 'start-line';
  return {
    method: methodAt(text, methodEnd),
    target: text.slice(targetStart, at),
    minorVersion: minorVersion === 1 ? 1 : 0,
  };
}

/**
 * Reads the head of a response, under the same rules but for one: white space before a colon is dropped, as RFC 9112 §5.1 tells proxies.
 * A status line may lack the space before an empty reason, as many servers write it.
 */
export function parseResponseHead(
  text: string,
  limits: HeadLimits = HEAD_LIMITS,
  memory?: ResponseMemory,
): ResponseHead | HeadFault {
  const end = text.endsWith('\r\n\r\n') ? text.length - 4 : text.length;
  const known = memory?.start;
  const isKnown = known !== undefined && text.slice(0, known.text.length) === known.text;
  const lineEnd = isKnown ? known.text.length - 2 : statusLineEnd(text, end);
  const line = isKnown ? known.said : readStatusLine(text, lineEnd, end);
  if (typeof line === 'string') return refuse(text, line);

  const fields = readFields(text, lineEnd, end, 'response', limits.fieldsMax, memory);
  if (typeof fields === 'string') return refuse(text, fields);
  if (!isKnown) memory?.learnStart(text, lineEnd, line);
  return { status: line.status, reason: line.reason, minorVersion: line.minorVersion, fields };
}

/** `HTTP/1.1 200` */
const STATUS_CHARACTERS = 12;

function statusLineEnd(text: string, end: number): number {
  let at = STATUS_CHARACTERS;
  if (at < end && text.charCodeAt(at) === SP) {
    while (at < end && VALUE_CHARACTER[text.charCodeAt(at)] === 1) at += 1;
  }
  return at;
}

function readStatusLine(text: string, lineEnd: number, end: number): StatusLine | FaultWord {
  const minorVersion = minorVersionAt(text, 0);
  if (minorVersion < 0) return minorVersion === OTHER_VERSION ? 'version' : 'start-line';
  if (text.charCodeAt(VERSION_CHARACTERS) !== SP) return 'start-line';
  const status = statusAt(text, VERSION_CHARACTERS + 1);
  if (status < 100) return 'status';
  if (lineEnd < end && text.charCodeAt(lineEnd) !== CR) return 'status';
  return { status, reason: text.slice(STATUS_CHARACTERS + 1, lineEnd), minorVersion: minorVersion === 1 ? 1 : 0 };
}

/** Reads a trailer section, without its final empty line: field lines only, under the rules of requests. */
export function parseTrailers(text: string, fieldsMax: number): Fields | HeadFault {
  const end = text.endsWith('\r\n\r\n') ? text.length - 4 : text.length;
  // The reader of field lines wants to stand on the line end before each line: the one of the last chunk, which is not in the text.
  const fields = readFields(`\r\n${text}`, 0, end + 2, 'request', fieldsMax, undefined);
  return typeof fields === 'string' ? refuse(text, fields) : fields;
}

/**
 * Reads field lines. `from` stands on the CRLF that ends the line before; `end` is where the last line ends. Returns the fields, or the word of
 * what it refuses.
 */
function readFields(
  text: string,
  from: number,
  end: number,
  kind: 'request' | 'response',
  fieldsMax: number,
  memory: HeadMemory<object> | undefined,
): Fields | FaultWord {
  const runs = memory === undefined ? NO_RUNS : memory.runs;
  let fields: Fields = [];
  let at = from;
  for (let next = 0; at < end; next += 1) {
    const run = next < runs.length ? runs[next] : undefined;
    if (run !== undefined && run !== CHANGING) {
      if (text.slice(at, at + run.text.length) !== run.text) {
        memory?.split(next, text, at);
        next -= 1;
        continue;
      }
      if (fields.length === 0) fields = run.fields.slice();
      else for (let i = 0; i < run.fields.length; i += 1) fields.push(run.fields[i] ?? '');
      if (fields.length > fieldsMax * 2) return 'fields';
      at += run.text.length - 2;
      continue;
    }
    if (fields.length === fieldsMax * 2) return 'fields';
    const lineEnd = readField(text, at, end, kind, fields);
    if (lineEnd < 0) return lineFault(text, at, end);
    at = lineEnd;
  }
  if (memory !== undefined && runs.length === 0) memory.learn(text, from, end, fields);
  return fields;
}

const NO_RUNS: readonly Run[] = [];

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
