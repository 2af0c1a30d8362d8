/** Header fields as a flat list: name, value, name, value …; names lower case, order and repeats kept. */
export type Fields = string[];

/** The first value of a field, or undefined. `name` must be lower case. */
export function fieldOf(fields: readonly string[], name: string): string | undefined {
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] === name) return fields[i + 1];
  }
  return undefined;
}
