/** A JSON object. */
export type Json = { [key: string]: unknown };

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !SOURCED.isRawJSON(value);
}

/** JSON.parse source text access (ECMAScript 2026, in Node since 22), which the compiler's library does not know yet. */
const SOURCED = JSON as unknown as {
  parse(text: string, revive: (key: string, value: unknown, context: { readonly source: string }) => unknown): unknown;
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
};

/** The object under `key`; an empty one when there is none. */
export function within(value: Json, key: string): Json {
  const found = value[key];
  return isJson(found) ? found : {};
}

/** The objects of the list under `key`. */
export function listOf(value: Json, key: string): Json[] {
  const found = value[key];
  return Array.isArray(found) ? found.filter(isJson) : [];
}

export function numberOf(value: Json, key: string): number | undefined {
  const found = value[key];
  return typeof found === 'number' ? found : undefined;
}

export function stringOf(value: Json, key: string): string | undefined {
  const found = value[key];
  return typeof found === 'string' ? found : undefined;
}

/** The object that bytes or text hold; undefined when they hold none. */
export function parsed(text: string | Uint8Array): Json | undefined {
  try {
    const value: unknown = JSON.parse(typeof text === 'string' ? text : Buffer.from(text).toString());
    return isJson(value) ? value : undefined;
  } catch {
    // Only ever asked of what may be something else.
    return undefined;
  }
}

/**
 * As `JSON.parse`, but a number that would be written otherwise (`1.0`, or more digits than a double holds) stands as it was written, for
 * texts that are written again: an id of 19 digits must not come out as another one.
 * @throws SyntaxError when it is no JSON.
 */
export function parsedAsWritten(text: string | Uint8Array): unknown {
  const { parse, rawJSON } = SOURCED;
  return parse(typeof text === 'string' ? text : Buffer.from(text).toString(), (_key, value, { source }) =>
    typeof value === 'number' && String(value) !== source ? rawJSON(source) : value,
  );
}
