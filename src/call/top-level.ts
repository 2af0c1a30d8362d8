/** A half-open range of bytes. */
export type Span = { readonly from: number; readonly to: number };

/** What routing needs of an inference request. */
export type TopLevel = {
  readonly model: string | undefined;
  readonly modelAt: Span | undefined;
  readonly isStream: boolean;
};

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/**
 * Reads `model` and `stream` from the top level of a JSON object without decoding the rest: prompts are long, and nothing in them matters
 * here. Returns undefined when the text is not a JSON object. It is exact for valid JSON; of broken JSON it refuses what it notices
 * (unbalanced, cut, trailing bytes), and the target refuses what is left.
 */
export function readTopLevel(bytes: Uint8Array): TopLevel | undefined {
  const length = bytes.length;
  let at = afterSpace(bytes, bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0);
  if (bytes[at] !== OPEN_OBJECT) return undefined;
  let model: string | undefined;
  let modelAt: Span | undefined;
  let isStream = false;
  at = afterSpace(bytes, at + 1);
  if (bytes[at] === CLOSE_OBJECT) return isOver(bytes, at + 1) ? { model, modelAt, isStream } : undefined;
  while (at < length) {
    if (bytes[at] !== QUOTE) return undefined;
    const keyEnd = stringEnd(bytes, at);
    if (keyEnd === -1) return undefined;
    const key = keyEnd - at <= KEY_BYTES_MAX ? textOf(bytes, at, keyEnd) : '';
    at = afterSpace(bytes, keyEnd);
    if (bytes[at] !== COLON) return undefined;
    at = afterSpace(bytes, at + 1);
    const valueEnd = endOfValue(bytes, at);
    if (valueEnd === -1) return undefined;
    // As JSON.parse does, the last of several equal keys counts.
    if (key === 'model' && bytes[at] === QUOTE) {
      model = textOf(bytes, at, valueEnd);
      modelAt = { from: at, to: valueEnd };
    } else if (key === 'stream') {
      isStream = bytes[at] === 0x74;
    }
    at = afterSpace(bytes, valueEnd);
    if (bytes[at] === CLOSE_OBJECT) return isOver(bytes, at + 1) ? { model, modelAt, isStream } : undefined;
    if (bytes[at] !== COMMA) return undefined;
    at = afterSpace(bytes, at + 1);
  }
  return undefined;
}

/** `"stream"` written wholly in \u escapes has 38 bytes: no longer key can be one of ours. */
const KEY_BYTES_MAX = 38;

/** The text of the string that stands at [from, to), quotes included; empty when its escapes are broken. */
function textOf(bytes: Uint8Array, from: number, to: number): string {
  const raw = decoder.decode(bytes.subarray(from + 1, to - 1));
  if (!raw.includes('\\')) return raw;
  try {
    return String(JSON.parse(`"${raw}"`));
  } catch {
    return '';
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function afterSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  for (let byte = bytes[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = bytes[at])
    at += 1;
  return at;
}

function isOver(bytes: Uint8Array, from: number): boolean {
  return afterSpace(bytes, from) === bytes.length;
}

/** The index after the closing quote of the string that opens at `from`, or -1. */
function stringEnd(bytes: Uint8Array, from: number): number {
  const length = bytes.length;
  for (let at = from + 1; at < length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at += 1;
  }
  return -1;
}

/** The index after the value that begins at `from`, or -1. */
function endOfValue(bytes: Uint8Array, from: number): number {
  const length = bytes.length;
  const first = bytes[from];
  if (first === QUOTE) return stringEnd(bytes, from);
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
    let depth = 0;
    for (let at = from; at < length; at += 1) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        at = stringEnd(bytes, at) - 1;
        if (at < 0) return -1;
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        depth += 1;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        depth -= 1;
        if (depth === 0) return at + 1;
      }
    }
    return -1;
  }
  let at = from;
  for (let byte = bytes[at]; byte !== undefined && isLiteral(byte); byte = bytes[at]) at += 1;
  return at > from ? at : -1;
}

/** Bytes of numbers, `true`, `false` and `null`. */
function isLiteral(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte === 0x45
  );
}

/** The body with another model in it; every other byte as it was. */
export function withModel(body: Uint8Array, modelAt: Span, model: string): Uint8Array {
  const value = new TextEncoder().encode(JSON.stringify(model));
  const changed = new Uint8Array(body.length - (modelAt.to - modelAt.from) + value.length);
  changed.set(body.subarray(0, modelAt.from));
  changed.set(value, modelAt.from);
  changed.set(body.subarray(modelAt.to), modelAt.from + value.length);
  return changed;
}
