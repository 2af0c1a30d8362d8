import { classify } from '../diagnosis/classify.ts';
import type { Evidence } from '../diagnosis/evidence.ts';

/** What a story would tell of a failure, on one line: enough to tell every row of the failure taxonomy from its neighbours. */
export function signature(evidence: Evidence | undefined): string {
  if (evidence === undefined) return 'no failure';
  const { phase, firstEvent, errno, syscall, tlsAlert, clock, parse, answer, isReused } = evidence;
  const words = [
    phase,
    firstEvent,
    errno,
    syscall,
    tlsAlert === undefined ? undefined : `alert=${tlsAlert}`,
    clock === undefined ? undefined : `clock=${clock}`,
    parse === undefined ? undefined : `parse=${parse}`,
    answer === undefined ? undefined : `status=${answer.status}`,
    isReused === true ? 'reused' : undefined,
    bytes('written', evidence.bytesWritten),
    bytes('read', evidence.bytesRead),
    evidence.isRequestSent === true ? 'sent' : undefined,
  ];
  return `${words.filter((word) => word !== undefined).join(' ')} → ${classify(evidence).code}`;
}

function bytes(name: string, count: number | undefined): string | undefined {
  return count === undefined || count === 0 ? undefined : name;
}
