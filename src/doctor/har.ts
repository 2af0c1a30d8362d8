import { fieldIn } from './ask.ts';

/** One failed exchange out of a HAR file. */
export type HarFailure = {
  readonly url: string;
  readonly status: number;
  /** Flat name, value pairs, names lower case. */
  readonly fields: readonly string[];
  readonly body: Uint8Array;
  /** The browser's own word where there was no answer: `net::ERR_NAME_NOT_RESOLVED`. */
  readonly error: string | undefined;
  readonly atMs: number | undefined;
  /** True: the browser showed it from memory, and asked nobody. */
  readonly isFromCache: boolean;
  /** Characters of the cookies that were sent. */
  readonly cookieChars: number;
};

/** What a piece of a HAR file tells. */
export type HarFailures = {
  readonly last: HarFailure | undefined;
  /** How long each answer flowed that began well and was cut, in milliseconds; at most `CUTS_MAX`. */
  readonly cutsMs: readonly number[];
};

const CUTS_MAX = 100;

/** 256 KiB: an entry longer than that carries a large body, of which the first part is all that tells. */
const ENTRY_CHARS_MAX = 256 * 1024;
/** 20,000 entries: what a day of one tab leaves. */
const ENTRIES_MAX = 20_000;

/**
 * The failures in a piece of a HAR file, which may begin and end anywhere: entries are found by the word that begins each, and read one by one, so
 * that a file of any size is never held as one tree. Total.
 */
export function failuresIn(text: string): HarFailures {
  let last: HarFailure | undefined;
  const cutsMs: number[] = [];
  let at = 0;
  for (let count = 0; count < ENTRIES_MAX; count += 1) {
    const found = text.indexOf('"response"', at);
    if (found === -1) break;
    at = found + 10;
    const response = objectAfter(text, at);
    if (response === undefined) continue;
    const status = Number(Reflect.get(response, 'status'));
    const error = textOf(Reflect.get(response, '_error'));
    const isCut = status >= 200 && status < 300 && error !== undefined;
    if (!(status >= 400) && !(status === 0 && error !== undefined) && !isCut) continue;
    const request = requestBefore(text, found);
    if (request === undefined) continue;
    const answer = answerOf(response, status);
    if (isCut && cutsMs.length < CUTS_MAX) cutsMs.push(receiveMsAfter(text, at));
    last = { ...request, ...answer, error, isFromCache: isFromCache(response, answer.fields, request.atMs) };
  }
  return { last, cutsMs };
}

/** The browser got no byte over the network, and the answer is older than the question. */
function isFromCache(response: object, fields: readonly string[], atMs: number | undefined): boolean {
  if (Reflect.get(response, '_transferSize') !== 0) return false;
  const date = Date.parse(fieldIn(fields, 'date') ?? '');
  return Number(fieldIn(fields, 'age') ?? 0) > 0 || (atMs !== undefined && atMs - date > OLD_MS);
}

/** A minute: clocks of browser and server differ by less. */
const OLD_MS = 60_000;

function receiveMsAfter(text: string, at: number): number {
  const start = text.indexOf('"timings"', at);
  const timings = start === -1 ? undefined : objectAfter(text, start + 9);
  const ms = Number(timings === undefined ? 0 : Reflect.get(timings, 'receive'));
  return Number.isFinite(ms) ? ms : 0;
}

/** The object that follows a name, when it is whole within the bound. */
function objectAfter(text: string, from: number): object | undefined {
  const start = text.indexOf('{', from);
  if (start === -1 || text.slice(from, start).trim() !== ':') return undefined;
  const end = endOfObject(text, start);
  if (end === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text.slice(start, end));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function endOfObject(text: string, start: number): number | undefined {
  let depth = 0;
  let inText = false;
  const limit = Math.min(text.length, start + ENTRY_CHARS_MAX);
  for (let at = start; at < limit; at += 1) {
    const char = text[at];
    if (inText) {
      if (char === '\\') at += 1;
      else if (char === '"') inText = false;
    } else if (char === '"') inText = true;
    else if (char === '{') depth += 1;
    else if (char === '}') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}

/** The request of an entry stands before its response (HAR 1.2 §entries), its time before that. */
function requestBefore(text: string, at: number): Pick<HarFailure, 'url' | 'atMs' | 'cookieChars'> | undefined {
  const before = text.slice(Math.max(0, at - ENTRY_CHARS_MAX), at);
  const start = before.lastIndexOf('"request"');
  const request = start === -1 ? undefined : objectAfter(before, start + 9);
  const url = request === undefined ? undefined : textOf(Reflect.get(request, 'url'));
  if (request === undefined || url === undefined) return undefined;
  const times = [...before.matchAll(/"startedDateTime"\s*:\s*"([^"]{10,40})"/g)];
  const atMs = Date.parse(times.at(-1)?.[1] ?? '');
  const cookieChars = fieldIn(fieldsOf(request), 'cookie')?.length ?? 0;
  return { url: url.slice(0, 4_096), atMs: Number.isFinite(atMs) ? atMs : undefined, cookieChars };
}

function fieldsOf(message: object): readonly string[] {
  const headers: unknown = Reflect.get(message, 'headers');
  return (Array.isArray(headers) ? headers : []).slice(0, 64).flatMap((each: unknown) => {
    const name = typeof each === 'object' && each !== null ? textOf(Reflect.get(each, 'name')) : undefined;
    const value = typeof each === 'object' && each !== null ? textOf(Reflect.get(each, 'value')) : undefined;
    return name === undefined || value === undefined ? [] : [name.toLowerCase(), value];
  });
}

function answerOf(response: object, status: number): Pick<HarFailure, 'status' | 'fields' | 'body'> {
  const fields = fieldsOf(response);
  const content: unknown = Reflect.get(response, 'content');
  const text = typeof content === 'object' && content !== null ? textOf(Reflect.get(content, 'text')) : undefined;
  const isPacked = typeof content === 'object' && content !== null && Reflect.get(content, 'encoding') === 'base64';
  const body =
    text === undefined
      ? new Uint8Array(0)
      : new Uint8Array(Buffer.from(text, isPacked ? 'base64' : 'utf8').subarray(0, 65_536));
  return { status, fields, body };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
