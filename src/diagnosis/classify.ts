import type { CauseCode } from './catalogue.ts';
import { classifyAnswer, classifyInBand } from './classify-answer.ts';
import {
  classifyConnect,
  classifyExhausted,
  classifyName,
  classifyProxy,
  classifyTls,
  classifyTlsWords,
} from './classify-connection.ts';
import { causeOfParse } from './classify-parse.ts';
import { sharpenByPopulation } from './classify-population.ts';
import type { ClockName, Evidence } from './evidence.ts';
import { type Finding, findingOf } from './finding.ts';
import type { PopulationFacts } from './population.ts';

/** A loop later than this share of the clock that fired makes us the suspect, not the service (taxonomy row B23). */
const LAG_SHARE_MAX = 0.25;
/** A close this soon after the request, on a reused connection, is the keep-alive race: well over any round trip on earth. */
const STALE_MS_MAX = 500;
/** Silences after which well-known boxes cut: 30, 60, 100, 120, 230, 240, 300, 350 s (vendors' idle limits), met within a second. */
const IDLE_LIMITS_S = [30, 60, 90, 100, 120, 230, 240, 300, 350, 400, 600, 900];
const IDLE_LIMIT_SLACK_MS = 1_000;

/**
 * What went wrong in one attempt. Pure and total: the first rule that fits wins, in the order of what can be trusted most, and what no
 * rule knows is our own bug with its raw evidence. Never throws.
 */
export function classify(evidence: Evidence, facts?: PopulationFacts): Finding {
  const finding = classifyExhausted(evidence) ?? classifyLag(evidence) ?? classifyAttempt(evidence, facts);
  return facts === undefined ? finding : sharpenByPopulation(finding, facts);
}

/** Row B23: our own loop was so late that the clock which fired proves nothing about the service. */
function classifyLag(evidence: Evidence): Finding | undefined {
  const limitMs = evidence.limitMs ?? evidence.elapsedMs;
  if (evidence.firstEvent !== 'our-timer' || evidence.loopLagMs === undefined || limitMs === undefined)
    return undefined;
  if (evidence.clock === 'queue' || evidence.loopLagMs <= limitMs * LAG_SHARE_MAX) return undefined;
  const asFired = classifyAttempt(evidence, undefined);
  const by = [`our loop was ${Math.round(evidence.loopLagMs)} ms late`, `a clock of ${Math.round(limitMs)} ms fired`];
  return findingOf('gateway-stalled', 'likely', by, evidence, {
    status: asFired.status,
    proxyError: asFired.proxyError,
    detail: asFired.code,
  });
}

function classifyAttempt(evidence: Evidence, facts: PopulationFacts | undefined): Finding {
  if (evidence.firstEvent === 'our-cancel')
    return findingOf('caller-left', 'confirmed', ['the caller went away'], evidence);
  if (evidence.phase === 'proxy-connect') return classifyProxy(evidence);
  if (evidence.answer !== undefined && evidence.firstEvent === 'answer') {
    return evidence.stream === undefined ? classifyAnswer(evidence, evidence.answer) : classifyStream(evidence);
  }
  if (evidence.firstEvent === 'answer') return classifyStream(evidence);
  if (evidence.firstEvent === 'our-timer' && evidence.clock !== undefined)
    return classifyClock(evidence, evidence.clock);
  if (evidence.firstEvent === 'name-error' || evidence.phase === 'dns') return classifyName(evidence);
  const tls = classifyTlsWords(evidence);
  if (tls !== undefined) return tls;
  if (evidence.firstEvent === 'parse' && evidence.phase !== 'tls') return classifyParse(evidence, evidence.parse ?? '');
  switch (evidence.phase) {
    case 'connect':
      return classifyConnect(evidence);
    case 'tls':
      return classifyTls(evidence);
    case 'send':
    case 'wait-head':
    case 'head':
    case 'body':
    case 'trailers':
      return isClosed(evidence) ? classifyClosed(evidence, facts) : classifyUnknown(evidence);
    case 'queue':
      return classifyUnknown(evidence);
  }
}

/** Which clock fired names the cause; the phase only where one clock spans several. */
const BY_CLOCK: Readonly<Record<Exclude<ClockName, 'dns' | 'connect' | 'tls'>, CauseCode>> = {
  write: 'write-timeout',
  head: 'answer-timeout',
  'first-output': 'answer-timeout',
  'between-parts': 'stream-stall',
  'between-bytes': 'body-stall',
  deadline: 'deadline-passed',
  queue: 'queue-timeout',
};

function classifyClock(evidence: Evidence, clock: ClockName): Finding {
  if (clock === 'dns') return classifyName(evidence);
  if (clock === 'tls' || (clock === 'connect' && evidence.phase === 'tls')) return classifyTls(evidence);
  if (clock === 'connect') return classifyConnect(evidence);
  if (clock === 'deadline' && evidence.bytesWritten !== undefined) {
    // An attempt was under way: who was slow is the service, and only the last clock to tell was ours.
    const by = ['the deadline of the call passed', `the service was still in ${evidence.phase}`];
    return findingOf('deadline-passed', 'confirmed', by, evidence, { hop: 'service', side: 'provider' });
  }
  if (clock === 'between-bytes' && evidence.stream !== undefined) {
    // Silence on a stream: what was said before it tells a service that does not answer from an answer that stops.
    const isBegun = evidence.stream.outputEvents > 0;
    const by = [`no byte for the ${clock} clock`, `${evidence.stream.outputEvents} events had said something`];
    return findingOf(isBegun ? 'stream-stall' : 'answer-timeout', 'confirmed', by, evidence);
  }
  const inHead = clock === 'between-bytes' && (evidence.phase === 'wait-head' || evidence.phase === 'head');
  const code = inHead ? 'answer-timeout' : BY_CLOCK[clock];
  return findingOf(code, 'confirmed', [`the ${clock} clock ran out while in ${evidence.phase}`], evidence);
}

/** Rows F8–F11, F14, G2, G4–G7. A transfer coding that is wrong in the head has its own RFC 9209 type. */
function classifyParse(evidence: Evidence, word: string): Finding {
  const code = causeOfParse(word, evidence.phase);
  const sharper =
    code === 'bad-head' && word.includes('transfer') ? { proxyError: 'http_response_transfer_coding' as const } : {};
  return findingOf(code, 'confirmed', [`the parser refused ${word} in the ${evidence.phase}`], evidence, {
    ...sharper,
    detail: word,
  });
}

function isClosed(evidence: Evidence): boolean {
  return evidence.firstEvent === 'fin' || evidence.firstEvent === 'reset' || evidence.firstEvent === 'errno';
}

/** Rows F1–F4, F11, G1, G2, G5: the connection ended; where in the answer, on what kind of socket and after what silence tells the cause. */
function classifyClosed(evidence: Evidence, facts: PopulationFacts | undefined): Finding {
  const errno = evidence.errno ?? '';
  const how = errno || evidence.firstEvent;
  if (isDecodeError(errno)) return findingOf('bad-encoding', 'confirmed', [`unpacking failed: ${errno}`], evidence);
  const hasBytes = (evidence.bytesRead ?? 0) > 0;
  if (evidence.phase === 'body' || evidence.phase === 'trailers') {
    const cut = idleCut(evidence, facts);
    if (cut !== undefined) return cut;
    if (evidence.firstEvent === 'fin')
      return findingOf('body-incomplete', 'confirmed', ['the end came before the announced length'], evidence);
    return findingOf('body-cut', 'confirmed', [`the connection broke in the body: ${how}`], evidence);
  }
  if (hasBytes) return findingOf('head-cut', 'confirmed', [`the connection ended inside the head: ${how}`], evidence);
  const unsent = evidence.bytesWritten === 0;
  if (evidence.isReused === true && (unsent || (evidence.elapsedMs ?? 0) <= STALE_MS_MAX)) {
    const by = [`a reused connection ended with ${how}`, unsent ? 'nothing had been written' : 'no byte came back'];
    return findingOf('stale-connection', unsent ? 'confirmed' : 'likely', by, evidence, { detail: 'stale-reuse' });
  }
  const cut = idleCut(evidence, facts);
  if (cut !== undefined) return cut;
  if (errno !== '' && !CLOSING.has(errno)) return classifyUnknown(evidence);
  return findingOf(
    'closed-before-answer',
    'confirmed',
    [`the connection ended with ${how}`, 'no byte came back'],
    evidence,
  );
}

/** Errnos by which a peer's or a middlebox's ending shows itself on a connected socket. */
const CLOSING = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ECONNABORTED',
  'ENOTCONN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'ECONNREFUSED',
  'EOF',
]);

/** Row F4: reset after a silence that equals a known idle limit, or the one that was seen at this target before. */
function idleCut(evidence: Evidence, facts: PopulationFacts | undefined): Finding | undefined {
  if (evidence.phase === 'body' && facts?.cutAfterMs === undefined) return undefined;
  const silentMs = evidence.elapsedMs;
  if (silentMs === undefined || evidence.firstEvent === 'fin') return undefined;
  const known = facts?.cutAfterMs;
  if (known !== undefined && Math.abs(silentMs - known) <= IDLE_LIMIT_SLACK_MS) {
    const by = [
      `cut after ${Math.round(silentMs / 1000)} s`,
      'connections to this target keep breaking after the same time',
    ];
    return findingOf('idle-cut', 'confirmed', by, evidence, { detail: `idle-cut@${Math.round(known / 1000)}s` });
  }
  const limitS = IDLE_LIMITS_S.find((limit) => Math.abs(silentMs - limit * 1000) <= IDLE_LIMIT_SLACK_MS);
  if (limitS === undefined) return undefined;
  return findingOf('idle-cut', 'likely', [`cut after ${limitS} s of silence, a usual idle limit`], evidence, {
    detail: `idle-cut@${limitS}s`,
  });
}

function isDecodeError(errno: string): boolean {
  return (
    errno.startsWith('Z_') ||
    errno.startsWith('ERR_BROTLI') ||
    errno.startsWith('ERR__ERROR_FORMAT') ||
    errno.startsWith('ZSTD_') ||
    errno.startsWith('ERR_ZSTD')
  );
}

/** Rows G9 and G10: HTTP was well and the answer inside it was not. */
function classifyStream(evidence: Evidence): Finding {
  const { stream } = evidence;
  if (stream === undefined) return classifyUnknown(evidence);
  if (stream.errorType !== undefined || stream.errorMessage !== undefined) {
    return classifyInBand(evidence, stream.errorType ?? '', stream.errorMessage ?? '');
  }
  if (stream.malformedEvents > 0 && stream.outputEvents === 0) {
    return findingOf('stream-malformed', 'confirmed', [`${stream.malformedEvents} events could not be read`], evidence);
  }
  if (stream.outputEvents === 0) return findingOf('stream-empty', 'confirmed', ['no event said anything'], evidence);
  return findingOf('stream-incomplete', 'confirmed', ['no terminal event'], evidence, { detail: 'no-terminal-event' });
}

function classifyUnknown(evidence: Evidence): Finding {
  const by = [`no rule knows ${evidence.errno ?? evidence.parse ?? evidence.firstEvent} in ${evidence.phase}`];
  return findingOf('gateway-bug', 'inconclusive', by, evidence);
}
