import { Failure } from '../call/failure.ts';
import type { CauseCode } from '../diagnosis/catalogue.ts';
import type { FaultWriter, RequestFault } from '../http1/contract.ts';
import type { Chance } from '../world/world.ts';
import { errorShapeOf } from './dialect.ts';
import { failureAnswer, findingBehind } from './failure-answer.ts';
import { ownFields } from './reply-fields.ts';

/** Which entry of the catalogue a refusal of the engine is, by the status it gets. */
function codeOf(fault: RequestFault): CauseCode {
  switch (fault.status) {
    case 408:
      return 'caller-slow';
    case 413:
      return 'caller-body-too-large';
    case 431:
    case 414:
      return 'caller-head-too-large';
    case 503:
      return 'gateway-exhausted';
    default:
      return 'caller-malformed';
  }
}

/** Answers what never became a request: in the caller's dialect where the path is known, with the word of the strict parser as detail. */
export function faultWriter(chance: Chance, name: string): FaultWriter {
  return (fault, target) => {
    const path = target ?? '';
    const failure = new Failure(codeOf(fault), {
      phase: 'head',
      firstEvent: 'parse',
      parse: fault.word,
      note: fault.word,
    });
    const finding = findingBehind(failure);
    const requestId = chance.id();
    const shape = errorShapeOf(path, undefined, false);
    const answer = failureAnswer({ ...finding, status: fault.status }, shape, {
      requestId,
      attempts: 0,
      isCallerCredential: false,
    });
    const fields = ownFields(answer.contentType, {
      requestId,
      attempts: [],
      startMs: 0,
      via: `1.1 ${name}`,
      proxyStatus: `${name}; error=http_request_error`,
      target: undefined,
      nowMs: 0,
    });
    return { status: fault.status, fields: [...fields, ...answer.more], body: answer.body };
  };
}
