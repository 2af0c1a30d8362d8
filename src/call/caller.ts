import type { Call } from './call.ts';

/** The name under which a caller is counted: its credential's fingerprint, or its address without one. */
export function callerOf({ caller }: Pick<Call, 'caller'>): string {
  return caller.credential ?? caller.ip;
}
