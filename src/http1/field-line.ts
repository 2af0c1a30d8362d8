import { NAME_PLACES, placeOfName, TOKEN_LOWER, VALUE_CHARACTER } from './fieldnames.ts';

/**
 * The line last written of each known name. Nearly all of what a gateway writes it has just written in another head: such a line is neither
 * checked nor put together again. Values that change with every head are given up after a few, and long ones are never kept.
 */
const lastValues = new Array<string | undefined>(NAME_PLACES).fill(undefined);
const lastLines = new Array<string>(NAME_PLACES).fill('');
const changes = new Uint8Array(NAME_PLACES);
/** A change counts twice, a repetition once: what is the same only within a call, as its id, is not worth its copies. */
const CHANGES_MAX = 64;
const CHANGE_WEIGHT = 2;
const KEPT_CHARS_MAX = 256;

/** Carry what only one party may know: not kept beyond the head they are for. */
const SECRET = new Set(['authorization', 'cookie', 'set-cookie', 'x-api-key', 'api-key', 'proxy-authorization']);

/** One field line with its CRLF. @throws TypeError on a name or value that cannot be written. */
export function fieldLine(name: string, value: string): string {
  const place = placeOfName(name);
  if (place >= 0 && lastValues[place] === value) {
    changes[place] = Math.max(0, (changes[place] ?? 0) - 1);
    return lastLines[place] ?? '';
  }
  if (place < 0) assertToken(name);
  assertValue(value);
  const line = `${name}: ${value}\r\n`;
  if (place >= 0 && (changes[place] ?? 0) < CHANGES_MAX) keep(place, name, value, line);
  return line;
}

/**
 * The value as the same text object as in the line last written of that name, where they are equal: two texts that are one need no look at
 * their characters. For values that are remembered, since they will be written again.
 */
export function valueAsWritten(name: string, value: string): string {
  const place = placeOfName(name);
  return place >= 0 && lastValues[place] === value ? (lastValues[place] ?? value) : value;
}

function keep(place: number, name: string, value: string, line: string): void {
  if (value.length > KEPT_CHARS_MAX || SECRET.has(name)) return;
  changes[place] = (changes[place] ?? 0) + CHANGE_WEIGHT;
  // Copies: a value is most often a slice, which would keep the whole head alive that it was cut from.
  lastLines[place] = Buffer.from(line, 'latin1').latin1Slice();
  lastValues[place] = Buffer.from(value, 'latin1').latin1Slice();
}

/** @throws TypeError when the text is no token. */
export function assertToken(text: string): void {
  let isToken = text.length > 0;
  for (let i = 0; i < text.length; i += 1) {
    if (!TOKEN_LOWER[text.charCodeAt(i)]) isToken = false;
  }
  // The text itself is not told: it may be hostile or secret.
  if (!isToken) throw new TypeError('not a token');
}

/** Characters above 255 are refused too: written as latin1 they would lose their upper byte, and U+010D would become a CR. */
function assertValue(text: string): void {
  for (let i = 0; i < text.length; i += 1) {
    if (VALUE_CHARACTER[text.charCodeAt(i)] !== 1) throw new TypeError('a field value holds a forbidden character');
  }
}
