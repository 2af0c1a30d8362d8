import type { Course, Message } from './course.ts';

/**
 * How two readers of the same bytes differ. `stricter`: ours refuses what theirs reads on · `laxer`: the other way round · `different`: both
 * read on, and saw different messages: the one kind that smuggles.
 */
export type Difference = {
  readonly kind: 'stricter' | 'laxer' | 'different';
  /** The word of the side that refused; for `different` what differs. */
  readonly word: string;
};

/** Undefined when both saw the same: the same messages, and then both wait, or both refuse, in whatever words. */
export function compare(ours: Course, theirs: Course): Difference | undefined {
  const common = Math.min(ours.messages.length, theirs.messages.length);
  for (let i = 0; i < common; i += 1) {
    const [our, their] = [ours.messages[i], theirs.messages[i]];
    const isLast = i === ours.messages.length - 1 || i === theirs.messages.length - 1;
    const word =
      our === undefined || their === undefined ? 'messages' : differs(our, their, isLast ? [ours, theirs] : []);
    if (word !== undefined) return { kind: 'different', word };
  }
  if (ours.ending === theirs.ending && ours.messages.length === theirs.messages.length) return undefined;
  if (ours.ending === 'refused' && theirs.ending === 'refused') {
    // Whoever saw more messages refused later. That the other refused earlier makes it the stricter one.
    return ours.messages.length < theirs.messages.length
      ? { kind: 'stricter', word: ours.word }
      : { kind: 'laxer', word: theirs.word };
  }
  if (ours.ending === 'refused') return { kind: 'stricter', word: ours.word };
  if (theirs.ending === 'refused') return { kind: 'laxer', word: theirs.word };
  if (ours.ending === 'more' && theirs.ending === 'tunnel' && asksUpgrade(theirs.messages.at(-1)))
    return { kind: 'different', word: 'behind an upgrade' };
  return {
    kind: 'different',
    word: `${ours.ending} ${ours.messages.length}, ${theirs.ending} ${theirs.messages.length}`,
  };
}

/** A CONNECT is no upgrade: whoever reads on behind one reads a tunnel for requests. */
function asksUpgrade(message: Message | undefined): boolean {
  if (message === undefined || message.start.startsWith('CONNECT ')) return false;
  return message.fields.some((text, i) => i % 2 === 0 && text === 'upgrade');
}

/** What differs between two readings of one message. Of a body that was cut by a refusal the shorter reading must begin the longer. */
function differs(our: Message, their: Message, courses: readonly Course[]): string | undefined {
  if (our.start !== their.start) return 'start';
  if (!isSameList(withoutExpect(our.fields), withoutExpect(their.fields))) return 'fields';
  const isCut = courses.some((course) => course.ending === 'refused') && !(our.isWhole && their.isWhole);
  const isSame = isCut ? our.body.startsWith(their.body) || their.body.startsWith(our.body) : our.body === their.body;
  if (!isSame) return 'body';
  // Of a tunnel one says that the message is whole, the other that it has no end.
  const isTunnel = courses.some((course) => course.ending === 'tunnel');
  return our.isWhole !== their.isWhole && !isCut && !isTunnel ? 'end of body' : undefined;
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, i) => text === other[i]);
}

/** Our server answers an expectation itself, so it takes the field out (RFC 9110 §10.1.1). */
function withoutExpect(fields: readonly string[]): readonly string[] {
  return fields.filter((_, i) => fields[i - (i % 2)] !== 'expect');
}
