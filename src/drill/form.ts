import { type ConfigFault, faultLines, hint, nearest, quoted } from '../config/fault.ts';
import { durationWords, parseDuration } from '../config/measure.ts';
import { type Path, readSource, type Source } from '../config/source.ts';
import type { World } from '../world/world.ts';

/** A file that was filled in, or all that is wrong with it, one sentence each, with its line. */
export type Filled<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'faults'; readonly lines: readonly string[] };

/** Reads a file with `read`, which asks the form for each thing it knows. Whatever was not asked for is unknown and refused. */
export async function readForm<T>(
  world: Pick<World, 'files'>,
  path: string,
  read: (form: Form) => T,
): Promise<Filled<T>> {
  let text: string;
  try {
    text = await world.files.read(path);
  } catch (error) {
    const code: unknown = Reflect.get(Object(error), 'code');
    return { kind: 'faults', lines: [`${path} cannot be read (${String(code ?? error)})`] };
  }
  const { source, faults } = readSource(path, text, {});
  if (source === undefined || faults.length > 0) return { kind: 'faults', lines: faultLines(faults) };
  const form = new Form(source, [], []);
  const value = read(form);
  form.close();
  return form.faults.length === 0 ? { kind: 'value', value } : { kind: 'faults', lines: faultLines(form.faults) };
}

/** A map of a file: each thing in it is asked for by name, with what it may be and what it is when unsaid. */
export class Form {
  readonly faults: ConfigFault[];
  readonly #source: Source;
  readonly #path: Path;
  readonly #map: Readonly<Record<string, unknown>>;
  readonly #asked = new Set<string>();
  readonly #parts: Form[] = [];

  constructor(source: Source, path: Path, faults: ConfigFault[]) {
    this.#source = source;
    this.#path = path;
    this.faults = faults;
    const value = valueAt(source.value, path);
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    this.#map = isMap ? (value as Record<string, unknown>) : {};
    if (!isMap) this.#refuse(path, `${shown(value)} is here; expected names and values`);
  }

  has(name: string): boolean {
    this.#asked.add(name);
    return this.#map[name] !== undefined && this.#map[name] !== null;
  }

  /** The names of the map, for maps whose names are free. */
  names(): readonly string[] {
    for (const name of Object.keys(this.#map)) this.#asked.add(name);
    return Object.keys(this.#map);
  }

  number<S>(name: string, min: number, max: number, standard: S): number | S {
    if (!this.has(name)) return standard;
    const value = this.#map[name];
    if (typeof value === 'number' && value >= min && value <= max) return value;
    this.fault(name, `${name} is ${shown(value)}; expected a number from ${min} to ${max}`);
    return standard;
  }

  whole<S>(name: string, min: number, max: number, standard: S): number | S {
    if (!this.has(name)) return standard;
    const value = this.#map[name];
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    this.fault(name, `${name} is ${shown(value)}; expected a whole number from ${min} to ${max}`);
    return standard;
  }

  /** Milliseconds. */
  duration<S>(name: string, minMs: number, maxMs: number, standard: S): number | S {
    if (!this.has(name)) return standard;
    const value = this.#map[name];
    const ms = typeof value === 'string' ? parseDuration(value) : undefined;
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
    const bounds = `from ${durationWords(minMs)} to ${durationWords(maxMs)}`;
    this.fault(name, `${name} is ${shown(value)}; expected a time such as 500ms or 30s, ${bounds}`);
    return standard;
  }

  choice<T extends string, S>(name: string, known: readonly T[], standard: S): T | S {
    if (!this.has(name)) return standard;
    return this.#oneOf(name, this.#map[name], known) ?? standard;
  }

  flag(name: string): boolean {
    if (!this.has(name)) return false;
    const value = this.#map[name];
    if (typeof value !== 'boolean') this.fault(name, `${name} is ${shown(value)}; expected true or false`);
    return value === true;
  }

  text<S>(name: string, charsMax: number, standard: S): string | S {
    if (!this.has(name)) return standard;
    const value = this.#map[name];
    if (typeof value === 'string' && value.length <= charsMax && value !== '') return value;
    this.fault(name, `${name} is ${shown(value)}; expected a text of up to ${charsMax} characters`);
    return standard;
  }

  /** A list of words, each of the known ones. */
  words(name: string, known: readonly string[]): readonly string[] {
    if (!this.has(name)) return [];
    const list = this.#map[name];
    if (!Array.isArray(list) || list.length === 0) {
      this.fault(name, `${name} is ${shown(list)}; expected a list such as [${known.slice(0, 2).join(', ')}]`);
      return [];
    }
    return list.flatMap((each, nth) => this.#oneOf(name, each, known, [name, nth]) ?? []);
  }

  /** The maps of a list; none when it is not there. */
  list(name: string, countMax: number): readonly Form[] {
    if (!this.has(name)) return [];
    const list = this.#map[name];
    if (!Array.isArray(list) || list.length > countMax) {
      this.fault(name, `${name} is ${shown(list)}; expected a list of at most ${countMax}`);
      return [];
    }
    return list.map((_, nth) => this.#part([name, nth]));
  }

  map(name: string): Form | undefined {
    return this.has(name) ? this.#part([name]) : undefined;
  }

  /** Something is wrong with a thing of this map; with an unknown name, with the map itself. */
  fault(name: string, message: string, rest: Path = []): void {
    this.#refuse([...this.#path, name, ...rest], message);
  }

  /** Everything that was not asked for is told. */
  close(): void {
    for (const name of Object.keys(this.#map)) {
      if (this.#asked.has(name)) continue;
      const message = `${quoted(name)} is not known here${hint(name, [...this.#asked])}`;
      this.faults.push(this.#source.fault([...this.#path, name], message, 'name'));
    }
    for (const part of this.#parts) part.close();
  }

  #part(path: Path): Form {
    const part = new Form(this.#source, [...this.#path, ...path], this.faults);
    this.#parts.push(part);
    return part;
  }

  #oneOf<T extends string>(name: string, value: unknown, known: readonly T[], at: Path = [name]): T | undefined {
    const found = known.find((word) => word === value);
    if (found !== undefined) return found;
    const near = typeof value === 'string' ? nearest(value, known) : undefined;
    const meant = near === undefined ? '' : `; did you mean "${near}"?`;
    this.#refuse([...this.#path, ...at], `${name} is ${shown(value)}; expected one of ${known.join(', ')}${meant}`);
    return undefined;
  }

  #refuse(path: Path, message: string): void {
    if (!this.#source.isHole(path)) this.faults.push(this.#source.fault(path, message));
  }
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => Reflect.get(Object(at), key), value);
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? quoted(value) : String(value);
}
