import { field, mediaType, retryAfterMs } from './answer-fields.ts';
import type { CauseCode } from './catalogue.ts';
import type { Answer, Evidence } from './evidence.ts';
import { type Confidence, type Finding, findingOf, type Sharper } from './finding.ts';
import { type Provenance, provenance } from './provenance.ts';
import { parseProxyStatus } from './proxy-status.ts';
import { causeOfWords, failureWord, plainWord, type ServiceError, serviceError } from './service-words.ts';

/** A 408 within this time on a reused connection answers the server's idle timer, not us: the race of taxonomy row F13. */
const IDLE_RACE_MS = 1_000;

/** What a finding rests on while it is made. */
type Verdict = {
  readonly code: CauseCode;
  readonly confidence: Confidence;
  readonly by: readonly string[];
  readonly sharper?: Sharper;
};

/** The target answered, and the answer is a failure: rows I1–I10, F13, F15. First the service's own words, then its status, then who wrote it. */
export function classifyAnswer(evidence: Evidence, answer: Answer): Finding {
  const error = serviceError(answer.fields, answer.body);
  const writer = provenance(answer.status, answer.fields, answer.body);
  const verdict =
    intercepted(answer, writer) ??
    staleRace(evidence, answer) ??
    byWords(answer, error) ??
    byEdgeCode(writer) ??
    (answer.status < 400 ? wrongKind(answer, writer, error) : byStatus(answer, error, writer));
  const by = [...verdict.by, `status ${answer.status}`];
  if (writer.writer !== 'unknown') by.push(`written by ${writer.writer}`);
  return findingOf(verdict.code, verdict.confidence, by, evidence, {
    ...verdict.sharper,
    writer,
    retryAfterMs: retryAfterMs(answer.fields),
  });
}

/** A failing status inside a stream of status 200: only the service's words are known (row G10). */
export function classifyInBand(evidence: Evidence, type: string, message: string): Finding {
  const word = plainWord(type);
  const named = causeOfWords({ type: word, code: word, message: message.slice(0, 512) }, 0);
  return findingOf(
    named?.code ?? 'stream-error',
    'confirmed',
    [named?.by ?? `error event ${word === '' ? 'without a type' : (failureWord(word) ?? 'of an unknown type')}`],
    evidence,
    {
      detail: 'in-band-error',
    },
  );
}

/** Someone between us and the service wrote it: no word of it is the service's. */
function intercepted(answer: Answer, writer: Provenance): Verdict | undefined {
  if (writer.kind === 'portal') return { code: 'captive-portal', confidence: writer.confidence, by: writer.decidedBy };
  if (writer.kind === 'filter') return { code: 'egress-filtered', confidence: writer.confidence, by: writer.decidedBy };
  if (answer.status === 511)
    return { code: 'captive-portal', confidence: 'confirmed', by: ['network authentication required'] };
  if (writer.kind === 'forward-proxy' || answer.status === 407) {
    return {
      code: 'proxy-connect-failed',
      confidence: 'confirmed',
      by: writer.decidedBy,
      sharper: { detail: 'forward-proxy' },
    };
  }
  return undefined;
}

function staleRace(evidence: Evidence, answer: Answer): Verdict | undefined {
  if (answer.status !== 408 || evidence.isReused !== true) return undefined;
  if (evidence.elapsedMs !== undefined && evidence.elapsedMs > IDLE_RACE_MS) return undefined;
  return {
    code: 'stale-connection',
    confidence: 'likely',
    by: ['408 at once on a reused connection'],
    sharper: { detail: 'stale-reuse' },
  };
}

function byWords(answer: Answer, error: ServiceError | undefined): Verdict | undefined {
  if (error === undefined) return undefined;
  const named = causeOfWords(error, answer.status);
  if (named === undefined) return undefined;
  return { code: named.code, confidence: 'confirmed', by: [named.by] };
}

/** Codes by which Cloudflare says that it let the request not pass: bans, browser and firewall rules, challenges. */
const BLOCKS = new Set(['1006', '1007', '1008', '1009', '1010', '1012', '1020', 'challenge']);

/** Cloudflare's own codes, 52x and 1xxx. 524 waited for the service in vain; 1015 is a rate limit; the rest are the front door's faults. */
function byEdgeCode(writer: Provenance): Verdict | undefined {
  const { vendorCode } = writer;
  if (writer.writer !== 'cloudflare' || writer.isOwn !== true || vendorCode === undefined) return undefined;
  // Its branded pages repeat ordinary statuses as codes: a 403 blocks and a 429 limits, whoever words it.
  if (/^[45]\d\d$/.test(vendorCode) && Number(vendorCode) < 520) return undefined;
  const sharper = { detail: `edge-${vendorCode}` };
  if (vendorCode === '524') return { code: 'service-timeout', confidence: 'confirmed', by: writer.decidedBy, sharper };
  if (vendorCode === '1015') return { code: 'rate-limited', confidence: 'confirmed', by: writer.decidedBy, sharper };
  const code = BLOCKS.has(vendorCode) ? 'front-door-blocked' : 'edge-failed';
  return { code, confidence: writer.confidence, by: writer.decidedBy, sharper };
}

/** A 1xx, 2xx or 3xx that is no answer to an inference call (row I10). */
function wrongKind(answer: Answer, writer: Provenance, error: ServiceError | undefined): Verdict {
  if (answer.status >= 300)
    return { code: 'answer-redirected', confidence: 'confirmed', by: ['a redirect where an answer was due'] };
  if (answer.status < 200)
    return { code: 'upgrade-failed', confidence: 'likely', by: ['an interim status as the answer'] };
  if (error !== undefined && answer.status < 300) {
    const sharper = { detail: 'in-band-error' };
    return { code: 'stream-error', confidence: 'confirmed', by: ['an error object where the answer was due'], sharper };
  }
  if (!isMarkup(answer))
    return { code: 'answer-not-json', confidence: 'confirmed', by: ['the body is no JSON of the dialect'] };
  if (writer.kind === 'edge') return { code: 'edge-failed', confidence: writer.confidence, by: writer.decidedBy };
  return { code: 'answer-html', confidence: 'confirmed', by: ['a web page where JSON or events were due'] };
}

function byStatus(answer: Answer, error: ServiceError | undefined, writer: Provenance): Verdict {
  const certain = (code: CauseCode, by: string): Verdict => ({ code, confidence: 'confirmed', by: [by] });
  switch (answer.status) {
    case 401:
      return certain('credential-refused', 'the key was not accepted');
    case 402:
      return certain('quota-exhausted', 'payment required');
    case 403:
      if (isMarkup(answer)) return { code: 'front-door-blocked', confidence: 'likely', by: ['a blocking page'] };
      return certain('permission-refused', 'forbidden');
    case 404:
    case 410:
      return notFound(error, writer);
    case 405:
    case 501:
      return certain('resource-not-found', 'the service does not take this method here');
    case 408:
      return { code: 'upload-slow', confidence: 'likely', by: ['the service waited for the request'] };
    case 413:
      return certain('request-too-large', 'content too large');
    case 421:
      return certain('service-misdirected', 'misdirected request');
    case 425:
      return certain('service-too-early', 'too early');
    case 426:
      return certain('upgrade-failed', 'upgrade required');
    case 429:
      return certain('rate-limited', 'too many requests');
    case 431:
    case 494:
      return certain('request-too-large', 'header fields too large');
    case 451:
      return certain('region-unsupported', 'unavailable for legal reasons');
    default:
      return answer.status >= 500
        ? byServerStatus(answer, writer)
        : certain('request-rejected', 'the request was not accepted');
  }
}

/** Row I1: a proxy on the way says in `Proxy-Status` what failed for it; the first to name an error stands nearest to the fault. */
function toldByProxy(answer: Answer): Verdict | undefined {
  const value = field(answer.fields, 'proxy-status');
  const told = value === undefined ? undefined : parseProxyStatus(value).find((member) => member.error !== undefined);
  if (told === undefined) return undefined;
  const isTimeout = answer.status === 504 || told.error?.includes('timeout') === true;
  const code = isTimeout ? 'service-timeout' : 'service-bad-gateway';
  // Whoever wrote the field may write anything, so it is a hint about the hop behind and no proof.
  const error = failureWord(told.error ?? '') ?? 'an unknown error';
  return {
    code,
    confidence: 'likely',
    by: [`a proxy on the way says ${error}`],
    sharper: { detail: `proxy-status ${error}` },
  };
}

function byServerStatus(answer: Answer, writer: Provenance): Verdict {
  const who = writer.decidedBy;
  const told = answer.status === 502 || answer.status === 504 ? toldByProxy(answer) : undefined;
  if (told !== undefined) return told;
  // An edge's own 504 is about the wait for its origin, except Cloudflare's: that waits with 524, so its 504 is its own fault.
  const isOwnFault = answer.status !== 504 || writer.writer === 'cloudflare';
  if (answer.status <= 504 && isFront(writer) && isOwnFault) {
    return { code: 'edge-failed', confidence: writer.confidence, by: who };
  }
  switch (answer.status) {
    case 502:
      return { code: 'service-bad-gateway', confidence: writer.kind === 'unknown' ? 'likely' : 'confirmed', by: who };
    case 503:
      return { code: 'service-unavailable', confidence: 'confirmed', by: ['service unavailable'] };
    case 504:
      return { code: 'service-timeout', confidence: 'confirmed', by: ['gateway timeout'] };
    case 529:
      return { code: 'service-overloaded', confidence: 'confirmed', by: ['the status for overload'] };
    default:
      if (answer.status >= 520 && answer.status <= 530) {
        // Without any other mark of Cloudflare: an intermediary kept the status and lost the fields.
        const code = answer.status === 524 ? 'service-timeout' : 'edge-failed';
        return {
          code,
          confidence: 'likely',
          by: ["a status only a front door's software uses"],
          sharper: { detail: `edge-${answer.status}` },
        };
      }
      return { code: 'service-error', confidence: 'confirmed', by: ['an error inside the service'] };
  }
}

/** 404: of a model, or of the address. The provider's application says which; a bare page from a proxy says the address. */
function notFound(error: ServiceError | undefined, writer: Provenance): Verdict {
  const message = error?.message.toLowerCase() ?? '';
  if (message.includes('model') || message.includes('deployment')) {
    return { code: 'model-not-found', confidence: 'confirmed', by: ['the error speaks of a model'] };
  }
  const confidence = error === undefined && writer.kind !== 'application' ? 'likely' : 'confirmed';
  return { code: 'resource-not-found', confidence, by: ['nothing at this address'] };
}

/** An edge that speaks for itself. A balancer's or server's 502 is about what stands behind it. */
function isFront(writer: Provenance): boolean {
  return writer.kind === 'edge' && writer.isOwn === true;
}

/** True for a web page: by its type, or by its first visible byte where the type is missing. */
function isMarkup(answer: Answer): boolean {
  const type = mediaType(answer.fields);
  if (type === 'text/html' || type === 'application/xhtml+xml') return true;
  if (type !== '' && type !== 'text/plain' && !type.includes('xml')) return false;
  for (const byte of answer.body.subarray(0, 64)) {
    const isBlank = byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0xef || byte === 0xbb || byte === 0xbf;
    if (!isBlank) return byte === 0x3c;
  }
  return false;
}
