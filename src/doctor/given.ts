import { CATALOGUE, type CauseCode } from '../diagnosis/catalogue.ts';
import { classify } from '../diagnosis/classify.ts';
import type { Evidence } from '../diagnosis/evidence.ts';
import { type Confidence, findingOf } from '../diagnosis/finding.ts';
import { jsonIn } from './ask.ts';
import { evidenceOfWords } from './error-words.ts';
import type { Facts, PastFailure } from './facts.ts';
import { failuresIn, type HarFailure } from './har.ts';
import { isCauseCode } from './judge-answer.ts';
import { plainText } from './outside.ts';
import { targetOf } from './target.ts';
import { fromDevice } from './verdict/exchange.ts';

/** What a file or a pasted text tells. */
export type Given = {
  readonly past: PastFailure | undefined;
  /** Where it happened, as far as it says; always a whole URL. */
  readonly url: string | undefined;
  /** A call of a Goodgate that can be asked about. */
  readonly callId: string | undefined;
  readonly sentence: string;
};

/** 8 MiB of a page or a text; HAR files are read in pieces. */
export const TEXT_BYTES_MAX = 8 * 1024 * 1024;

type Place = { readonly targetIs: 'gateway' | 'service' | undefined; readonly gateway: string | undefined };

/** Reads a saved page, a JSON error or a pasted message. Pure and total. */
export function readGiven(bytes: Uint8Array, place: Place): Given {
  const text = new TextDecoder().decode(bytes.subarray(0, TEXT_BYTES_MAX));
  if (/^\s*\{\s*"log"\s*:/.test(text)) return readHar([text], place);
  const callId = callIdIn(text);
  const isPage = /^\s*<(?:!doctype|html|head|body|center)/i.test(text);
  if (isPage) return { ...readPage(text, bytes, place), callId };
  return { ...readText(text, place), callId };
}

/** Reads pieces of a HAR file; the last failure of the last piece that has one counts. */
export function readHar(pieces: readonly string[], place: Place): Given {
  const read = pieces.map(failuresIn);
  const failure = read.map(({ last }) => last).findLast((each) => each !== undefined);
  if (failure === undefined)
    return { past: undefined, url: undefined, callId: undefined, sentence: 'The HAR file holds no failed exchange.' };
  const url = httpUrl(failure.url);
  const isCut = failure.status < 400 && failure.status > 0;
  const error = failure.error ?? 'no answer';
  const what = failure.status === 0 || isCut ? error : `status ${failure.status}`;
  const cutsMs = read.flatMap((each) => each.cutsMs);
  const past = byBrowser(failure, cutsMs) ?? pastOf('har', harEvidence(failure, isCut), url, place, failure.atMs);
  return {
    past,
    url,
    callId: undefined,
    sentence: `The last failure in the HAR file: ${plainText(what, 100)} from ${url ?? 'an address that is none'}.`,
  };
}

function harEvidence({ status, fields, body, error }: HarFailure, isCut: boolean): Evidence {
  if (isCut) return { phase: 'body', firstEvent: 'reset', errno: 'ECONNRESET', bytesRead: Math.max(1, body.length) };
  const answer = { status, fields, body };
  if (status > 0) return { phase: 'body', firstEvent: 'answer', answer };
  return evidenceOfWords(error ?? '') ?? { phase: 'wait-head', firstEvent: 'reset', errno: 'ECONNRESET' };
}

/** What servers begin to refuse: nginx takes 8 KiB of a field, Node 16 KiB of a head. */
const COOKIE_CHARS_MAX = 7_500;
const TOO_LARGE = new Set([400, 413, 431, 494, 520]);
/** Silences after which boxes on the way cut, in seconds, and how much later a cut shows. */
const IDLE_LIMITS_S = [30, 60, 100, 120, 230, 240, 300, 350];
const IDLE_SLACK_S = 5;

/** What only a recording of the browser can tell: what it showed from memory, how much it sent along, and in which rhythm answers were cut. */
function byBrowser(failure: HarFailure, cutsMs: readonly number[]): PastFailure | undefined {
  const { status, cookieChars, isFromCache, atMs } = failure;
  const told = (
    code: CauseCode,
    confidence: Confidence,
    decidedBy: readonly string[],
    detail?: string,
  ): PastFailure => {
    const { hop, side } = findingOf(code, confidence, decidedBy, ANSWERED);
    return { source: 'har', code, hop, side, confidence, decidedBy, detail, atMs, status, retryAfterMs: undefined };
  };
  if (isFromCache) return told('stale-cache', 'confirmed', ['the browser took it from its cache and asked nobody']);
  if (cookieChars >= COOKIE_CHARS_MAX && TOO_LARGE.has(status))
    return told('cookies-too-large', 'confirmed', [
      `${cookieChars} characters of cookies were sent`,
      `status ${status}`,
    ]);
  const limit = IDLE_LIMITS_S.find((s) => cutsMs.every((ms) => ms >= s * 1_000 && ms <= (s + IDLE_SLACK_S) * 1_000));
  if (cutsMs.length < 2 || limit === undefined) return undefined;
  const by = [`${cutsMs.length} answers were each cut after about ${limit} s`, 'a usual limit for silent connections'];
  return told('stream-idle-cut', 'likely', by, `idle-cut@${limit}s`);
}

function readPage(text: string, bytes: Uint8Array, place: Place): Omit<Given, 'callId'> {
  const status = statusInPage(text);
  const url = urlIn(text);
  // Our own page names its cause in the link to it.
  const code = /href="[^"]*\/goodgate\/problems\/([a-z0-9-]+)"/.exec(text)?.[1];
  if (isCauseCode(code)) {
    const finding = findingOf(code, 'confirmed', ['the page of a Goodgate says so'], ANSWERED);
    const { hop, side, confidence, decidedBy, detail } = finding;
    const past: PastFailure = { ...NOWHEN, source: 'page', code, hop, side, confidence, decidedBy, detail, status };
    return { past, url, sentence: `The page is of a Goodgate and names ${code}.` };
  }
  const body = bytes.subarray(0, 65_536);
  if (status === undefined) return { past: undefined, url, sentence: 'The page shows no status of a failure.' };
  const answer = { status, fields: ['content-type', 'text/html'], body };
  const past = pastOf('page', { phase: 'body', firstEvent: 'answer', answer }, url, place, undefined);
  return { past, url, sentence: `The page shows status ${status}.` };
}

function readText(text: string, place: Place): Omit<Given, 'callId'> {
  const url = urlIn(text);
  const json = jsonPartOf(text);
  const code: unknown =
    json === undefined ? undefined : (Reflect.get(json, 'goodgate_code') ?? inner(json, 'goodgate_code'));
  if (isCauseCode(code)) {
    const { hop, side, confidence, decidedBy, detail } = findingOf(
      code,
      'confirmed',
      ['a Goodgate says so in its error'],
      ANSWERED,
    );
    const past: PastFailure = {
      ...NOWHEN,
      source: 'text',
      code,
      hop,
      side,
      confidence,
      decidedBy,
      detail,
      status: undefined,
    };
    return { past, url, sentence: `The error is a Goodgate's and names ${code}.` };
  }
  const status = statusInText(text, json);
  if (status !== undefined) {
    const body = new TextEncoder().encode(json === undefined ? text.slice(0, 65_536) : JSON.stringify(json));
    const type =
      json === undefined ? (/<html|<center|<h1/i.test(text) ? 'text/html' : 'text/plain') : 'application/json';
    const answer = { status, fields: ['content-type', type], body };
    const past = pastOf('text', { phase: 'body', firstEvent: 'answer', answer }, url, place, undefined);
    return { past, url, sentence: `The error says status ${status}.` };
  }
  const evidence = evidenceOfWords(text);
  if (evidence === undefined) return { past: undefined, url, sentence: 'The text names no failure that is known.' };
  const past = pastOf('text', evidence, url, place, undefined);
  return { past, url, sentence: `The error says ${evidence.errno ?? evidence.clock ?? evidence.phase}.` };
}

const ANSWERED: Evidence = { phase: 'body', firstEvent: 'answer' };
const NOWHEN = { atMs: undefined, retryAfterMs: undefined } as const;

/**
 * A recorded failure in the words of this device. An answer tells by itself who failed; a failure without one tells only where it stopped, so
 * that without a look at the way it stays inconclusive.
 */
function pastOf(
  source: PastFailure['source'],
  evidence: Evidence,
  url: string | undefined,
  place: Place,
  atMs: number | undefined,
): PastFailure {
  // A page without its address still stands for what the settings say it is.
  const target = targetOf(url ?? 'https://unknown.invalid/', { ...place, keyVariable: undefined });
  const facts: Facts = { target: typeof target === 'string' ? undefined : target };
  const finding = classify(evidence);
  const judged = fromDevice(facts, finding, 'given', true);
  const isAnswer = evidence.firstEvent === 'answer';
  const { hop, side } = CATALOGUE[judged.code];
  return {
    source,
    code: judged.code,
    hop: judged.hop ?? hop,
    side: judged.side ?? side,
    confidence: isAnswer ? judged.confidence : 'inconclusive',
    decidedBy: judged.decidedBy,
    detail: judged.detail,
    atMs,
    status: evidence.answer?.status,
    retryAfterMs: judged.retryAfterMs,
  };
}

function inner(json: object, name: string): unknown {
  const error: unknown = Reflect.get(json, 'error');
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
}

/** The largest JSON object in a message such as `Error code: 529 - {…}`; Python's quotes are read as JSON's where that works. */
function jsonPartOf(text: string): object | undefined {
  const start = text.indexOf('{');
  const end = text.lastIndexOf('}');
  if (start === -1 || end <= start || end - start > 65_536) return undefined;
  const part = text.slice(start, end + 1);
  const asJson = part
    .replaceAll("'", '"')
    .replaceAll(/\bNone\b/g, 'null')
    .replaceAll(/\bTrue\b/g, 'true')
    .replaceAll(/\bFalse\b/g, 'false');
  for (const each of [part, asJson]) {
    const json = jsonIn(new TextEncoder().encode(each));
    if (typeof json === 'object' && json !== null) return json;
  }
  return undefined;
}

/** `502 Bad Gateway`, `host | 502: Bad gateway`, `Error 521`: in the title, the first heading or anywhere near the top. */
function statusInPage(text: string): number | undefined {
  const head = text.slice(0, 20_000);
  const title = /<title[^>]*>([^<]{0,300})/i.exec(head)?.[1] ?? '';
  const heading = /<h1[^>]*>([\s\S]{0,300}?)<\/h1>/i.exec(head)?.[1] ?? '';
  for (const place of [
    title,
    heading.replace(/<[^>]*>/g, ' '),
    /(?:error(?: code)?:?\s*|>)([45]\d\d)\b/i.exec(head)?.[0] ?? '',
  ]) {
    const found = /\b([45]\d\d)\b/.exec(place)?.[1];
    if (found !== undefined) return Number(found);
  }
  return undefined;
}

function statusInText(text: string, json: object | undefined): number | undefined {
  const given: unknown =
    json === undefined
      ? undefined
      : (Reflect.get(json, 'status') ?? Reflect.get(json, 'status_code') ?? inner(json, 'code'));
  if (typeof given === 'number' && given >= 400 && given <= 599) return given;
  const found =
    /(?:status(?: code)?|error code|http(?:\/[\d.]+)?|code)["']?\s*[:= ]\s*([45]\d\d)\b/i.exec(text) ??
    /\b([45]\d\d)[ :-]+(?:bad gateway|service unavailable|gateway time-?out|internal server error|too many requests|unauthorized|forbidden|not found|payment required|overloaded|web server is down|connection timed out|origin is unreachable|a timeout occurred)/i.exec(
      text,
    );
  return found?.[1] === undefined ? undefined : Number(found[1]);
}

function urlIn(text: string): string | undefined {
  const saved = /<!-- saved from url=\(\d+\)(\S+) -->/.exec(text)?.[1];
  const found = saved ?? /\bhttps?:\/\/[^\s"'<>()\\]{3,500}/.exec(/^\s*</.test(text) ? '' : text)?.[0];
  return found === undefined ? undefined : httpUrl(found.replace(/[.,;:]+$/, ''));
}

function httpUrl(text: string): string | undefined {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text : undefined;
}

function callIdIn(text: string): string | undefined {
  return /\/goodgate\/why\/([0-9a-f]{32})\b/.exec(text)?.[1] ?? /"request_id"\s*:\s*"([0-9a-f]{32})"/.exec(text)?.[1];
}
