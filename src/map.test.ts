import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { FILE_LINES_MAX, FUNCTION_LINES_MAX, ROOMS, type Room } from './map.ts';

const SRC = import.meta.dirname;

type Source = { path: string; room: string; text: string; code: string; isTest: boolean };

const SOURCES: Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => {
    const text = readFileSync(join(SRC, path), 'utf8');
    // `x.testing.ts` is what tests stand on: held to nothing, and no code may import it.
    const isTest = /\.(test|testing)\.ts$/.test(path);
    return { path, room: roomOf(path), text, code: withoutCommentsAndTexts(text), isTest };
  });

/** `http1/head.ts` is in the room `http1`, `gateway.ts` is a room of its own. */
function roomOf(path: string): string {
  return (path.split('/')[0] ?? '').replace(/\.(test\.)?ts$/, '');
}

/** Code alone, line for line: comments and the insides of strings blanked, so that words in them do not count. */
function withoutCommentsAndTexts(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|\$\{[^}]*\}|[^`\\])*`/g,
    (found) => found.replace(/[^\n]/g, ' '),
  );
}

function importsOf(source: Source): string[] {
  const found = source.text.matchAll(
    /^\s*(?:import|export)\s[^'"`;]*?from\s+['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/gm,
  );
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

/** The package of `zod/v4` is `zod`, of `@scope/name/x` is `@scope/name`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function rulesOf(source: Source): Room {
  const rules: Record<string, Room | undefined> = ROOMS;
  const found = rules[source.room];
  assert.ok(found, `${source.path}: the room "${source.room}" is not on the map (src/map.ts)`);
  return found;
}

/** What is wrong with one import, or undefined. */
function importFault(source: Source, specifier: string): string | undefined {
  const rules = rulesOf(source);
  if (specifier.startsWith('.')) {
    if (specifier.endsWith('.testing.ts')) return `${specifier} is for tests`;
    const to = roomOf(relative(SRC, resolve(SRC, dirname(source.path), specifier)));
    if (to === source.room || rules.imports.includes(to)) return undefined;
    return `room "${source.room}" may not import room "${to}"`;
  }
  if (specifier.startsWith('node:')) {
    if (rules.outside !== 'nothing' || rules.node.includes(specifier)) return undefined;
    return `room "${source.room}" may not use ${specifier}`;
  }
  if (rules.packages.includes(packageOf(specifier))) return undefined;
  return `the package "${packageOf(specifier)}" does not belong to room "${source.room}"`;
}

const DOORS =
  /\b(Date\.now|new Date\(\)|performance\.now|setTimeout|setInterval|setImmediate|Math\.random|process\.(?:env|hrtime|nextTick)|queueMicrotask|fetch\()/g;

const PROCESS = /\bprocess\./g;

test('each room imports only the rooms, packages and parts of Node that the map gives it', () => {
  const faults = SOURCES.filter((source) => !source.isTest).flatMap((source) =>
    importsOf(source)
      .map((specifier) => importFault(source, specifier))
      .filter((fault) => fault !== undefined)
      .map((fault) => `${source.path}: ${fault}`),
  );
  assert.deepEqual(faults, []);
});

test('only world/ touches time, timers, chance and the environment', () => {
  const faults: string[] = [];
  for (const source of SOURCES.filter((each) => !each.isTest)) {
    const { outside } = rulesOf(source);
    if (outside === 'everything') continue;
    for (const door of source.code.matchAll(DOORS)) faults.push(`${source.path}: ${door[0]}`);
    if (outside === 'process') continue;
    for (const door of source.code.matchAll(PROCESS)) faults.push(`${source.path}: ${door[0]}`);
  }
  assert.deepEqual(faults, []);
});

test('no two rooms import each other in a circle, types apart', () => {
  const uses = new Map<string, Set<string>>();
  for (const source of SOURCES.filter((each) => !each.isTest)) {
    for (const match of source.text.matchAll(
      /^\s*(?:import|export)\s+(?!type\b)[^'"`;]*?from\s+['"](\.[^'"]+)['"]/gm,
    )) {
      // `import { type A, type B }` is erased as well.
      if (/\{(\s*type\s[^,}]+,?)+\s*\}/.test(match[0])) continue;
      const to = roomOf(relative(SRC, resolve(SRC, dirname(source.path), match[1] ?? '')));
      if (to !== source.room) uses.set(source.room, (uses.get(source.room) ?? new Set()).add(to));
    }
  }
  const path: string[] = [];
  const walk = (name: string): void => {
    assert.ok(!path.includes(name), `circle: ${[...path, name].join(' → ')}`);
    path.push(name);
    for (const next of uses.get(name) ?? []) walk(next);
    path.pop();
  };
  for (const name of uses.keys()) walk(name);
});

test(`no file is longer than ${FILE_LINES_MAX} lines`, () => {
  // A table of data is as long as what it lists.
  const long = SOURCES.filter(
    (source) => !source.isTest && !source.path.endsWith('.data.ts') && source.text.split('\n').length > FILE_LINES_MAX,
  );
  assert.deepEqual(
    long.map((source) => `${source.path}: ${source.text.split('\n').length} lines`),
    [],
  );
});

/** Names and lengths of the functions of a formatted file: one that opens at some indentation closes at the next `}` of the same. */
function functionsOf(source: Source): { line: number; length: number }[] {
  const lines = source.code.split('\n');
  const found: { line: number; length: number }[] = [];
  for (const [at, line] of lines.entries()) {
    if (!/\{\s*$/.test(line) || !/=>\s*\{\s*$|\)\s*(:[^=]*)?\{\s*$/.test(line)) continue;
    if (/^\s*(\}\s*)?(if|else|for|while|switch|catch|do|with)\b/.test(line)) continue;
    const indent = /^\s*/.exec(line)?.[0] ?? '';
    const end = lines.findIndex((later, index) => index > at && later.startsWith(`${indent}}`));
    if (end > at) found.push({ line: at + 1, length: end - at + 1 });
  }
  return found;
}

test(`no function is longer than ${FUNCTION_LINES_MAX} lines`, () => {
  const faults = SOURCES.filter((source) => !source.isTest).flatMap((source) =>
    functionsOf(source)
      .filter(({ length }) => length > FUNCTION_LINES_MAX)
      .map(({ line, length }) => `${source.path}:${line}: ${length} lines`),
  );
  assert.deepEqual(faults, []);
});
