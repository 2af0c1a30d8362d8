import type { CauseCode } from '../diagnosis/catalogue.ts';
import { type AnswerKind, entryOf, type Fault } from './faults.ts';

/** What a right diagnosis of this fault says: the ground truth that the drill scores against. */
export function causeOf(fault: Fault, kind: AnswerKind = 'stream'): CauseCode {
  switch (fault.word) {
    case 'status':
      return statusCause(fault.values.status);
    case 'html-error':
      return pageCause(fault.values.from, fault.values.status);
    case 'edge-error':
      return fault.values.status === 504 || fault.values.status === 524 ? 'service-timeout' : 'edge-failed';
    case 'error-event':
      return BY_SAYING[fault.values.says];
    case 'stall-after-events':
      if (kind === 'plain') return 'body-stall';
      // Nothing was said yet: that is a service which does not answer, not an answer which stops.
      return fault.values.events === 0 ? 'answer-timeout' : 'stream-stall';
    case 'cut-after-events':
      return cutCause(fault.values.events, fault.values.end, kind);
    case 'wrong-content-length':
      if (fault.values.announced === 'too-long') return 'body-incomplete';
      return kind === 'plain' ? 'answer-not-json' : 'stream-incomplete';
    default: {
      const entry = entryOf(fault.word);
      return (kind === 'plain' ? entry.plainCause : undefined) ?? entry.cause;
    }
  }
}

/** True when nothing of the answer's own content leaves before the fault strikes: a gateway can still ask elsewhere unseen. */
export function isBeforeFirstPart(fault: Fault, kind: AnswerKind = 'stream'): boolean {
  if (kind === 'plain') return true;
  switch (fault.word) {
    case 'stall-after-events':
    case 'cut-after-events':
    case 'invalid-json-event':
    case 'error-event':
    case 'bad-chunk-size':
      return fault.values.events === 0;
    case 'reset-after-bytes':
      return fault.values.bytes === 0;
    default:
      return entryOf(fault.word).isBeforeFirstPart;
  }
}

/** True when the answer still arrives whole for a patient reader: reporting no failure at all is then right too. */
export function isSpared(fault: Fault, kind: AnswerKind): boolean {
  if (fault.word === 'wrong-content-length') return kind === 'stream' && fault.values.announced === 'too-long';
  if (fault.word === 'invalid-json-event') return kind === 'stream' && fault.values.as === 'extra';
  return entryOf(fault.word).spares?.includes(kind) ?? false;
}

function cutCause(events: number, end: 'clean' | 'fin' | 'reset', kind: AnswerKind): CauseCode {
  if (end === 'reset') return 'body-cut';
  // Without its last chunk a body is incomplete (RFC 9112 §8), as one shorter than its announced length.
  if (end === 'fin') return 'body-incomplete';
  if (kind === 'plain') return 'answer-not-json';
  return events === 0 ? 'stream-empty' : 'stream-incomplete';
}

const BY_SAYING: Readonly<Record<'error' | 'overloaded' | 'unnamed', CauseCode>> = {
  error: 'service-error',
  overloaded: 'service-overloaded',
  unnamed: 'stream-error',
};

/** The cause behind a status that the provider's own application answered. */
const BY_STATUS: Readonly<Record<number, CauseCode>> = {
  401: 'credential-refused',
  402: 'quota-exhausted',
  403: 'permission-refused',
  404: 'resource-not-found',
  405: 'resource-not-found',
  407: 'proxy-connect-failed',
  408: 'upload-slow',
  410: 'resource-not-found',
  413: 'request-too-large',
  421: 'service-misdirected',
  425: 'service-too-early',
  426: 'upgrade-failed',
  429: 'rate-limited',
  431: 'request-too-large',
  451: 'region-unsupported',
  494: 'request-too-large',
  // RFC 9110 §15.6.2: what was asked for is not offered here; no repetition and no repair of the service changes it.
  501: 'resource-not-found',
  502: 'service-bad-gateway',
  503: 'service-unavailable',
  504: 'service-timeout',
  511: 'captive-portal',
  529: 'service-overloaded',
};

function statusCause(status: number): CauseCode {
  return BY_STATUS[status] ?? (status < 500 ? 'request-rejected' : 'service-error');
}

/** The cause behind a page: Cloudflare brands what its origin answered, and leaves bare what it answers itself. */
function pageCause(from: 'nginx' | 'cloudflare' | 'cloudflare-edge', status: number): CauseCode {
  if (status < 300) return 'answer-html';
  if (status < 400) return 'answer-redirected';
  // A page that forbids is a front door that blocks; the application would have said so in JSON.
  if (status === 403) return 'front-door-blocked';
  // Of the origin's own errors Cloudflare replaces 502 and 504 only: a 500 or 503 of its make is its own.
  if (from === 'cloudflare') return status === 500 || status === 503 ? 'edge-failed' : edgeCause(status);
  if (from === 'nginx') return statusCause(status);
  return status >= 500 && status !== 524 ? 'edge-failed' : edgeCause(status);
}

/** 520 to 530 are Cloudflare's own words for what went wrong between it and the origin; with 524 it waited for the origin in vain. */
function edgeCause(status: number): CauseCode {
  if (status === 524) return 'service-timeout';
  return status >= 520 && status <= 530 && status !== 529 ? 'edge-failed' : statusCause(status);
}
