import type { CauseCode } from './catalogue.ts';
import { type Finding, findingOf } from './finding.ts';

/** A request that our own engine refused: the word of its parser or limit, and the status it gets; 0 when the caller is gone. */
export type RefusedRequest = { readonly word: string; readonly status: number };

const BY_STATUS: Readonly<Record<number, CauseCode>> = {
  0: 'caller-left',
  401: 'caller-unauthorized',
  403: 'caller-forbidden',
  405: 'method-not-allowed',
  408: 'caller-slow',
  413: 'caller-body-too-large',
  414: 'caller-target-too-long',
  417: 'expectation-unmet',
  421: 'caller-misdirected',
  426: 'caller-unsupported',
  429: 'caller-rate-limited',
  431: 'caller-head-too-large',
  501: 'caller-unsupported',
  502: 'gateway-loop',
  505: 'caller-unsupported',
};

/** The finding of a request that never became a call (rows A1–A18). Its status is kept as the engine gave it; unknown ones are malformed requests. */
export function classifyRequest(fault: RefusedRequest): Finding {
  const code = Object.hasOwn(BY_STATUS, fault.status)
    ? (BY_STATUS[fault.status] ?? 'caller-malformed')
    : 'caller-malformed';
  const firstEvent = fault.status === 0 ? 'our-cancel' : 'parse';
  const evidence = { phase: 'queue', firstEvent, parse: fault.word, bytesWritten: 0 } as const;
  const by = fault.status === 0 ? `the caller went away: ${fault.word}` : `the request was refused for ${fault.word}`;
  return findingOf(code, 'confirmed', [by], evidence, { status: fault.status, detail: fault.word });
}
