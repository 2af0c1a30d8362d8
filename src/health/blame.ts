import type { Call } from '../call/call.ts';
import { type Attempt, wasSent } from '../call/story.ts';
import { CATALOGUE } from '../diagnosis/catalogue.ts';

/**
 * A failure that may be the call's own doing: the target was sent the call, and then failed before a word of answer. Whether the target
 * is to blame shows only when the same call was tried elsewhere, so it waits for the end of the call.
 */
export function isDoubtful(attempt: Attempt): boolean {
  if (attempt.code === undefined || CATALOGUE[attempt.code].blame !== 'host') return false;
  return wasSent(attempt) && attempt.firstPartMs === undefined;
}

/**
 * Whom a finished call convicts, of its doubtful attempts. If anybody answered it, the call was sound, and all that failed it are to
 * blame. If not, what two targets said alike is evidence about the call and not about them. Pure.
 */
export function convicted(attempts: readonly Attempt[]): readonly Attempt[] {
  const doubtful = attempts.filter(isDoubtful);
  if (doubtful.length < 2 || attempts.some(isProof)) return doubtful;
  return doubtful.filter(
    (attempt) => !doubtful.some((other) => other.target !== attempt.target && isAlike(other, attempt)),
  );
}

function isProof(attempt: Attempt): boolean {
  return attempt.firstPartMs !== undefined;
}

function isAlike(one: Attempt, other: Attempt): boolean {
  return one.code === other.code && one.status === other.status;
}

/** Brings doubtful attempts before whoever keeps the health of their pool, once the call has shown who was to blame. */
export class Court {
  readonly #pools = new Map<string, ((attempt: Attempt) => void)[]>();
  /** A resumed call comes here again with the same attempts. */
  readonly #judged = new WeakSet<Attempt>();

  /** `convict` is told of attempts at this pool's targets that count as their failures. */
  join(pool: string, convict: (attempt: Attempt) => void): void {
    // Two routes may have the same pool: what one of them finds out, both know.
    const hearers = this.#pools.get(pool);
    if (hearers === undefined) this.#pools.set(pool, [convict]);
    else hearers.push(convict);
  }

  /** The call was answered, or is given up. Cheap for a call of one attempt that went well. */
  judge(call: Call): void {
    for (const attempt of convicted(call.story.attempts)) {
      if (this.#judged.has(attempt)) continue;
      // probe: a doubtful attempt is judged by what became of the call
      this.#judged.add(attempt);
      for (const convict of this.#pools.get(attempt.pool) ?? []) convict(attempt);
    }
  }
}
