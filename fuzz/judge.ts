import { compare } from './compare.ts';
import type { Course, Side } from './course.ts';
import { type Decision, decisionFor } from './decided.ts';
import { ourCourse } from './ours.ts';
import { theirCourse } from './theirs.ts';

/** What came of one input: the parsers agree, differ as decided, or something is wrong. */
export type Verdict =
  | { readonly kind: 'agreed'; readonly ours: Course }
  | { readonly kind: 'decided'; readonly decision: Decision; readonly ours: Course }
  | { readonly kind: 'wrong'; readonly why: string };

/** The end of whatever lines are open: with it our parser says what it makes of them. */
const LINES_END = Buffer.from('\r\n\r\n');

/** Reads the text whole and cut at `cuts` with our parser, whole with Node's, and compares. */
export function judge(text: string, side: Side, cuts: readonly number[]): Verdict {
  try {
    return compared(text, side, cuts);
  } catch (stranger) {
    return { kind: 'wrong', why: `a parser threw: ${stranger instanceof Error ? stranger.stack : String(stranger)}` };
  }
}

function compared(text: string, side: Side, cuts: readonly number[]): Verdict {
  const bytes = Buffer.from(text, 'latin1');
  const ours = ourCourse([bytes], side);
  const pieces = cuts.map((cut, index) => bytes.subarray(index === 0 ? 0 : cuts[index - 1], cut));
  const cutCourse = ourCourse(pieces, side);
  if (essence(cutCourse) !== essence(ours)) {
    return {
      kind: 'wrong',
      why: `cut at ${cuts.join(' ')} it reads as ${essence(cutCourse)}, whole as ${essence(ours)}`,
    };
  }
  const theirs = theirCourse(bytes, side);
  const difference = compare(ours, theirs);
  if (difference === undefined) return { kind: 'agreed', ours };
  if (difference.kind === 'laxer' && ours.isInLines && ours.ending === 'more') {
    // We judge lines when they are whole, Node's parser character by character: both refuse, it earlier.
    if (ourCourse([bytes, LINES_END], side).ending === 'refused') return { kind: 'agreed', ours };
  }
  const decision = decisionFor(difference, side, text);
  if (decision !== undefined) return { kind: 'decided', decision, ours };
  return {
    kind: 'wrong',
    why: `${difference.kind} ${difference.word}: ours ${essence(ours)}, Node's ${essence(theirs)}`,
  };
}

function essence(course: Course): string {
  return JSON.stringify([course.ending, course.word, course.messages]);
}

/** The shortest text found, by leaving pieces out, that is still wrong in the same way; a page of a case says little. */
export function shortened(text: string, side: Side, cutsOf: (text: string) => readonly number[]): string {
  const kindOf = (candidate: string): string | undefined => {
    const verdict = judge(candidate, side, cutsOf(candidate));
    return verdict.kind === 'wrong' ? verdict.why.split(/[ :]/).slice(0, 2).join(' ') : undefined;
  };
  const kind = kindOf(text);
  let best = text;
  for (let length = Math.ceil(text.length / 2); length >= 1; length = length === 1 ? 0 : Math.ceil(length / 2)) {
    for (let at = 0; at < best.length; ) {
      const candidate = best.slice(0, at) + best.slice(at + length);
      if (kindOf(candidate) === kind) best = candidate;
      else at += length;
    }
  }
  return best;
}
