import { distance } from 'fastest-levenshtein';

/** One thing that is wrong with a config: one plain sentence, without secrets, and where it is. */
export type ConfigFault = {
  readonly file: string;
  /** From 1; 0 when the fault is of the file as a whole. */
  readonly line: number;
  /** From 1; 0 as `line`. */
  readonly column: number;
  readonly message: string;
};

/** The most faults that are told at once: more than a screen of them helps nobody. */
export const FAULTS_MAX = 20;

/** The longest piece of the file that a message quotes. */
const QUOTED_CHARS_MAX = 60;

/** As compilers write it, so that editors make a link of it: `goodgate.yaml:7: …`. */
export function faultLine(fault: ConfigFault): string {
  return fault.line === 0 ? `${fault.file}: ${fault.message}` : `${fault.file}:${fault.line}: ${fault.message}`;
}

/** In the order of the file, each once, the first `FAULTS_MAX` of them and how many more there are. */
export function faultLines(faults: readonly ConfigFault[]): string[] {
  const lines = [...new Set([...faults].sort((a, b) => a.line - b.line || a.column - b.column).map(faultLine))];
  if (lines.length <= FAULTS_MAX) return lines;
  return [...lines.slice(0, FAULTS_MAX), `… and ${lines.length - FAULTS_MAX} more`];
}

/**
 * The known word that was probably meant, or undefined when none is near: at most a third of its letters differ (two in short words), or one is
 * a part of the other.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = plainly(word);
  const slips = Math.min(2, word.length - 1);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const away = distance(plain, plainly(candidate));
    if (away < bestDistance && away <= Math.max(slips, Math.floor(candidate.length / 3)) && away < candidate.length) {
      best = candidate;
      bestDistance = away;
    }
  }
  if (best !== undefined || plain.length < 4) return best;
  return known.find(
    (candidate) => plainly(candidate).includes(plain) || (candidate.length >= 4 && plain.includes(plainly(candidate))),
  );
}

/** `; did you mean "balance"?`, or what is known when nothing is near and the list is short. */
export function hint(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  if (near !== undefined) return `; did you mean "${near}"?`;
  if (known.length === 0 || known.length > 30) return '';
  return `; known ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`;
}

/** A piece of the file in quotes: bounded, on one line, without control characters, and masked where it looks like a credential. */
export function quoted(written: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  const line = written.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ');
  const masked = line.replace(/[A-Za-z0-9_\-+/=]{20,}/g, (run) => (looksSecret(run) ? '***' : run));
  const isLong = masked.length > QUOTED_CHARS_MAX;
  return `"${masked.slice(0, QUOTED_CHARS_MAX)}${isLong ? '…' : ''}"`;
}

/** Keys are long and mix letters with digits; words that people write do not. */
function looksSecret(run: string): boolean {
  return /\d/.test(run) && /[A-Za-z]/.test(run);
}

function plainly(word: string): string {
  return word.toLowerCase().replace(/[_\s]/g, '-');
}
