import type { CauseCode } from '../diagnosis/catalogue.ts';
import type { Evidence } from '../diagnosis/evidence.ts';

/** The only thing thrown. Lower rooms make it, nobody reclassifies it; one place turns it into HTTP. */
export class Failure extends Error {
  readonly code: CauseCode;
  readonly evidence: Evidence;

  constructor(code: CauseCode, evidence: Evidence) {
    super(code, { cause: evidence.cause });
    this.name = 'Failure';
    this.code = code;
    this.evidence = evidence;
  }

  /** A `Failure` as it is; anything else is our bug, with the stranger as its cause. */
  static from(stranger: unknown): Failure {
    if (stranger instanceof Failure) return stranger;
    return new Failure('gateway-bug', { phase: 'queue', firstEvent: 'errno', cause: stranger });
  }
}
