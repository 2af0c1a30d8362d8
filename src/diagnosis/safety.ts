import type { Evidence, Phase } from './evidence.ts';

/**
 * What became of the caller's message (P6). `not-sent`: no byte of it left us. `sent-unanswered`: some left and no whole answer came,
 * so it may have been processed. `answered`: the service had it and answered, if only to say no.
 */
export type Safety = 'not-sent' | 'sent-unanswered' | 'answered';

/** The little that the verdict needs, so that a story's attempt can be judged as well as fresh evidence. */
export type SentFacts = {
  readonly phase: Phase;
  /** Request bytes the kernel took; undefined when nobody counted. */
  readonly bytesWritten?: number | undefined;
  readonly answer?: { readonly status: number } | undefined;
  /** True when the whole answer was read, whatever it said. */
  readonly isAnswerWhole?: boolean | undefined;
};

/** Phases in which no request byte can have been written, whoever counted. */
const BEFORE_SENDING: ReadonlySet<Phase> = new Set(['queue', 'dns', 'connect', 'proxy-connect', 'tls']);

/** Statuses by which a service says that it took the message and did not process it. 500, 502 and 504 say no such thing. */
function isRefusal(status: number): boolean {
  return status >= 400 && (status < 500 || status === 501 || status === 503 || status === 505 || status === 529);
}

/** The safety of one attempt, from bytes really written. Where nobody counted and it cannot be excluded, it says `sent-unanswered`. */
export function attemptSafety(facts: SentFacts): Safety {
  // A proxy that refuses the way answers before any of the message has left: its status is about the way.
  if (BEFORE_SENDING.has(facts.phase) && !facts.bytesWritten) return 'not-sent';
  if (facts.isAnswerWhole) return 'answered';
  if (facts.answer !== undefined && isRefusal(facts.answer.status)) return 'answered';
  if (facts.bytesWritten === 0) return 'not-sent';
  return 'sent-unanswered';
}

/** The safety of one failed exchange. */
export function evidenceSafety(evidence: Evidence): Safety {
  return attemptSafety({ phase: evidence.phase, bytesWritten: evidence.bytesWritten, answer: evidence.answer });
}

/**
 * The safety of a failed call: one attempt in doubt puts the call in doubt, whatever the others say.
 * No attempt at all: nothing was sent.
 */
export function callSafety(attempts: readonly Safety[]): Safety {
  if (attempts.includes('sent-unanswered')) return 'sent-unanswered';
  return attempts.includes('answered') ? 'answered' : 'not-sent';
}

/** Methods that only ask for something (RFC 9110 §9.2.1): nothing is lost with them, and nothing is done twice by asking again. */
export function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'TRACE';
}
