/**
 * Globs as used for models and paths: `*` stands for any characters, also none; everything else for itself. Compared without regular expressions, in at
 * most glob × text steps, because the text comes from callers.
 */
export function matchesGlob(glob: string, text: string): boolean {
  let g = 0;
  let t = 0;
  let starAt = -1;
  let resumeAt = 0;
  // The classic greedy walk: on a mismatch, the last star takes one character more. Earlier stars need no second look.
  while (t < text.length) {
    if (glob[g] === '*') {
      starAt = g++;
      resumeAt = t;
    } else if (g < glob.length && glob[g] === text[t]) {
      g++;
      t++;
    } else if (starAt !== -1) {
      g = starAt + 1;
      t = ++resumeAt;
    } else {
      return false;
    }
  }
  while (glob[g] === '*') g++;
  return g === glob.length;
}

/** True when one of the globs matches, or when there is none: an empty list matches everything. */
export function matchesAny(globs: readonly string[], text: string): boolean {
  if (globs.length === 0) return true;
  for (const glob of globs) if (matchesGlob(glob, text)) return true;
  return false;
}

/** True when every text that `narrow` matches is matched by `wide` too; may answer false where it cannot tell. */
export function covers(wide: string, narrow: string): boolean {
  // A star of the narrow glob is matched as a character of its own, which only a star of the wide one can take.
  return matchesGlob(wide, narrow.replaceAll('*', '\u0000'));
}
