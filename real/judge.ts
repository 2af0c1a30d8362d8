import type { Heard } from './ask.ts';

/** An answer that nothing disturbed: what every other answer to the same question is held against. */
export type Undisturbed = { readonly text: string; readonly finish: string | undefined; readonly parts: number };

/**
 * What a caller's answer amounts to. `whole`: the undisturbed text, to the letter, with its finish reason and no error.
 * `error`: the SDK threw, and what it had given before is a true beginning. `truncated`: it ended well with less than the whole.
 * `wrong`: text that the undisturbed answer does not have at that place, or an end without a finish reason.
 */
export type Verdict = 'whole' | 'error' | 'truncated' | 'wrong';

/** Judges one answer. */
export function judge(heard: Heard, undisturbed: Undisturbed): Verdict {
  if (!undisturbed.text.startsWith(heard.text)) return 'wrong';
  if (heard.error !== undefined) {
    // Less than the whole, declared finished: a caller who stops reading at the finish reason never sees the error.
    const isDeclaredWhole = heard.finish !== undefined && heard.text !== undisturbed.text;
    return isDeclaredWhole ? 'truncated' : 'error';
  }
  if (heard.text !== undisturbed.text) return 'truncated';
  return heard.finish === undisturbed.finish ? 'whole' : 'wrong';
}

/** One answer in a few words, for the table. */
export function describe(heard: Heard, undisturbed: Undisturbed): string {
  const verdict = judge(heard, undisturbed);
  const target = heard.fields['goodgate-target'];
  const by = target === undefined ? '' : ` by ${target}`;
  switch (verdict) {
    case 'whole':
      return `whole answer${by}`;
    case 'error':
      return `error${after(heard, undisturbed)}: ${describeError(heard)}`;
    case 'truncated':
      return `TRUNCATED, told as ${heard.finish ?? 'a clean end'}${after(heard, undisturbed)}${by}`;
    case 'wrong':
      return `WRONG${by}: ${heard.text.slice(0, 40)}… finish ${heard.finish}`;
  }
}

/** The error as the SDK told it: its type, status, code and message in one line, bounded. */
function describeError(heard: Heard): string {
  const { error } = heard;
  if (error === undefined) return 'none';
  const words = [error.type, error.status, error.code].filter((word) => word !== undefined).join(' ');
  const message = error.message.replace(/\s+/g, ' ');
  return `${words} (${message.length > 100 ? `${message.slice(0, 99)}…` : message})`;
}

function after(heard: Heard, undisturbed: Undisturbed): string {
  return undisturbed.parts === 0 || heard.parts === 0 ? '' : ` after ${heard.parts} of ${undisturbed.parts} parts`;
}
