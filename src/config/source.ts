// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is how the config itself is written.
/** The text of a config as plain values, each with its place, so that whatever is found wrong later can be pointed at. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type Scalar } from 'yaml';
import {
  type Env,
  fillReferences,
  hideReferences,
  type Marks,
  type ReferenceFault,
  shownAsWritten,
} from './environment.ts';
import { type ConfigFault, nearest, quoted } from './fault.ts';
import { plainYamlFault } from './yaml-faults.ts';

/** Keys and indexes from the top. */
export type Path = readonly PropertyKey[];

/** From 1. */
export type Place = { readonly line: number; readonly column: number };

export type Source = {
  readonly file: string;
  /** Maps, lists and scalars; maps without a prototype. */
  readonly value: unknown;
  /** The values that variables were filled in with. */
  readonly filled: readonly string[];
  /** Of a value, or of its name; of the nearest thing around it when it is not written. */
  placeOf(path: Path, part?: 'name' | 'value'): Place;
  /** A scalar as it stands in the file, references unfilled; undefined for maps, lists and what is not there. */
  writtenAt(path: Path): string | undefined;
  /** True when the value lacks a variable: that is told already, so nothing else about it is worth telling. */
  isHole(path: Path): boolean;
  fault(path: Path, message: string, part?: 'name' | 'value'): ConfigFault;
};

/** A config of a thousand targets has a tenth of it. */
export const CONFIG_BYTES_MAX = 1_048_576;

/** Aliases can make a small file endless; a hand-written config has a few hundred values. */
const VALUES_MAX = 200_000;

type Mark = { readonly name: number; readonly value: number; readonly written: string | undefined };

/** Reads the text of a config. Without a `source` it could not be read at all, and there is at least one fault. */
export function readSource(
  file: string,
  text: string,
  env: Env,
): { readonly source: Source | undefined; readonly faults: readonly ConfigFault[] } {
  const whole = (message: string) => ({ source: undefined, faults: [{ file, line: 0, column: 0, message }] });
  if (text.length > CONFIG_BYTES_MAX) return whole('is larger than 1 MiB; expected a config');
  if (text.includes('\u0000')) return whole('is not a text; expected a config in YAML');
  const hidden = hideReferences(text);
  const lines = new LineCounter();
  const document = parseDocument(hidden.text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const [first] = document.errors;
  if (first !== undefined) {
    // One only: the parser stumbles on after its first fault, and what it says then is noise.
    const { message, offset } = plainYamlFault(first, document, hidden.text);
    return { source: undefined, faults: [{ file, ...placeAt(offset), message }] };
  }
  if (document.contents === null || isNothing(document.contents)) {
    return whole('is empty; expected settings such as "listen: 127.0.0.1:5020"');
  }
  const reader = new Reader(file, hidden.marks, env, placeAt);
  const value = reader.read(document.contents, []);
  return { source: { ...reader.source(), value }, faults: reader.faults };
}

/** Turns nodes into plain values and notes where each stands. */
class Reader {
  readonly faults: ConfigFault[] = [];
  readonly #file: string;
  readonly #marks: Marks;
  readonly #env: Env;
  readonly #placeAt: (offset: number) => Place;
  readonly #seen = new Map<string, Mark>();
  readonly #holes = new Set<string>();
  readonly #anchors = new Map<string, Node>();
  readonly #inside = new Set<Node>();
  readonly #filled = new Set<string>();
  #values = 0;

  constructor(file: string, marks: Marks, env: Env, placeAt: (offset: number) => Place) {
    this.#file = file;
    this.#marks = marks;
    this.#env = env;
    this.#placeAt = placeAt;
  }

  source(): Omit<Source, 'value'> {
    const placeOf = (path: Path, part: 'name' | 'value' = 'value'): Place => {
      for (let length = path.length; length >= 0; length--) {
        const mark = this.#seen.get(keyOf(path.slice(0, length)));
        if (mark !== undefined) return this.#placeAt(part === 'name' || length < path.length ? mark.name : mark.value);
      }
      return { line: 1, column: 1 };
    };
    return {
      file: this.#file,
      filled: [...this.#filled],
      placeOf,
      writtenAt: (path) => this.#seen.get(keyOf(path))?.written,
      isHole: (path) => path.some((_, at) => this.#holes.has(keyOf(path.slice(0, at + 1)))),
      fault: (path, message, part) => ({ file: this.#file, ...placeOf(path, part), message }),
    };
  }

  read(node: Node, path: Path, nameAt = node.range?.[0] ?? 0): unknown {
    const at = node.range?.[0] ?? 0;
    if (++this.#values > VALUES_MAX) {
      if (this.#values === VALUES_MAX + 1) this.#tell(at, 'this repeats too much by aliases');
      return null;
    }
    if (isAlias(node)) return this.#alias(node.source, at, path, nameAt);
    if (node.tag !== undefined && !node.tag.startsWith('tag:yaml.org,2002:')) {
      this.#tell(
        at,
        `${quoted(node.tag)} is a tag; expected a value without one, and \${NAME} for environment variables`,
      );
    }
    const anchor = 'anchor' in node ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    const written = isScalar(node) ? this.#written(node) : undefined;
    this.#seen.set(keyOf(path), { name: nameAt, value: at, written });
    if (isScalar(node)) return this.#scalar(node, path, at);
    this.#inside.add(node);
    let value: unknown = null;
    if (isMap<Node, Node | null>(node)) value = this.#map(node.items, path);
    if (isSeq<Node>(node)) value = node.items.map((item, index) => this.read(item, [...path, index]));
    this.#inside.delete(node);
    return value;
  }

  #alias(name: string, at: number, path: Path, nameAt: number): unknown {
    const target = this.#anchors.get(name);
    if (target !== undefined && !this.#inside.has(target)) return this.read(target, path, nameAt);
    this.#holes.add(keyOf(path));
    this.#tell(
      at,
      target === undefined
        ? `nothing is marked &${name.slice(0, 40)}; a text that begins with * must be in quotes, such as "*${name.slice(0, 40)}"`
        : `*${name.slice(0, 40)} contains itself`,
    );
    return null;
  }

  #map(pairs: readonly Pair<Node, Node | null>[], path: Path): Record<string, unknown> {
    const map: Record<string, unknown> = Object.create(null);
    for (const { key, value } of pairs) {
      const at = key.range?.[0] ?? 0;
      if (!isScalar(key)) {
        this.#tell(at, 'expected a name before the colon');
        continue;
      }
      const name = this.#written(key);
      const former = this.#seen.get(keyOf([...path, name]));
      if (Object.hasOwn(map, name) && former !== undefined) {
        this.#tell(at, `${twice(path, name)}; the first is on line ${this.#placeAt(former.name).line}`);
        continue;
      }
      if (name === '__proto__') this.#tell(at, '"__proto__" cannot be a name');
      else map[name] = value === null ? this.#absent([...path, name], at) : this.read(value, [...path, name], at);
    }
    return map;
  }

  #absent(path: Path, at: number): null {
    this.#seen.set(keyOf(path), { name: at, value: at, written: '' });
    return null;
  }

  #scalar(node: Scalar, path: Path, at: number): unknown {
    const { value } = node;
    if (typeof value !== 'string') return typeof value === 'bigint' ? Number(value) : value;
    const filled = (each: string) => this.#filled.add(each);
    return fillReferences(value, this.#marks, this.#env, filled, (fault) => {
      this.#holes.add(keyOf(path));
      this.#tell(at, referenceSentence(fault, path, shownAsWritten(value, this.#marks), this.#env));
    });
  }

  #written(node: Scalar): string {
    const raw = typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
    return shownAsWritten(raw, this.#marks);
  }

  #tell(offset: number, message: string): void {
    this.faults.push({ file: this.#file, ...this.#placeAt(offset), message });
  }
}

function isNothing(node: Node): boolean {
  return isScalar(node) && node.value === null && node.source === '';
}

function twice(path: Path, name: string): string {
  const noun = path.length === 1 && path[0] === 'targets' ? 'target ' : '';
  return `${noun}${quoted(name)} is defined twice`;
}

function referenceSentence(fault: ReferenceFault, path: Path, written: string, env: Env): string {
  if (fault.why === 'no-name') {
    const reference = quoted(['${', fault.name, '}'].join(''));
    return `${reference} does not name an environment variable; expected \${NAME}, or $\${ for a plain \${`;
  }
  const lacks = written === `\${${fault.name}}` ? 'empty' : 'incomplete';
  const state = fault.why === 'empty' ? 'set but empty' : 'not set';
  // Two letters at most: names of variables are alike, and a wrong guess sends people to the wrong key.
  const near =
    fault.why === 'empty'
      ? undefined
      : nearest(
          fault.name,
          Object.keys(env).filter((name) => isNearby(name, fault.name)),
        );
  const guess = near === undefined ? '' : `; did you mean ${near}?`;
  return `${subject(path)} is ${lacks}: the environment variable ${fault.name.slice(0, 80)} is ${state}${guess}`;
}

function isNearby(name: string, wanted: string): boolean {
  return Math.abs(name.length - wanted.length) <= 2 && name[0] === wanted[0];
}

/** What a message calls a value: its name, or its number in a list: `key`, `item 2 of keys`. */
export function subject(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'the config';
  if (typeof last !== 'number') return /^[\w.-]{1,64}$/.test(String(last)) ? String(last) : quoted(String(last));
  return `item ${last + 1} of ${subject(path.slice(0, -1))}`;
}

function keyOf(path: Path): string {
  return path.map(String).join('\u0000');
}
