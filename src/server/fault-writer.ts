import { CATALOGUE } from '../diagnosis/catalogue.ts';
import { classifyRequest } from '../diagnosis/classify-request.ts';
import { type Finding, findingOf } from '../diagnosis/finding.ts';
import { proxyStatusOf } from '../diagnosis/proxy-status.ts';
import type { FaultWriter, RequestFault } from '../http1/contract.ts';
import type { Chance, Clock } from '../world/world.ts';
import { errorShapeOf } from './dialect.ts';
import { failureAnswer } from './failure-answer.ts';
import { hiding } from './hiding.ts';
import { ownFields } from './reply-fields.ts';

/** Answers what never became a request: in the caller's dialect where the path is known, with the word of the strict parser as detail. */
export function faultWriter(world: { readonly chance: Chance; readonly clock: Clock }, name: string): FaultWriter {
  return (fault, target) => {
    const finding = findingOfFault(fault);
    const requestId = world.chance.id();
    const answer = failureAnswer(finding, errorShapeOf(target ?? '', undefined, false), {
      requestId,
      attempts: [],
      isCallerCredential: false,
      isEdgeSafe: false,
      hide: hiding(undefined),
      method: '',
      host: '',
      acceptLanguage: undefined,
      wallMs: world.clock.wallMs(),
    });
    const fields = ownFields(answer.contentType, {
      requestId,
      attempts: [],
      startMs: 0,
      via: `1.1 ${name}`,
      proxyStatus: proxyStatusOf({ ...finding, proxyError: finding.proxyError ?? 'http_request_error' }, name),
      target: undefined,
      nowMs: 0,
    });
    return { status: fault.status, fields: [...fields, ...answer.more], body: answer.body };
  };
}

/** What the engine's word alone would not say to who has mixed up the schemes. */
const IN_WORDS: Readonly<Record<string, string>> = {
  tls: 'this port speaks plain HTTP, so its URL begins with http://',
  'no-tls': 'this port speaks TLS, so its URL begins with https://',
};

/** More connections than the gateway takes is its own want; everything else is about the request. */
function findingOfFault(fault: RequestFault): Finding {
  if (fault.status !== 503) {
    const finding = classifyRequest(fault);
    return { ...finding, evidence: { ...finding.evidence, note: IN_WORDS[fault.word] ?? fault.word } };
  }
  const evidence = { phase: 'queue', firstEvent: 'parse', parse: fault.word, bytesWritten: 0 } as const;
  const { status } = CATALOGUE['gateway-exhausted'];
  return findingOf('gateway-exhausted', 'confirmed', [`a limit of ours: ${fault.word}`], evidence, { status });
}
