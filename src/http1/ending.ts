import type { Evidence } from '../diagnosis/evidence.ts';
import type { WireFault } from '../world/world.ts';

/** What a wire said of its end: how, and in which words of the platform. Part of an `Evidence`. */
export type Ending = Pick<Evidence, 'firstEvent' | 'errno' | 'syscall' | 'tlsAlert'>;

/** The peer ended in good order, as far as TCP goes. */
export const FIN: Ending = { firstEvent: 'fin' };

/** `EPIPE`: we wrote to a peer that had answered an earlier write with RST. */
const RESETS = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/** Reads the end of a wire. Without a fault, or where TLS names a plain FIN a reset (then no system call is told), the peer closed. */
export function endingOf(fault: WireFault | undefined): Ending {
  if (fault === undefined) return FIN;
  if (fault.tlsAlert !== undefined) return { ...words(fault), firstEvent: 'tls-alert', tlsAlert: fault.tlsAlert };
  if (!RESETS.has(fault.code)) return { ...words(fault), firstEvent: 'errno' };
  return fault.syscall === undefined ? FIN : { ...words(fault), firstEvent: 'reset' };
}

function words(fault: WireFault): { readonly errno: string; readonly syscall: string | undefined } {
  return { errno: fault.code, syscall: fault.syscall };
}

/** The platform's word for something it threw. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'UNKNOWN';
}
