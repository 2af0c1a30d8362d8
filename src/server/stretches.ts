import type { CauseCode } from '../diagnosis/catalogue.ts';
import type { PastStretch } from '../diagnosis/duration.ts';

/** Stretches that go on at one target: more causes at once are a storm that no list explains. */
const OPEN_MAX = 8;
/** Targets with a stretch that goes on. */
const TARGETS_MAX = 256;
/** Stretches that are over: of the last days at a few an hour, and 30 KiB. */
const PAST_MAX = 512;
/** Three good answers in a row, ten seconds after the last failure: a fault that comes and goes is one stretch, not many. */
const ANSWERS_MIN = 3;
const CALM_MS = 10_000;
/** Nobody asked for longer than this between the last failure and the first good answer: then nobody knows when it ended. */
const GAP_MS = 60_000;
/** A stretch not heard of for a quarter of an hour is not known to go on. */
const STALE_MS = 15 * 60_000;

type Open = { readonly code: CauseCode; beganMs: number; lastMs: number; answers: number; answeredMs: number };

/** Which failures go on, since when, and how long those lasted that are over. Times on the world's monotonic clock. */
export class Stretches {
  readonly #open = new Map<string, Open[]>();
  readonly #past: PastStretch[] = [];

  /** Those that are over, the oldest first. */
  get past(): readonly PastStretch[] {
    return this.#past;
  }

  /** An attempt failed. `target` is '' for what failed before any was asked. */
  failed(target: string, code: CauseCode, nowMs: number): void {
    const open = this.#open.get(target) ?? [];
    const known = open.find((one) => one.code === code);
    if (known === undefined) {
      if (open.length === OPEN_MAX) open.shift();
      open.push({ code, beganMs: nowMs, lastMs: nowMs, answers: 0, answeredMs: nowMs });
      if (open.length === 1 && this.#open.size < TARGETS_MAX) this.#open.set(target, open);
      return;
    }
    if (nowMs - known.lastMs > STALE_MS) known.beganMs = nowMs;
    known.lastMs = nowMs;
    known.answers = 0;
  }

  /** An attempt was answered. */
  answered(target: string, nowMs: number): void {
    const open = this.#open.get(target);
    if (open === undefined) return;
    for (const one of open) {
      if (one.answers === 0) one.answeredMs = nowMs;
      one.answers += 1;
    }
    const over = (one: Open) => one.answers >= ANSWERS_MIN && nowMs - one.lastMs >= CALM_MS;
    if (!open.some(over)) return;
    for (const one of open) if (over(one)) this.#close(target, one);
    const rest = open.filter((one) => !over(one));
    if (rest.length === 0) this.#open.delete(target);
    else this.#open.set(target, rest);
  }

  /** When the stretch began that goes on; undefined when none does, or it is not known to. */
  beganMs(target: string, code: CauseCode, nowMs: number): number | undefined {
    const one = this.#open.get(target)?.find((each) => each.code === code);
    return one === undefined || nowMs - one.lastMs > STALE_MS ? undefined : one.beganMs;
  }

  #close(target: string, { code, beganMs, lastMs, answeredMs }: Open): void {
    if (answeredMs - lastMs > GAP_MS) return;
    if (this.#past.length === PAST_MAX) this.#past.shift();
    this.#past.push({ code, target, durationMs: answeredMs - beganMs });
  }
}
