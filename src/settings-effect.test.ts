/** Every setting of retries, hedging and overload changes what happens: the same play with it and without it has another end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answeredWith, failureOf, playedCall, playedChance, playedTime, refused } from './attempts/played.test.ts';
import type { Wanted } from './config/resolve.ts';
import { rawExchange } from './drill/raw-client.ts';
import { chatRequest, GATEWAY, staged } from './gateway.testing.ts';
import { type Deed, offer, type PlayedTarget, route, sum, target } from './resilience.testing.ts';

type Config = Omit<Wanted, 'targets' | 'routes'>;

const WELL: Deed = { kind: 'answer', afterMs: 50 };
const fail = (failure = failureOf('closed-before-answer')): Deed => ({ kind: 'fail', afterMs: 1, failure });
const failing = (name: string, failure = failureOf('closed-before-answer')) => target(name, () => fail(failure));
const busy = (retryAfterS?: string) =>
  answeredWith('service-unavailable', 503, retryAfterS === undefined ? [] : ['retry-after', retryAfterS]);

/** One call over some targets: how often each try was made, when it was over, and how. */
async function oneCall(config: Config, pools: readonly (readonly PlayedTarget[])[], isStream = false): Promise<string> {
  const time = playedTime();
  const plans = pools.map((targets, nth) => ({ name: `pool${nth}`, targets }));
  const { service } = route(time, playedChance(7), plans, config);
  const call = playedCall(time, { isStream });
  let end = 'open';
  service(call).then(
    () => {
      end = `answered after ${Math.round(time.clock.now() - call.startMs)}`;
    },
    (failure) => {
      end = `${failure.code} after ${Math.round(time.clock.now() - call.startMs)}`;
    },
  );
  await time.pass(120_000);
  return `${call.story.attempts.length} attempts, ${end}`;
}

/** A second of calls over a pool: what its targets were sent, and how many were answered. */
async function manyCalls(
  config: Config,
  targets: readonly PlayedTarget[],
  perSecond = 100,
  forMs = 1000,
): Promise<string> {
  const time = playedTime();
  const { service } = route(time, playedChance(7), [{ name: 'pool', targets }], config);
  const tally = await offer(time, service, { perSecond, forMs, thenMs: 100 });
  const before = sum(targets.flatMap(({ arrivals }) => arrivals));
  await time.pass(60_000);
  const codes = [...new Set(tally.failed.map(({ failure }) => failure.code))].sort().join();
  const slowest = Math.round(Math.max(0, ...tally.answered.map(({ tookMs }) => tookMs)));
  return `${before} sent soon, ${tally.answered.length} answered, the slowest in ${slowest}, failed with ${codes}`;
}

/** Takes few at a time and is busy with each for long. */
const narrow = () =>
  target('a', (_, __, inFlight) => (inFlight >= 2 ? fail(busy()) : { kind: 'answer', afterMs: 50, lastsMs: 1_000 }));

const slow = (afterMs: number) => target('a', () => ({ kind: 'answer', afterMs }));
const secondBest = () => target('b', () => WELL);

/** Warms up what is learned of the time to a first part, then lets one call hang. */
async function hedged(config: Config, usualMs: number): Promise<string> {
  const time = playedTime();
  let isHanging = false;
  const deed = (): Deed => (isHanging ? { kind: 'silence' } : { kind: 'answer', afterMs: usualMs });
  const targets = [target('a', deed), target('b', deed)];
  const { service } = route(time, playedChance(7), [{ name: 'pool', targets }], config);
  const make = () => ({ isStream: true });
  await offer(time, service, { perSecond: 20, forMs: 5_000, thenMs: 10_000, make });
  isHanging = true;
  const call = playedCall(time, { isStream: true });
  service(call).catch(() => undefined);
  await time.pass(30_000);
  return String(
    call.story.attempts[1] === undefined ? 'never' : Math.round(call.story.attempts[1].startMs - call.startMs),
  );
}

type Play = (config: Config) => Promise<string>;

const PLAYS: readonly (readonly [name: string, config: Config, play: Play])[] = [
  ['retries.attempts', { retries: { attempts: 1 } }, (config) => oneCall(config, [[failing('a'), secondBest()]])],
  [
    'retries.attempts, of one target',
    { retries: { attempts: 5 } },
    (config) => oneCall(config, [[failing('a', busy('1'))]]),
  ],
  [
    'retries.free-attempts',
    { retries: { 'free-attempts': 0, attempts: 1 } },
    (config) => oneCall({ retries: { attempts: 1, ...config.retries } }, [[failing('a', refused())]]),
  ],
  ['retries.budget', { retries: { budget: 0.9 } }, (config) => manyCalls(config, [failing('a')])],
  ['retries.budget-per-second', { retries: { 'budget-per-second': 1 } }, (config) => manyCalls(config, [failing('a')])],
  ['retries.budget-window', { retries: { 'budget-window': 1000 } }, (config) => manyCalls(config, [failing('a')])],
  [
    'retries.backoff-near',
    { retries: { 'backoff-near': 900 } },
    (config) =>
      oneCall(config, [[target('a', () => fail(), { origin: { host: '10.0.0.9', port: 80, isSecure: false } })]]),
  ],
  ['retries.backoff-far', { retries: { 'backoff-far': 900 } }, (config) => oneCall(config, [[failing('a')]])],
  [
    'retries.backoff-throttled',
    { retries: { 'backoff-throttled': 100 } },
    (config) => oneCall(config, [[failing('a', busy())]]),
  ],
  [
    'retries.backoff-max',
    { retries: { 'backoff-max': 10_000 } },
    (config) => oneCall(config, [[failing('a', busy())]]),
  ],
  [
    'retries.retry-after-max',
    { retries: { 'retry-after-max': 10_000 } },
    (config) => oneCall(config, [[failing('a', busy('8'))]]),
  ],
  ['hedge.mode', { hedge: { mode: 'off' } }, (config) => hedged(config, 100)],
  ['hedge.after', { hedge: { after: 3_000 } }, (config) => oneCall(config, [[slow(20_000), secondBest()]], true)],
  ['hedge.after-min', { hedge: { 'after-min': 500 } }, (config) => hedged(config, 100)],
  ['hedge.after-max', { hedge: { 'after-max': 5_000 } }, (config) => hedged(config, 4_000)],
  ['overload.concurrency', { overload: { concurrency: 1 } }, (config) => manyCalls(config, [slow(30)])],
  ['overload.waiting', { overload: { waiting: 3 } }, (config) => manyCalls(config, [narrow()])],
  ['overload.wait', { overload: { wait: 500 } }, (config) => manyCalls(config, [narrow()], 20)],
  [
    'overload.wait-elsewhere',
    { overload: { 'wait-elsewhere': 2_000 } },
    async (config) => {
      const time = playedTime();
      const a = target('a', () => ({ kind: 'answer', afterMs: 50, lastsMs: 1_000 }));
      const plans = [
        { name: 'one', targets: [a] },
        { name: 'two', targets: [secondBest()] },
      ];
      const { service } = route(time, playedChance(7), plans, { overload: { concurrency: 1, ...config.overload } });
      await offer(time, service, { perSecond: 10, forMs: 200, thenMs: 5_000 });
      return String(sum(a.arrivals));
    },
  ],
];

for (const [name, config, play] of PLAYS) {
  test(`${name} takes effect`, async () => {
    const [without, withIt] = [await play({}), await play(config)];
    assert.notEqual(withIt, without);
  });
}

/** What a caller finds who had a stream, or left in the middle of it, and comes back 5 s later: the same reply, or another one. */
async function comesBack(config: string, { key, isLeft }: { key?: string; isLeft?: boolean }): Promise<string> {
  let found = '';
  await staged({ targets: 1, config, paceWordsPerS: 1 }, async ({ callers, get, sleep, upstreams }) => {
    const fields = key === undefined ? [] : [`idempotency-key: "${key}"`];
    const request = chatRequest({ isStream: true, words: 20, fields });
    // Between two words is a second of silence: who has no patience leaves after the first.
    const quietMs = isLeft === true ? 500 : 60_000;
    const { text } = await rawExchange(callers, GATEWAY, request, { firstMs: 60_000, quietMs });
    await sleep(5_000);
    const id = /^x-request-id: (\S+)/im.exec(text)?.[1] ?? '';
    if (key === undefined) found = String((await get(`/goodgate/calls/${id}/stream`)).status);
    else await rawExchange(callers, GATEWAY, request, { firstMs: 60_000, quietMs: 60_000 });
    found += `, asked ${upstreams[0]?.counters.requests} times`;
  });
  return found;
}

const STREAMS: readonly (readonly [name: string, value: string, caller: { key?: string; isLeft?: boolean }])[] = [
  ['replay-memory', '0', { key: 'one' }],
  ['replay-keep', '1s', { key: 'one' }],
  ['announced-orphan', '1s', { key: 'one', isLeft: true }],
  ['orphan', '60s', { isLeft: true }],
];

for (const [name, value, caller] of STREAMS) {
  test(`streams.${name} takes effect`, async () => {
    const [without, withIt] = [
      await comesBack('', caller),
      await comesBack(`streams: { ${name}: ${value} }\n`, caller),
    ];
    assert.notEqual(withIt, without);
  });
}

test('limits.target-connections takes effect', async () => {
  const play = async (config: string) => {
    let codes = '';
    await staged({ targets: 1, config }, async ({ chat }) => {
      const answers = await Promise.all([chat({}), chat({}), chat({})]);
      codes = answers.map(({ status }) => status).join();
    });
    return codes;
  };
  assert.equal(await play(''), '200,200,200');
  const withIt = await play('limits: { target-connections: 1 }\nretries: { free-attempts: 0, attempts: 1 }\n');
  assert.match(withIt, /200/);
  assert.match(withIt, /50\d/);
});
