import { type Dice, diceOf } from './dice.ts';

/** Deeper schemas get null where they go on: a schema may refer to itself. */
const DEPTH_MAX = 12;
/** Values made for one schema; what goes beyond is null. A small schema that refers to itself many times would else grow without end. */
const VALUES_MAX = 1000;

/** A parsed JSON value whose shape nobody has checked. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

type Schema = { readonly [name: string]: Json };

/** A value that fits a JSON Schema of the kind models are given (objects, arrays, enums, `anyOf`, local `$ref`); the seed decides among the free. */
export function valueFor(schema: Json, seed: string): Json {
  const root = isSchema(schema) ? schema : {};
  return valueAt(root, { root, dice: diceOf(seed), left: VALUES_MAX }, 0);
}

export function isSchema(value: Json | undefined): value is { [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Making = { readonly root: Schema; readonly dice: Dice; left: number };

function valueAt(schema: Schema, making: Making, depth: number): Json {
  making.left -= 1;
  if (depth > DEPTH_MAX || making.left < 0) return null;
  const { dice } = making;
  const chosen = chosenFrom(schema, making);
  if (chosen !== undefined) return valueAt(chosen, making, depth + 1);
  if (schema['const'] !== undefined) return schema['const'];
  const { enum: members } = schema;
  if (Array.isArray(members) && members.length > 0) return members[Math.floor(dice() * members.length)] ?? null;
  switch (typeOf(schema)) {
    case 'object':
      return objectAt(schema, making, depth);
    case 'array':
      return arrayAt(schema, making, depth);
    case 'integer':
      return Math.round(numberAt(schema, dice));
    case 'number':
      return numberAt(schema, dice);
    case 'boolean':
      return dice() < 0.5;
    case 'null':
      return null;
    default:
      return stringAt(schema, dice);
  }
}

/** The schema another one points to: by reference, or as one of several. */
function chosenFrom(schema: Schema, making: Making): Schema | undefined {
  const { $ref: reference } = schema;
  if (typeof reference === 'string') return resolve(reference, making.root);
  for (const word of ['anyOf', 'oneOf', 'allOf']) {
    const options = schema[word];
    if (!Array.isArray(options) || options.length === 0) continue;
    const option = options[Math.floor(making.dice() * options.length)];
    if (isSchema(option)) return option;
  }
  return undefined;
}

function resolve(reference: string, root: Schema): Schema | undefined {
  let at: Json | undefined = root;
  for (const step of reference.replace(/^#\/?/, '').split('/').filter(Boolean)) {
    at = isSchema(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  }
  return isSchema(at) ? at : undefined;
}

function typeOf(schema: Schema): string {
  const { type } = schema;
  if (typeof type === 'string') return type;
  if (Array.isArray(type) && typeof type[0] === 'string') return type[0];
  return schema['properties'] === undefined ? 'string' : 'object';
}

function objectAt(schema: Schema, making: Making, depth: number): Json {
  const properties = schema['properties'];
  if (!isSchema(properties)) return {};
  const members: [string, Json][] = [];
  for (const [name, member] of Object.entries(properties)) {
    if (making.left <= 0) break;
    members.push([name, valueAt(isSchema(member) ? member : {}, making, depth + 1)]);
  }
  return Object.fromEntries(members);
}

function arrayAt(schema: Schema, making: Making, depth: number): Json {
  const least = Number(schema['minItems'] ?? 1);
  const count = Math.min(Math.max(Number.isInteger(least) ? least : 1, depth > 4 ? 0 : 1), 8);
  const items = schema['items'];
  return Array.from({ length: count }, () => valueAt(isSchema(items) ? items : {}, making, depth + 1));
}

function numberAt(schema: Schema, dice: Dice): number {
  const { minimum, maximum } = schema;
  const least = typeof minimum === 'number' ? minimum : 0;
  const most = typeof maximum === 'number' ? maximum : least + 100;
  return Math.round((least + dice() * (most - least)) * 100) / 100;
}

function stringAt(schema: Schema, dice: Dice): string {
  switch (schema['format']) {
    case 'date':
      return '2024-05-17';
    case 'date-time':
      return '2024-05-17T09:30:00Z';
    case 'email':
      return 'keeper@example.com';
    case 'uri':
      return 'https://example.com/harbour';
    default:
      return WORDS[Math.floor(dice() * WORDS.length)] ?? 'harbour';
  }
}

const WORDS = ['harbour', 'lantern', 'orchard', 'café', 'bridge', 'meadow', 'station', 'key'] as const;
