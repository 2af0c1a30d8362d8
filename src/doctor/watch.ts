import type { CauseCode } from '../diagnosis/catalogue.ts';

/** One round of looking. */
export type Round = { readonly atMs: number; readonly code: CauseCode; readonly isHealthy: boolean };

/** A stretch in which the same cause was seen. */
export type Spell = { readonly code: CauseCode; readonly beganMs: number; readonly endedMs: number | undefined };

/** 1,000 spells and rounds: the oldest are forgotten, so that a watch of a month stays small. */
const KEPT_MAX = 1_000;
/** How far begins may lie from an even rhythm and still be one. */
const RHYTHM_SLACK = 0.2;

/** Follows a fault that comes and goes. One round changes nothing twice: each change is told once, with its time. */
export class Watch {
  #spells: Spell[] = [];
  #rounds: Round[] = [];

  /** What is new since the last round, in sentences; empty when all is as it was. */
  hear(round: Round): readonly string[] {
    this.#rounds = [...this.#rounds, round].slice(-KEPT_MAX);
    const last = this.#spells.at(-1);
    const open = last?.endedMs === undefined ? last : undefined;
    if (open === undefined) {
      if (round.isHealthy) return this.#rounds.length === 1 ? [`${clock(round.atMs)} It works.`] : [];
      this.#begin(round);
      return [`${clock(round.atMs)} It began to fail: ${round.code}.`];
    }
    if (!round.isHealthy && round.code === open.code) return [];
    this.#spells = [...this.#spells.slice(0, -1), { ...open, endedMs: round.atMs }];
    const lasted = Math.round((round.atMs - open.beganMs) / 1_000);
    if (round.isHealthy) return [`${clock(round.atMs)} It works again. ${open.code} lasted about ${lasted} s.`];
    this.#begin(round);
    return [`${clock(round.atMs)} The cause changed from ${open.code} to ${round.code}.`];
  }

  /** The whole watch in a few sentences: how often, how long, in which pattern. */
  summary(): readonly string[] {
    const bad = this.#rounds.filter(({ isHealthy }) => !isHealthy).length;
    const all = this.#rounds.length;
    if (all === 0) return ['Nothing was looked at.'];
    if (bad === 0) return [`It worked in all ${all} rounds.`];
    const lines = [
      `It failed in ${bad} of ${all} rounds, in ${this.#spells.length} ${this.#spells.length === 1 ? 'spell' : 'spells'}.`,
    ];
    for (const spell of this.#spells.slice(-5)) {
      const end = spell.endedMs === undefined ? 'and goes on' : `until ${clock(spell.endedMs)}`;
      lines.push(`${spell.code} from ${clock(spell.beganMs)} ${end}.`);
    }
    const pattern = patternOf(this.#spells);
    if (pattern !== undefined) lines.push(pattern);
    else if (bad === all) lines.push('It never worked while it was watched: the fault does not come and go.');
    else if (this.#spells.length > 2) lines.push('It comes and goes without a rhythm.');
    return lines;
  }

  get spells(): readonly Spell[] {
    return this.#spells;
  }

  #begin(round: Round): void {
    this.#spells = [...this.#spells, { code: round.code, beganMs: round.atMs, endedMs: undefined }].slice(-KEPT_MAX);
  }
}

/** An even rhythm of the begins, when there are at least three; undefined otherwise. */
export function patternOf(spells: readonly Spell[]): string | undefined {
  const gaps = spells.slice(1).map(({ beganMs }, at) => beganMs - (spells[at]?.beganMs ?? beganMs));
  if (gaps.length < 2) return undefined;
  const mean = gaps.reduce((sum, each) => sum + each, 0) / gaps.length;
  if (mean === 0 || gaps.some((gap) => Math.abs(gap - mean) > mean * RHYTHM_SLACK)) return undefined;
  const every = mean >= 120_000 ? `${Math.round(mean / 60_000)} minutes` : `${Math.round(mean / 1_000)} s`;
  return `It comes about every ${every}: look for what else happens in that rhythm.`;
}

function clock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}
