/**
 * The cases of this room: `cases/*.case`, each a config above a dashed line and below it what becomes of it: the faults, or the warnings and
 * the settings as far as they differ from the defaults. After a wanted change, write them anew with
 * `UPDATE_CASES=1 node --test src/config/cases.test.ts` and read the difference.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { realWorld } from '../world/real.ts';
import type { Env } from './environment.ts';
import { faultLines } from './fault.ts';
import { findingLine, lint } from './lint.ts';
import { loadConfig } from './load.ts';
import { printable, withoutFilled } from './printable.ts';
import { resolve, settle } from './resolve.ts';
import type { PoolSettings, RouteSettings, Settings, TargetSettings } from './settings.ts';

const CASES = join(import.meta.dirname, 'cases');
const LINE = '----------';

/** Everything secret says so, so that one search finds a leak. */
const ENV: Env = {
  OPENAI_API_KEY: 'sk-S3CR3T-openai',
  AZURE_OPENAI_API_KEY: 'S3CR3T-azure',
  ANTHROPIC_API_KEY: 'S3CR3T-anthropic',
  BROKEN_KEY: 'S3CR3T\nx-injected: yes',
  BEARER_KEY: 'Bearer S3CR3T',
  EMPTY: '',
  BLANK: '  ',
  HOST: 'models.S3CR3T.example',
  PORT_TOO_LARGE: 'http://S3CR3T.example:70000',
  LISTEN: '127.0.0.1:6000',
  TRICKY: 'S3CR3T: {a: [1, "x',
};

const fixture = (name: string): string =>
  readFileSync(join(import.meta.dirname, '..', 'http1', 'fixtures', name), 'utf8');

const FILES: Readonly<Record<string, string>> = {
  'company.pem': fixture('good.pem'),
  'cert.pem': fixture('good.pem'),
  '/etc/key.pem': fixture('good-key.pem'),
  'other-key.pem': fixture('other-key.pem'),
  'damaged.pem': fixture('good.pem').replace('MII', 'MIA'),
  'damaged-key.pem': fixture('good-key.pem').replace('MIG', 'MAG'),
  'notes.txt': 'nothing of the kind',
};

const files = (config: string) => ({
  read: async (path: string): Promise<string> => {
    const text = path === 'goodgate.yaml' ? config : FILES[path];
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return text;
  },
});

/** What becomes of a config, as the cases show it. */
async function outcomeOf(config: string): Promise<string> {
  const loaded = await loadConfig({ files: files(config), env: ENV }, 'goodgate.yaml');
  if (loaded.kind === 'faults') return faultLines(loaded.faults).join('\n');
  const shown = withoutFilled(settingsShown(printable(resolve(loaded.config))), loaded.config.filled);
  return [...lint(loaded.config).map(findingLine), json(shown, 2)].join('\n');
}

/** JSON with the outer `depth` levels unfolded: a target a line, a route a line. */
function json(value: unknown, depth: number, indent = ''): string {
  if (typeof value !== 'object' || value === null || depth === 0 || Object.keys(value).length === 0) {
    return JSON.stringify(value, undefined, 1).replace(/\n\s*/g, ' ');
  }
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const items = Object.entries(value).map(([name, each]) => {
    const label = Array.isArray(value) ? '' : `${JSON.stringify(name)}: `;
    return `${indent}  ${label}${json(each, /^(targets|routes)$/.test(name) || depth < 2 ? depth - 1 : 0, `${indent}  `)}`;
  });
  return `${open}\n${items.join(',\n')}\n${indent}${close}`;
}

const STANDARD = printable(settle({}, {}, 'goodgate.yaml'));

/** The settings as far as they differ from the defaults; pools name their targets. */
function settingsShown(settings: Settings): unknown {
  const { targets, routes, ...rest } = settings;
  const differing = Object.entries(rest).flatMap(([name, value]) => {
    const standard: unknown = Reflect.get(STANDARD, name);
    const shown = differences(value, standard);
    return shown === undefined ? [] : [[name, shown]];
  });
  return {
    ...Object.fromEntries(differing),
    targets: Object.fromEntries(targets.map((target) => [target.name, targetShown(target)])),
    routes: routes.map((route) => routeShown(route, settings)),
  };
}

function differences(value: unknown, standard: unknown): unknown {
  if (JSON.stringify(value) === JSON.stringify(standard)) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if (typeof standard !== 'object' || standard === null) return value;
  const pairs = Object.entries(value).filter(
    ([name, each]) => JSON.stringify(each) !== JSON.stringify(Reflect.get(standard, name)),
  );
  return Object.fromEntries(pairs);
}

function targetShown({ name: _, credentials, ...target }: TargetSettings): unknown {
  const { host, port, isSecure, ...more } = target.origin;
  const address = `${isSecure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const usual = {
    fields: [],
    fieldsDefault: [],
    clocks: {},
    weight: 1,
    isCallerCredentialPassed: false,
    isNear: false,
    credential: [],
  };
  return {
    ...Object.fromEntries(
      Object.entries(target).filter(([key, each]) => JSON.stringify(each) !== JSON.stringify(Reflect.get(usual, key))),
    ),
    origin: Object.keys(more).length === 0 ? address : { address, ...more },
    ...(credentials.length > 1 ? { credentials } : {}),
  };
}

function routeShown(
  { pools, largerContext, clocks, deadlineMs, paths, ...route }: RouteSettings,
  settings: Settings,
): unknown {
  return {
    ...route,
    ...(largerContext === undefined ? {} : { largerContext: poolShown(largerContext, settings) }),
    ...(paths.length === 0 ? {} : { paths }),
    ...(deadlineMs === settings.deadlineMs ? {} : { deadlineMs }),
    clocks: differences(clocks, settings.clocks),
    pools: pools.map((pool) => poolShown(pool, settings)),
  };
}

function poolShown({ targets, regions, ...pool }: PoolSettings, settings: Settings): unknown {
  const names = targets.map(({ name, weight }) => {
    const own = settings.targets.find((target) => target.name === name)?.weight;
    return weight === own ? name : `${name} × ${weight}`;
  });
  return { ...pool, ...(regions.length === 0 ? {} : { regions }), targets: names };
}

const world = realWorld();
const { UPDATE_CASES } = world.env;
const isUpdating = UPDATE_CASES === '1';
const names = readdirSync(CASES).filter((name) => name.endsWith('.case'));

test('there are cases', () => assert.ok(names.length >= 60, `${names.length} cases`));

for (const name of names) {
  test(`case ${name.replace('.case', '').replaceAll('-', ' ')}`, async () => {
    const path = join(CASES, name);
    const text = await world.files.read(path);
    const [config = '', expected = ''] = text.split(`${LINE}\n`);
    const outcome = await outcomeOf(config);
    assert.ok(!/s3cr3t/i.test(outcome), `a secret is shown: ${outcome}`);
    if (isUpdating) await world.files.write(path, `${config}${LINE}\n${outcome}\n`);
    else assert.equal(outcome, expected.trimEnd());
  });
}
