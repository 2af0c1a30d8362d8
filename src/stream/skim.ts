const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const SPACE = 0x20;
/** Strings and numbers begin at or below it, objects, arrays and words above. */
const NINE = 0x39;

/** 128 levels: no dialect nests deeper than 12, and the stack is one small array for the whole process. */
const DEPTH_MAX = 128;

/** 24 values: OpenAI's chunks have 5 of no path, llama.cpp's with timings 14. Further ones are not recorded. */
const TOKENS_MAX = 24;

/** A node of the tree of paths: the keys worth knowing below it. */
type Node = {
  readonly slot: number;
  readonly keys: readonly Uint8Array[];
  readonly children: readonly number[];
};

const DEAD = -1;

/**
 * One pass over the bytes of a JSON text that checks all of it and finds the values of a few paths, without making a string or an object.
 * It accepts exactly what `JSON.parse` accepts (UTF-8 well-formedness aside, which readers replace, and nesting up to 128), which a
 * property holds it to. Paths are keys joined by dots; arrays on the way are passed through. The last of equal keys counts, as in
 * `JSON.parse`. Results stand in `from` and `to` until the next `read`: one instance serves the whole process.
 */
export class Skim {
  /** Where the value of each path begins, in the order of the paths; -1 when absent. */
  readonly from: Int32Array;
  /** The index after the value of each path; strings keep their quotes. */
  readonly to: Int32Array;
  /** True when some path was met twice, in several elements of an array: then one range cannot tell the whole. */
  isRepeated = false;
  /** True when a key is written with escapes: then it may be one of ours under another spelling. */
  hasEscapedKey = false;
  /** How many entries of `tokenFrom` and `tokenTo` count. */
  tokens = 0;
  /** The first string and number values of no path, in order: where an event may differ from another without differing in kind. */
  readonly tokenFrom = new Int32Array(TOKENS_MAX);
  readonly tokenTo = new Int32Array(TOKENS_MAX);
  readonly #nodes: readonly Node[];
  readonly #nodeAt = new Int32Array(DEPTH_MAX);
  readonly #slotAt = new Int32Array(DEPTH_MAX);
  readonly #isArrayAt = new Uint8Array(DEPTH_MAX);
  #keyNode = DEAD;

  constructor(paths: readonly string[]) {
    this.from = new Int32Array(paths.length);
    this.to = new Int32Array(paths.length);
    this.#nodes = treeOf(paths);
  }

  /** True when [start, end) is one whole JSON value, with nothing but white space around it. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    for (let i = 0; i < this.from.length; i++) this.from[i] = -1;
    this.tokens = 0;
    this.isRepeated = false;
    this.hasEscapedKey = false;
    const at = this.#value(bytes, start, end);
    return at >= 0 && afterSpace(bytes, at, end) === end;
  }

  // The walk keeps its own stack: hostile nesting must not be able to exhaust the real one.
  #value(bytes: Uint8Array, start: number, end: number): number {
    const isArrayAt = this.#isArrayAt;
    let at = start;
    let depth = 0;
    let node = 0;
    let slot = this.#nodes[0]?.slot ?? -1;
    for (;;) {
      if ((bytes[at] as number) <= SPACE) at = afterSpace(bytes, at, end);
      if (at >= end) return -1;
      const first = bytes[at] as number;
      const opened = at;
      if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
        if (depth === DEPTH_MAX) return -1;
        const isArray = first === OPEN_ARRAY;
        if (slot >= 0) this.#mark(slot, opened, opened + 1);
        at = afterSpace(bytes, at + 1, end);
        if (at >= end) return -1;
        if (bytes[at] === (isArray ? CLOSE_ARRAY : CLOSE_OBJECT)) {
          at += 1;
          if (slot >= 0) this.to[slot] = at;
        } else {
          this.#nodeAt[depth] = node;
          this.#slotAt[depth] = slot;
          isArrayAt[depth] = isArray ? 1 : 0;
          depth += 1;
          if (isArray) slot = -1;
          else {
            at = this.#key(bytes, at, end, node);
            if (at < 0) return -1;
            node = this.#keyNode;
            slot = this.#slotOf(node);
          }
          continue;
        }
      } else {
        at = first === QUOTE ? stringEnd(bytes, at + 1, end) : scalarEnd(bytes, at, end, first);
        if (at < 0) return -1;
        if (slot >= 0) this.#mark(slot, opened, at);
        else if (first <= NINE) this.#token(opened, at);
      }
      // A value is done: close what ends here, then go on to the next key or element.
      for (;;) {
        if (depth === 0) return at;
        if ((bytes[at] as number) <= SPACE) at = afterSpace(bytes, at, end);
        if (at >= end) return -1;
        const next = bytes[at] as number;
        const isArray = isArrayAt[depth - 1] === 1;
        at += 1;
        if (next === COMMA) {
          node = this.#nodeAt[depth - 1] as number;
          if (isArray) {
            slot = -1;
            break;
          }
          at = this.#key(bytes, afterSpace(bytes, at, end), end, node);
          if (at < 0) return -1;
          node = this.#keyNode;
          slot = this.#slotOf(node);
          break;
        }
        if (next !== (isArray ? CLOSE_ARRAY : CLOSE_OBJECT)) return -1;
        depth -= 1;
        const closed = this.#slotAt[depth] as number;
        if (closed >= 0) this.to[closed] = at;
      }
    }
  }

  #mark(slot: number, from: number, to: number): void {
    if ((this.from[slot] as number) >= 0) this.isRepeated = true;
    this.from[slot] = from;
    this.to[slot] = to;
  }

  #token(from: number, to: number): void {
    if (this.tokens === TOKENS_MAX) return;
    this.tokenFrom[this.tokens] = from;
    this.tokenTo[this.tokens] = to;
    this.tokens += 1;
  }

  #slotOf(node: number): number {
    return node < 0 ? -1 : (this.#nodes[node] as Node).slot;
  }

  /** Reads a key and its colon; leaves the node it leads to in `#keyNode`. The index of what follows, or -1. */
  #key(bytes: Uint8Array, start: number, end: number, node: number): number {
    if (start >= end || bytes[start] !== QUOTE) return -1;
    let at = start + 1;
    while (at < end && isPlain(bytes[at] as number)) at += 1;
    const isEscaped = at < end && bytes[at] === BACKSLASH;
    at = isEscaped ? stringEnd(bytes, at, end) : at + 1;
    if (at < 0 || at > end || bytes[at - 1] !== QUOTE) return -1;
    this.#keyNode = node < 0 ? DEAD : this.#child(this.#nodes[node] as Node, bytes, start + 1, at - 1, isEscaped);
    if (bytes[at] !== COLON) {
      at = afterSpace(bytes, at, end);
      if (at >= end || bytes[at] !== COLON) return -1;
    }
    return at + 1;
  }

  #child(node: Node, bytes: Uint8Array, from: number, to: number, isEscaped: boolean): number {
    const { keys } = node;
    const length = to - from;
    for (let k = 0; k < keys.length; k++) {
      const key = keys[k] as Uint8Array;
      if (key.length !== length || key[0] !== bytes[from]) continue;
      let i = 1;
      while (i < length && key[i] === bytes[from + i]) i++;
      if (i === length) return node.children[k] as number;
    }
    if (isEscaped && keys.length > 0) this.hasEscapedKey = true;
    return DEAD;
  }
}

function treeOf(paths: readonly string[]): readonly Node[] {
  type Growing = { slot: number; readonly keys: Uint8Array[]; readonly children: number[] };
  const nodes: Growing[] = [{ slot: -1, keys: [], children: [] }];
  paths.forEach((path, slot) => {
    let at = nodes[0] as Growing;
    for (const name of path.split('.')) {
      const known = at.keys.findIndex((key) => Buffer.from(key).toString() === name);
      if (known < 0) {
        at.keys.push(Buffer.from(name));
        at.children.push(nodes.length);
        nodes.push({ slot: -1, keys: [], children: [] });
      }
      at = nodes[at.children[known < 0 ? at.children.length - 1 : known] as number] as Growing;
    }
    at.slot = slot;
  });
  return nodes;
}

function afterSpace(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte > SPACE || (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
    at += 1;
  }
  return at;
}

/** The index after the closing quote of a string whose content begins at `from`, or -1 (RFC 8259 §7). */
export function stringEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  for (;;) {
    let byte = 0;
    // The one hot loop of every reader here.
    while (at < end) {
      byte = bytes[at] as number;
      if (!isPlain(byte)) break;
      at += 1;
    }
    if (at >= end) return -1;
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH || at + 1 >= end) return -1;
    const escaped = bytes[at + 1] as number;
    if (escaped === 0x75) {
      if (at + 6 > end) return -1;
      for (let i = at + 2; i < at + 6; i++) if (!isHex(bytes[i] as number)) return -1;
      at += 6;
    } else if (isEscape(escaped)) at += 2;
    else return -1;
  }
}

/** What stands for itself in a string. Most characters are small letters: one comparison tells those. */
function isPlain(byte: number): boolean {
  return byte > BACKSLASH || (byte !== BACKSLASH && byte !== QUOTE && byte >= SPACE);
}

/** `"` `\` `/` `b` `f` `n` `r` `t`. */
function isEscape(byte: number): boolean {
  switch (byte) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return true;
    default:
      return false;
  }
}

function isHex(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x61 && byte <= 0x66) || (byte >= 0x41 && byte <= 0x46);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');

function scalarEnd(bytes: Uint8Array, at: number, end: number, first: number): number {
  if (first === 0x74) return wordEnd(bytes, at, end, TRUE);
  if (first === 0x66) return wordEnd(bytes, at, end, FALSE);
  if (first === 0x6e) return wordEnd(bytes, at, end, NULL);
  return numberEnd(bytes, at, end);
}

function wordEnd(bytes: Uint8Array, from: number, end: number, word: Uint8Array): number {
  if (from + word.length > end) return -1;
  for (let i = 1; i < word.length; i++) if (bytes[from + i] !== word[i]) return -1;
  return from + word.length;
}

/** RFC 8259 §6: minus, integer without leading zeros, fraction, exponent. */
function numberEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  if (bytes[at] === 0x2d) at += 1;
  if (at < end && bytes[at] === 0x30) at += 1;
  else {
    const digits = digitsEnd(bytes, at, end);
    if (digits === at) return -1;
    at = digits;
  }
  if (at < end && bytes[at] === 0x2e) {
    const digits = digitsEnd(bytes, at + 1, end);
    if (digits === at + 1) return -1;
    at = digits;
  }
  if (at < end && (bytes[at] === 0x65 || bytes[at] === 0x45)) {
    at += 1;
    if (at < end && (bytes[at] === 0x2b || bytes[at] === 0x2d)) at += 1;
    const digits = digitsEnd(bytes, at, end);
    if (digits === at) return -1;
    at = digits;
  }
  return at;
}

function digitsEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isDigit(bytes[at] as number)) at += 1;
  return at;
}
