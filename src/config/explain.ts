/** What the schema refuses, in plain sentences: where, what stands there, what was expected, what was probably meant. */
import { z } from 'zod';
import { type ConfigFault, hint, nearest, quoted } from './fault.ts';
import { valueAt } from './looking.ts';
import { notes } from './scalars.ts';
import { type Path, type Source, subject } from './source.ts';

type Schema = z.core.$ZodType;
type Issue = z.core.$ZodIssue;

/** Words of other gateways and SDKs for ours; a distance in letters would not find them. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  'api-key': 'key',
  apikey: 'key',
  'api-keys': 'keys',
  'base-url': 'url',
  baseurl: 'url',
  endpoint: 'url',
  host: 'url',
  provider: 'dialect',
  type: 'dialect',
  kind: 'dialect',
  upstream: 'targets',
  upstreams: 'targets',
  backends: 'targets',
  providers: 'targets',
  servers: 'targets',
  strategy: 'balance',
  lb: 'balance',
  policy: 'balance',
  fallback: 'pools',
  fallbacks: 'pools',
  port: 'listen',
  address: 'listen',
  bind: 'listen',
  'max-retries': 'retries',
  retry: 'retries',
  logging: 'log',
};

/** Every fault the schema finds in a source. */
export function shapeFaults(schema: Schema, issues: readonly Issue[], source: Source): ConfigFault[] {
  return issues.flatMap((issue) => issueFaults(schema, issue, source));
}

function issueFaults(root: Schema, issue: Issue, source: Source): ConfigFault[] {
  if (source.isHole(issue.path)) return [];
  const value = valueAt(source.value, issue.path);
  const { schema, isOptional } = schemaAt(root, issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => source.fault([...issue.path, key], unknownSetting(key, schema), 'name'));
  }
  if (issue.code === 'invalid_key') {
    const name = String(issue.path.at(-1));
    const expected = notes.get(keySchemaAt(root, issue.path) ?? root)?.expected ?? 'a name';
    return [source.fault(issue.path, `${quoted(name)} cannot be a name here; expected ${expected}`, 'name')];
  }
  return [
    source.fault(
      issue.path,
      valueSentence(issue, value, schema, isOptional, source),
      value === undefined ? 'name' : 'value',
    ),
  ];
}

function unknownSetting(key: string, schema: Schema | undefined): string {
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const noun = (schema && notes.get(schema)?.noun) ?? 'the config';
  const other = OTHER_WORDS[key.toLowerCase().replace(/[_\s]/g, '-')];
  // A word of another gateway says more than a likeness of letters.
  const isOther = other !== undefined && known.includes(other);
  const guess = isOther ? `; did you mean "${other}"?` : hint(key, known);
  return `${quoted(key)} is not a known setting of ${noun}${guess}`;
}

function valueSentence(
  issue: Issue,
  value: unknown,
  schema: Schema | undefined,
  isOptional: boolean,
  source: Source,
): string {
  const what = subject(issue.path);
  const note = schema && notes.get(schema);
  const expected = note?.expected ?? 'another value';
  if (value === undefined) {
    const around = schemaNoun(source, issue.path);
    return `${what} is missing in ${around}; expected ${expected}`;
  }
  if (isEmpty(value)) {
    return `${what} is empty; expected ${expected}${value === null && isOptional ? ', or no such line' : ''}`;
  }
  const words = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  const written = source.writtenAt(issue.path);
  const near = written !== undefined && words.length > 0 ? nearest(written, words) : undefined;
  const guess = near === undefined ? '' : `; did you mean "${near}"?`;
  const quotes = note?.isText === true && typeof value !== 'object' ? '; put it in quotes' : '';
  return `${what} is ${shown(value, issue.path, note?.isSecret === true, source)}; expected ${expected}${guess}${quotes}`;
}

/** The value as it was written, never as it is after filling in: that may be a secret. */
function shown(value: unknown, path: Path, isSecret: boolean, source: Source): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (isSecret) return typeof value === 'string' ? 'not usable' : `a ${typeof value}`;
  return typeof value === 'string'
    ? quoted(source.writtenAt(path) ?? '')
    : (source.writtenAt(path)?.slice(0, 60) ?? '');
}

function isEmpty(value: unknown): boolean {
  return (
    value === null || (typeof value === 'string' && value.trim() === '') || (Array.isArray(value) && value.length === 0)
  );
}

/** `target "house"`, `a pool`, `the config`: what a missing setting is missing in. */
function schemaNoun(source: Source, path: Path): string {
  const [first, second] = path;
  if (first === 'targets' && typeof second === 'string' && path.length === 3) return `target ${quoted(second)}`;
  if (path.at(-3) === 'pools') return 'a pool';
  if (first === 'routes' && path.length === 3) return 'a route';
  return path.length === 1 ? source.file : String(path.at(-2));
}

/** The schema of the value at a path, out of its wrappers. */
function schemaAt(root: Schema, path: Path): { readonly schema: Schema | undefined; readonly isOptional: boolean } {
  let wrapped: Schema | undefined = root;
  for (const step of path) {
    const schema: Schema | undefined = wrapped && unwrapped(wrapped);
    if (schema instanceof z.ZodObject) wrapped = schema.shape[String(step)];
    else if (schema instanceof z.ZodRecord) wrapped = schema.valueType;
    else if (schema instanceof z.ZodArray) wrapped = schema.element;
    else wrapped = undefined;
  }
  return { schema: wrapped && unwrapped(wrapped), isOptional: wrapped instanceof z.ZodOptional };
}

function keySchemaAt(root: Schema, path: Path): Schema | undefined {
  const { schema } = schemaAt(root, path.slice(0, -1));
  return schema instanceof z.ZodRecord ? schema.keyType : undefined;
}

function unwrapped(schema: Schema): Schema {
  return schema instanceof z.ZodOptional ? unwrapped(schema.unwrap()) : schema;
}
