// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is how the config itself is written.
/** What is generated from the schema: the JSON Schema for editors, and docs/reference/config.md. */
import { z } from 'zod';
import { type Note, notes } from './scalars.ts';
import { configSchema } from './schema.ts';
import { DIALECTS } from './target-schema.ts';
import { DIALECT_URLS } from './url.ts';

type Schema = z.core.$ZodType;

/** The JSON Schema of a config file (draft 2020-12), for editors: `# yaml-language-server: $schema=…`. */
export function jsonSchema(): Record<string, unknown> {
  const made = z.toJSONSchema(configSchema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema: json }) => {
      const note: Note | undefined = notes.get(zodSchema);
      if (note?.description !== undefined) json.description = note.description;
      if (note?.standard !== undefined) json.default = note.standard;
    },
  });
  const { $schema, ...rest } = made;
  return { $schema, title: 'goodgate.yaml', ...rest };
}

/** The page that lists every setting, in Markdown. */
export function configReference(): string {
  const sections: string[] = [];
  section('The file', '', configSchema, sections);
  return `${[
    '# Config: every setting',
    '',
    '<!-- Generated from src/config by `npm run generate`. Do not edit. -->',
    '',
    'A config is one YAML file, `goodgate.yaml`. Settings that are not written have the default named here; settings that are not named here are errors.',
    '`${NAME}` in a value is the environment variable of that name, `$${` a plain `${`. Durations are written `500ms`, `10s`, `2m` or `1h`; a bare number is milliseconds, and 0 is off. Sizes are written `64KiB` or `32MiB`. Shares are written `20%`.',
    '`goodgate check` says what is wrong with a config and what will hurt later. A running Goodgate takes a changed file at once; a bad one is refused whole.',
    '',
    ...sections,
    '## Where a target is by default',
    '',
    '| dialect | url |',
    '|---|---|',
    ...DIALECTS.map((dialect) => `| \`${dialect}\` | ${DIALECT_URLS[dialect] ?? 'must be written'} |`),
  ].join('\n')}\n`;
}

/** One map: its settings in a table, then the maps within it, each once. */
function section(title: string, path: string, schema: Schema, out: string[]): void {
  if (!(schema instanceof z.ZodObject)) return;
  const nested: [string, string, Schema][] = [];
  if (path.endsWith('.timeouts')) {
    out.push(
      `## ${title}`,
      '',
      'The clocks of an attempt, `dns` to `between-bytes`, as under `timeouts`; what is not written here is as there.',
      '',
    );
    return;
  }
  out.push(`## ${title}`, '', '| setting | default | what it does |', '|---|---|---|');
  for (const [name, wrapped] of Object.entries(schema.shape)) {
    const field = bare(wrapped);
    const note = notes.get(field);
    const isRequired = !(wrapped instanceof z.ZodOptional);
    const unsaid = isRequired ? '**must be written**' : (note?.unsaid ?? '–');
    const standard = note?.standard === undefined ? unsaid : `\`${note.standard}\``;
    out.push(`| \`${name}\` | ${standard} | ${[note?.description ?? '', values(field)].filter(Boolean).join(' ')} |`);
    const [within, step] = mapWithin(field);
    if (within !== undefined) nested.push([path === '' ? name : `${path}.${name}`, step, within]);
  }
  out.push('');
  for (const [where, step, within] of nested) section(`\`${where}${step}\``, `${where}${step}`, within, out);
}

/** The words that may be written. */
function values(schema: Schema): string {
  return schema instanceof z.ZodEnum ? `One of \`${schema.options.join('`, `')}\`.` : '';
}

/** The map in a field: itself, or what its list or map of names holds. */
function mapWithin(schema: Schema): [Schema | undefined, string] {
  if (schema instanceof z.ZodObject) return [schema, ''];
  if (schema instanceof z.ZodArray) return asMap(bare(schema.element), '[]');
  if (schema instanceof z.ZodRecord) return asMap(bare(schema.valueType), '.NAME');
  return [undefined, ''];
}

function asMap(schema: Schema, step: string): [Schema | undefined, string] {
  return [schema instanceof z.ZodObject ? schema : undefined, step];
}

function bare(schema: Schema): Schema {
  return schema instanceof z.ZodOptional ? bare(schema.unwrap()) : schema;
}
