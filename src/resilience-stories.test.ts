/** What users of other gateways suffered from, each by the report that tells of it, played on whole routes in virtual time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answeredWith, failureIn, failureOf, playedCall, playedChance, playedTime } from './attempts/played.test.ts';
import type { CauseCode } from './diagnosis/catalogue.ts';
import { CATALOGUE } from './diagnosis/catalogue.ts';
import { type Deed, offer, route, sum, target } from './resilience.testing.ts';

const WELL: Deed = { kind: 'answer', afterMs: 50, lastsMs: 200 };
const SILENT: Deed = { kind: 'silence' };
const fail = (code: CauseCode, status: number): Deed => ({
  kind: 'fail',
  afterMs: 5,
  failure: answeredWith(code, status),
});

test('a route that hangs is left for the next one, not asked again first (hermes-agent #25689)', async () => {
  const time = playedTime();
  const dead = target('dead', () => SILENT);
  const { service } = route(time, playedChance(1), [
    { name: 'one', targets: [dead] },
    { name: 'two', targets: [target('well', () => WELL)] },
  ]);
  const call = playedCall(time);
  const answer = service(call);
  await time.pass(60_000);
  assert.equal((await answer).target, 'well');
  assert.equal(sum(dead.arrivals), 1);
  const [, second] = call.story.attempts;
  assert.ok(second !== undefined && second.startMs - call.startMs <= 30_000);
});

test('a target out of service is not asked dozens of times for one call (new-api #2899)', async () => {
  const time = playedTime();
  const targets = ['a', 'b', 'c'].map((name) => target(name, () => fail('service-error', 500)));
  const { service, pools } = route(time, playedChance(1), [{ name: 'pool', targets }]);
  for (const { seats, health } of pools) for (const seat of seats) health.rest(seat, 600_000);
  const ended = failureIn(service(playedCall(time)));
  await time.pass(60_000);
  assert.equal((await ended).code, 'service-error');
  assert.deepEqual(
    targets.map(({ arrivals }) => sum(arrivals) <= 1),
    [true, true, true],
  );
});

test('fifteen calls to targets that fail are not seventy-five (mnfst llm-gateway #1119, nanobot #2760)', async () => {
  for (const deed of [
    fail('service-error', 500),
    fail('service-unavailable', 503),
    fail('rate-limited', 429),
    SILENT,
  ]) {
    const time = playedTime();
    const targets = [target('a', () => deed), target('b', () => deed)];
    const { service } = route(time, playedChance(1), [{ name: 'pool', targets }]);
    await offer(time, service, { perSecond: 15 / 14, forMs: 14_000, thenMs: 120_000 });
    const asked = sum(targets.flatMap(({ arrivals }) => arrivals));
    assert.ok(asked <= 15 * 3, `${asked} for 15`);
  }
});

test('a mid-stream refusal with nobody to turn to ends the call, and does not spin (litellm #26015)', async () => {
  const time = playedTime();
  const cut: Deed = { kind: 'cut', afterMs: 10, lastsMs: 100, failure: answeredWith('rate-limited', 429) };
  const lone = target('a', () => cut);
  const { service } = route(time, playedChance(1), [{ name: 'pool', targets: [lone] }]);
  const tally = await offer(time, service, { perSecond: 1, forMs: 5_000 });
  assert.equal(tally.failed.length, 5);
  assert.equal(sum(lone.arrivals), 5);
});

test('silence is told as 504, not as 502 (sglang PR #30529)', async () => {
  const time = playedTime();
  const { service } = route(time, playedChance(1), [{ name: 'pool', targets: [target('a', () => SILENT)] }]);
  const ended = failureIn(service(playedCall(time)));
  await time.pass(60_000);
  assert.equal(CATALOGUE[(await ended).code].status, 504);
});

test('what the service did wrong is not told as a mistake of the caller, nor the other way round (cloudflare/ai #436, langwatch #6858)', async () => {
  for (const [deed, status] of [
    [fail('service-error', 500), 502],
    [fail('request-rejected', 400), 400],
  ] as const) {
    const time = playedTime();
    const { service } = route(time, playedChance(1), [{ name: 'pool', targets: [target('a', () => deed)] }]);
    const ended = failureIn(service(playedCall(time)));
    await time.pass(60_000);
    assert.equal(CATALOGUE[(await ended).code].status, status);
  }
});

test('an error that comes fast and will come again is not hedged (clawvisor PR #355)', async () => {
  const time = playedTime();
  const targets = ['a', 'b'].map((name) => target(name, () => fail('request-rejected', 400)));
  const { service } = route(time, playedChance(1), [{ name: 'pool', targets }]);
  const tally = await offer(time, service, { perSecond: 10, forMs: 3_000 });
  assert.equal(sum(targets.flatMap(({ arrivals }) => arrivals)), 30);
  assert.ok(tally.failed.every(({ call }) => !call.story.notes.some((note) => note.includes('hedged'))));
});

test('one failure in a hundred takes nobody out of service (new-api #4100, #4585; sglang PR #9198)', async () => {
  const time = playedTime();
  let n = 0;
  const blip = (): Deed =>
    ++n % 100 === 0 ? { kind: 'fail', afterMs: 5, failure: failureOf('closed-before-answer') } : WELL;
  const { service, pools } = route(time, playedChance(1), [
    { name: 'pool', targets: [target('a', blip), target('b', blip)] },
  ]);
  const seen = new Set<string>();
  const make = () => {
    for (const { seats } of pools) for (const { fitness } of seats) seen.add(fitness);
    return {};
  };
  const tally = await offer(time, service, { perSecond: 100, forMs: 20_000, make });
  assert.equal(tally.answered.length, 2_000);
  assert.deepEqual([...seen], ['serving']);
});
