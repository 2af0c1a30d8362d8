import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { configReference, jsonSchema } from './reference.ts';
import { notes } from './scalars.ts';
import { configSchema } from './schema.ts';

type Found = { readonly path: string; readonly schema: z.core.$ZodType };

/** Every setting of the schema with its path. */
function settingsOf(schema: z.core.$ZodType, path: string): Found[] {
  if (schema instanceof z.ZodOptional) return settingsOf(schema.unwrap(), path);
  const own = [{ path, schema }];
  if (schema instanceof z.ZodObject) {
    return [...own, ...Object.entries(schema.shape).flatMap(([name, each]) => settingsOf(each, `${path}.${name}`))];
  }
  if (schema instanceof z.ZodArray) return [...own, ...settingsOf(schema.element, `${path}[]`)];
  if (schema instanceof z.ZodRecord) return [...own, ...settingsOf(schema.valueType, `${path}.NAME`)];
  return own;
}

const SETTINGS = settingsOf(configSchema, '');

test('every setting says what is expected of it, and what it does', () => {
  assert.ok(SETTINGS.length > 100);
  for (const { path, schema } of SETTINGS) {
    const note = notes.get(schema);
    assert.ok(note?.expected, `${path} says what is expected`);
    if (!path.endsWith(']') && !path.endsWith('NAME'))
      assert.match(note.description ?? '', /^[A-Z`…f].*[.…]$/s, `${path} has a description`);
    if (schema instanceof z.ZodObject) assert.ok(note.noun, `${path} has a noun`);
  }
});

test('every setting is on the page', () => {
  const page = configReference();
  for (const { path } of SETTINGS) {
    const name = /\.([a-z-]+)$/.exec(path)?.[1];
    if (name !== undefined) assert.ok(page.includes(`| \`${name}\` |`), path);
  }
});

test('the JSON Schema is closed and knows the defaults', () => {
  const schema = JSON.parse(JSON.stringify(jsonSchema()));
  assert.equal(schema.additionalProperties, false);
  assert.equal(schema.properties.listen.default, '127.0.0.1:5020');
  assert.equal(schema.properties.timeouts.properties.deadline.default, '10m');
  assert.deepEqual(schema.properties.targets.additionalProperties.required, ['dialect']);
  assert.equal(schema.properties.targets.additionalProperties.properties.timeouts.properties.dns.default, undefined);
});

test('every default that is written down is one that could be written', () => {
  const flat = SETTINGS.filter(({ schema }) => notes.get(schema)?.standard !== undefined);
  assert.ok(flat.length > 40);
  for (const { path, schema } of flat) assert.ok(z.safeParse(schema, notes.get(schema)?.standard).success, path);
});
