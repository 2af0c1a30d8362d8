import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as standard from './defaults.ts';
import { settle, type Wanted } from './resolve.ts';
import { clocksFor, type RouteSettings, type Settings, type TargetSettings } from './settings.ts';

function settled(asked: Wanted): { settings: Settings; route: RouteSettings; target: TargetSettings } {
  const settings = settle(asked, {}, undefined);
  const [route] = settings.routes;
  const target = route?.pools[0]?.targets[0];
  assert.ok(route && target);
  return { settings, route, target };
}

test('each dialect puts its key where its service looks for it', () => {
  const credential = (dialect: 'openai' | 'azure-openai' | 'anthropic') =>
    settled({ targets: { a: { dialect, url: 'https://x.example', key: 'k' } } }).target.credential;
  assert.deepEqual(credential('openai'), ['authorization', 'Bearer k']);
  assert.deepEqual(credential('azure-openai'), ['api-key', 'k']);
  assert.deepEqual(credential('anthropic'), ['x-api-key', 'k']);
});

test("a target's own clock wins over its route's, and that over the general one", () => {
  const targets = { a: { dialect: 'openai', timeouts: { 'first-part': 1 } } } as const;
  const routes = [{ pools: [{ targets: ['a'] }], timeouts: { 'first-part': 2, head: 2 } }];
  const { route, target } = settled({ targets, routes, timeouts: { 'first-part': 3, head: 3, dns: 3 } });
  const clocks = clocksFor(route, target);
  assert.deepEqual([clocks.firstPartMs, clocks.headMs, clocks.dnsMs], [1, 2, 3]);
});

test('a near target has a shorter connect clock, until somebody writes one anywhere', () => {
  const targets = { a: { dialect: 'openai', url: 'http://127.0.0.1:1' } } as const;
  const near = settled({ targets });
  assert.equal(clocksFor(near.route, near.target).connectMs, standard.CONNECT_LAN_MS);
  const said = settled({ targets, timeouts: { connect: 7_000 } });
  assert.equal(clocksFor(said.route, said.target).connectMs, 7_000);
});

test('a target behind a forward proxy is not near', () => {
  const { target } = settled({
    targets: { a: { dialect: 'openai', url: 'http://10.0.0.1', proxy: 'http://proxy.example:1' } },
  });
  assert.equal(target.isNear, false);
});

test('a route with a shorter deadline leaves half of it to another target', () => {
  const { route } = settled({
    targets: { a: { dialect: 'openai' } },
    routes: [{ pools: [{ targets: ['a'] }], deadline: 10_000 }],
  });
  assert.equal(route.clocks.firstPartMs, 5_000);
});

test('nothing asked for is the defaults, with nothing to answer yet', () => {
  const settings = settle({}, {}, undefined);
  assert.deepEqual([settings.targets, settings.routes, settings.file], [[], [], undefined]);
  assert.equal(settings.deadlineMs, standard.DEADLINE_MS);
  assert.equal(settings.hedge?.afterMs, standard.HEDGE_AFTER_MS);
});
