import { closest, distance } from 'fastest-levenshtein';
import { entryOf, FAULT_WORDS, type Fault, type FaultParameter, type FaultWord } from './faults.ts';

/** What was asked of an upstream: a fault, and the share of requests it strikes. */
export type FaultOrder = { readonly fault: Fault; readonly share: number };

/** `problem` is one sentence for whoever wrote the text. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** Longer texts are no faults; it also bounds the work on hostile input. */
const TEXT_LENGTH_MAX = 256;
const SHAPE = /^([a-z0-9-]+)\s*(?:\(([^()]*)\))?$/;
const SHARE = /[\s,]share\s*=\s*([^\s,]+)$/;
const NUMBER = /^\d{1,12}$/;

type Values = Record<string, number | string | undefined>;

/** Reads the compact form: `stall-after-events(5)`, `status(503, retry-after=2)`, `html-error(502, cloudflare)`. */
export function parseFault(text: string): Parsed<Fault> {
  const trimmed = text.trim();
  if (trimmed.length > TEXT_LENGTH_MAX) return problem(`A fault is at most ${TEXT_LENGTH_MAX} characters long.`);
  const shape = SHAPE.exec(trimmed);
  if (shape === null) {
    return problem(
      `Expected a fault such as stall-after-events(5) or status(503, retry-after=2), not ${quote(trimmed)}.`,
    );
  }
  const word = FAULT_WORDS.find((known) => known === shape[1]);
  if (word === undefined) return unknownWord(shape[1] ?? '');
  return fillIn(word, argumentsOf(shape[2]));
}

/** Reads a fault with an optional share: `slow-head(3000) share=0.5`. */
export function parseFaultOrder(text: string): Parsed<FaultOrder> {
  const trimmed = text.trim();
  const found = SHARE.exec(trimmed);
  const parsed = parseFault(found === null ? trimmed : trimmed.slice(0, found.index));
  if (!parsed.ok) return parsed;
  const written = found?.[1] ?? '1';
  const share = /^(0|1|0?\.\d{1,9}|1\.0+)$/.test(written) ? Number(written) : Number.NaN;
  if (Number.isNaN(share)) return problem(`share takes a number from 0 to 1, not ${quote(written)}.`);
  if (parsed.value.word === 'refuse' && share !== 1) {
    return problem('refuse stops the whole upstream, so its share can only be 1.');
  }
  return { ok: true, value: { fault: parsed.value, share } };
}

/** The compact form again, without what is default; `parseFault` gives back the same fault. */
export function formatFault(fault: Fault): string {
  const values: Values = fault.values;
  const written: string[] = [];
  const parameters = Object.entries(entryOf(fault.word).parameters);
  const firstNumber = parameters.find(([, parameter]) => parameter.kind === 'number')?.[0];
  for (const [name, parameter] of parameters) {
    const value = values[name];
    if (value === undefined || value === parameter.default) continue;
    written.push(parameter.kind === 'choice' || name === firstNumber ? String(value) : `${name}=${value}`);
  }
  return written.length === 0 ? fault.word : `${fault.word}(${written.join(', ')})`;
}

function argumentsOf(inside: string | undefined): readonly string[] {
  if (inside === undefined || inside.trim() === '') return [];
  return inside.split(',').map((argument) => argument.trim());
}

function fillIn(word: FaultWord, written: readonly string[]): Parsed<Fault> {
  const { parameters } = entryOf(word);
  const values: Values = {};
  for (const argument of written) {
    const equals = argument.indexOf('=');
    const name = equals === -1 ? freeNameFor(parameters, values, argument) : argument.slice(0, equals).trim();
    const value = argument.slice(equals + 1).trim();
    if (name === undefined) return noPlace(word, parameters, argument);
    const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (parameter === undefined) return unknownParameter(word, name);
    if (Object.hasOwn(values, name)) return problem(`${word} is given ${name} twice.`);
    const wrong = misfit(word, name, parameter, value);
    if (wrong !== undefined) return problem(wrong);
    values[name] = parameter.kind === 'number' ? Number(value) : value;
  }
  for (const [name, parameter] of Object.entries(parameters)) {
    if (!Object.hasOwn(values, name)) values[name] = parameter.default;
  }
  // The loop above has put a value that fits into each parameter of this very word.
  return { ok: true, value: { word, values } as Fault };
}

/** Where a bare value goes: the choice that knows it, else the first number not yet given. */
function freeNameFor(
  parameters: Readonly<Record<string, FaultParameter>>,
  values: Values,
  value: string,
): string | undefined {
  const free = Object.entries(parameters).filter(([name]) => !Object.hasOwn(values, name));
  const choice = free.find(([, parameter]) => parameter.kind === 'choice' && parameter.choices.includes(value));
  if (choice !== undefined) return choice[0];
  return NUMBER.test(value) ? free.find(([, parameter]) => parameter.kind === 'number')?.[0] : undefined;
}

function misfit(word: FaultWord, name: string, parameter: FaultParameter, value: string): string | undefined {
  if (parameter.kind === 'choice') {
    if (parameter.choices.includes(value)) return undefined;
    return `${word} takes ${listed(parameter.choices)} for ${name}, not ${quote(value)}.`;
  }
  const isFit = NUMBER.test(value) && Number(value) >= parameter.min && Number(value) <= parameter.max;
  if (isFit) return undefined;
  const what = name === parameter.unit ? name : `${name} in ${parameter.unit}`;
  return `${word} takes ${what} from ${parameter.min} to ${parameter.max}, not ${quote(value)}.`;
}

function unknownWord(word: string): Parsed<never> {
  const nearest = /^[45]\d\d$/.test(word) ? `status(${word})` : nearestWord(word);
  return problem(`${quote(word)} is no known fault; the nearest is ${nearest}.`);
}

/** Measured against the length of the words: by bare distance the shortest word would be near to everything. */
function nearestWord(word: string): FaultWord {
  const farness = (known: string): number => distance(word, known) / Math.max(word.length, known.length);
  return FAULT_WORDS.reduce((best, known) => (farness(known) < farness(best) ? known : best));
}

function unknownParameter(word: FaultWord, name: string): Parsed<never> {
  const known = Object.keys(entryOf(word).parameters);
  if (known.length === 0) return problem(`${word} takes no values, so ${quote(name)} has no place.`);
  return problem(`${word} has no ${quote(name)}; the nearest is ${closest(name, known)}.`);
}

/** A bare value that fits nowhere: most likely a choice misspelt, else one value too many. */
function noPlace(word: FaultWord, parameters: Readonly<Record<string, FaultParameter>>, value: string): Parsed<never> {
  const known = Object.values(parameters).flatMap((parameter) =>
    parameter.kind === 'choice' ? parameter.choices : [],
  );
  const nearest = known.length === 0 || NUMBER.test(value) ? undefined : closest(value, known);
  if (nearest !== undefined && distance(nearest, value) <= Math.max(3, nearest.length / 2)) {
    return problem(`${word} does not take ${quote(value)}; the nearest is ${nearest}.`);
  }
  const names = Object.keys(parameters);
  if (names.length === 0) return problem(`${word} takes no values, so ${quote(value)} has no place.`);
  return problem(`${word} takes ${listed(names)}; ${quote(value)} has no place.`);
}

function problem(sentence: string): Parsed<never> {
  return { ok: false, problem: sentence };
}

/** Printable and short: the text may come from a request. */
function quote(text: string): string {
  const shown = text.replace(/[^\x20-\x7e]/g, '?');
  return `"${shown.length > 60 ? `${shown.slice(0, 60)}…` : shown}"`;
}

function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
