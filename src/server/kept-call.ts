import type { Call } from '../call/call.ts';
import type { Outcome } from '../call/reply.ts';
import type { Attempt } from '../call/story.ts';
import type { Finding } from '../diagnosis/finding.ts';
import type { Clock } from '../world/world.ts';
import { pathOfDialect } from './dialect.ts';

/** More attempts than any setting allows twice; more notes than a story ever has. */
const ATTEMPTS_MAX = 40;
const NOTES_MAX = 32;
const PATH_CHARS_MAX = 200;
const MODEL_CHARS_MAX = 200;
/** Of a note, and of a fact that decided a finding. */
export const WORDS_CHARS_MAX = 300;

/** A finished call as it is remembered: no prompt, no answer, no credential, no address of a target. */
export type KeptCall = {
  readonly id: string;
  readonly method: string;
  /** Without its query, which may hold anything. */
  readonly path: string;
  readonly model: string | undefined;
  readonly ip: string;
  /** The fingerprint of the credential it came with. */
  readonly credential: string | undefined;
  /** Unix milliseconds of its begin. */
  readonly wallMs: number;
  /** Its begin on the monotonic clock, which the attempts' times are of. */
  readonly startMs: number;
  readonly tookMs: number;
  readonly ended: Outcome['kind'];
  /** What its caller saw; 0 when it had left. */
  readonly status: number;
  readonly attempts: readonly Attempt[];
  readonly notes: readonly string[];
  readonly finding: Finding | undefined;
};

/** The call as it is remembered. */
export function keptCall(
  call: Call,
  ended: Outcome['kind'],
  status: number,
  finding: Finding | undefined,
  clock: Clock,
): KeptCall {
  const tookMs = clock.now() - call.startMs;
  return {
    id: call.id,
    method: call.method,
    path: keptPath(call),
    model: keptModel(call),
    ip: keptIp(call),
    credential: call.caller.credential,
    wallMs: clock.wallMs() - tookMs,
    startMs: call.startMs,
    tookMs,
    ended,
    status,
    attempts: call.story.attempts.slice(0, ATTEMPTS_MAX),
    notes: call.story.notes.slice(0, NOTES_MAX).map((note) => owned(note.slice(0, WORDS_CHARS_MAX))),
    finding,
  };
}

export function keptPath({ dialect, path }: Call): string {
  const known = pathOfDialect(dialect);
  if (known !== undefined) return known;
  const query = path.indexOf('?');
  return owned(path.slice(0, Math.min(query === -1 ? path.length : query, PATH_CHARS_MAX)));
}

export function keptModel({ model }: Call): string | undefined {
  return model === undefined || model.length <= MODEL_CHARS_MAX ? model : owned(model.slice(0, MODEL_CHARS_MAX));
}

export function keptIp({ caller: { ip } }: Call): string {
  // Texts under 13 characters are never slices.
  return ip.length < 13 ? ip : owned(ip);
}

/** A copy that does not hold on to the head it was cut from: engines keep the whole of a text alive for a slice of it. */
function owned(text: string): string {
  return Buffer.from(text).toString();
}
