/** A JSON object. */
export type Json = { [key: string]: unknown };

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

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
