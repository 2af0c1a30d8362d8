/** The single values of the config: how each is written, what it becomes, and what is expected where it is wrong. */
import { z } from 'zod';
import { isNetwork, parseListen } from './address.ts';
import {
  DURATION,
  durationWords,
  PERCENT,
  parseDuration,
  parsePercent,
  parseSize,
  SIZE,
  sizeWords,
} from './measure.ts';

/** What is known of a field beside its type. It feeds the messages, the JSON Schema and the reference. */
export type Note = {
  /** Purpose, then what follows from it. Sentences. */
  readonly description?: string;
  /** The default as it would be written. */
  readonly standard?: string | number | boolean;
  /** What holds when nothing is written, where that is no single value. */
  readonly unsaid?: string;
  /** Follows "expected": `a duration such as 10s`. */
  readonly expected?: string;
  /** What a map is called in messages: `a pool`. */
  readonly noun?: string;
  /** Any text: a number there only lacks its quotes. */
  readonly isText?: boolean;
  /** Its value appears in no message. */
  readonly isSecret?: boolean;
};

/** The notes of every field, by schema. */
export const notes: z.core.$ZodRegistry<Note, z.core.$ZodType> = z.registry<Note, z.core.$ZodType>();

/** A field with its note; the schema is its own identity, so each field needs one of its own. */
export function field<S extends z.core.$ZodType>(schema: S, note: Note): S {
  notes.add(schema, note);
  return schema;
}

/** A length of time, as milliseconds; `standardMs` is the default. Below `minMs` it would not work. */
export function duration(description: string, standardMs: number | undefined, minMs = 0) {
  const written = z.union([z.string().regex(DURATION), z.number()]);
  const schema = written.transform((value, context) => {
    const ms = parseDuration(value);
    if (ms !== undefined && ms >= minMs) return ms;
    context.addIssue({ code: 'custom', message: 'duration' });
    return z.NEVER;
  });
  const least = minMs === 0 ? '' : `at least ${durationWords(minMs)}, `;
  return field(schema, {
    description,
    ...(standardMs === undefined ? {} : { standard: durationWords(standardMs) }),
    expected: `a duration such as 10s, 500ms or 2m, ${least}at most 24h`,
  }).optional();
}

/** An amount of bytes. */
export function size(description: string, standardBytes: number, isZeroAllowed = false) {
  const least = isZeroAllowed ? 0 : 1;
  const schema = z.union([z.string().regex(SIZE), z.number().int().min(least)]).transform((value, context) => {
    const bytes = parseSize(value);
    if (bytes !== undefined && bytes >= least) return bytes;
    context.addIssue({ code: 'custom', message: 'size' });
    return z.NEVER;
  });
  return field(schema, {
    description,
    standard: sizeWords(standardBytes),
    expected: isZeroAllowed ? 'a size such as 32MiB or 64KiB, or 0' : 'a size such as 32MiB or 64KiB, above 0',
  }).optional();
}

/** A share, written `20%`, as a ratio. */
export function percent(description: string, standardRatio: number) {
  const schema = z
    .string()
    .regex(PERCENT)
    .transform((value) => parsePercent(value) ?? 0);
  return field(schema, {
    description,
    standard: `${standardRatio * 100}%`,
    expected: 'a share such as 20%',
  }).optional();
}

/** A whole number within bounds. */
export function whole(description: string, standard: number | undefined, min: number, max: number) {
  return field(z.number().int().min(min).max(max), {
    description,
    ...(standard === undefined ? {} : { standard }),
    expected: `a whole number from ${min} to ${max}`,
  }).optional();
}

/** One word of a list. */
export function choice<const W extends readonly [string, ...string[]]>(
  description: string,
  words: W,
  standard?: W[number],
) {
  return field(z.enum(words), {
    description,
    ...(standard === undefined ? {} : { standard }),
    expected: `one of ${words.join(', ')}`,
  });
}

/** A listening address. */
export function listening(description: string, standard: string) {
  const schema = z.string().transform((value, context) => {
    const address = parseListen(value);
    if (address !== undefined) return address;
    context.addIssue({ code: 'custom', message: 'listen' });
    return z.NEVER;
  });
  return field(schema, {
    description,
    standard,
    expected: 'an IP address and a port from 0 to 65535, such as 127.0.0.1:5020 or [::1]:5020',
  }).optional();
}

/** Networks in CIDR form. */
export function networks(description: string) {
  const one = field(z.string().refine(isNetwork), { expected: 'a network such as 10.0.0.0/8 or fd00::/8' });
  return field(z.array(one).max(256), { description, expected: 'a list of networks such as [10.0.0.0/8]' }).optional();
}

/** Text that is not empty. */
export function text(description: string, expected: string) {
  return field(z.string().min(1).max(4_096), { description, expected, isText: true });
}

/** Text that no message and no printed config shows. 64 KiB: a PEM chain fits. */
export function secret(description: string, expected: string) {
  return field(z.string().trim().min(1).max(65_536), { description, expected, isText: true, isSecret: true });
}

/** Names of targets and pools stand in headers and metrics, so they are plain. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** What is expected of a name. */
export const NAME_EXPECTED = 'a name of at most 64 letters, digits and . _ -, beginning with a letter or digit';
