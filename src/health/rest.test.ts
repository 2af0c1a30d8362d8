import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fixedChance, playedChance } from '../attempts/played.test.ts';
import { Rate } from './rate.ts';
import { type Begun, REST_LIMITS, Rest } from './rest.ts';

const T0 = 1_000_000;
const begun = (startMs: number): Begun => ({ startMs });

/** A rest with half luck: spells are 7.5 s, 15 s, 30 s … */
const fresh = () => new Rest(fixedChance(0.5));

/** Fails so often in a row, from `atMs` on, a millisecond apart. */
function fail(rest: Rest, atMs: number, count = 5): void {
  for (let i = 0; i < count; i++) rest.failed(atMs + i, begun(atMs + i));
}

test('five hard failures in a row rest a target, four do not', () => {
  const rest = fresh();
  fail(rest, T0, 4);
  assert.equal(rest.state(T0 + 4), 'serving');
  rest.failed(T0 + 5, begun(T0 + 5));
  assert.equal(rest.state(T0 + 5), 'resting');
  assert.equal(rest.nextMs(), T0 + 5 + 7500);
});

test('one answer between ends the row, the end of an older answer does not', () => {
  const rest = fresh();
  fail(rest, T0, 4);
  rest.answered(T0 + 10, begun(T0 + 8));
  fail(rest, T0 + 20, 4);
  assert.equal(rest.state(T0 + 30), 'serving');
  rest.answered(T0 + 40, begun(T0 - 500));
  rest.failed(T0 + 50, begun(T0 + 50));
  assert.equal(rest.state(T0 + 50), 'resting');
});

test('partial failure: below 80 % of at least 20 calls in 30 s rests, 19 calls or 85 % do not', () => {
  const mixed = (calls: number, every: number) => {
    const rest = fresh();
    for (let i = 0; i < calls; i++) {
      const atMs = T0 + i * 100;
      if (rest.state(atMs) === 'resting') return 'resting';
      if (i % every === 0) rest.failed(atMs, begun(atMs));
      else rest.answered(atMs, begun(atMs));
    }
    return rest.state(T0 + calls * 100);
  };
  assert.equal(mixed(19, 3), 'serving');
  assert.equal(mixed(25, 3), 'resting');
  assert.equal(mixed(200, 7), 'serving');
});

test('one blip rests nobody, and a rested one is asked again by itself (new-api #4100, #4585)', () => {
  const rest = fresh();
  rest.failed(T0, begun(T0));
  assert.equal(rest.state(T0), 'serving');
  fail(rest, T0 + 1);
  assert.equal(rest.state(T0 + 10_000), 'probing');
});

test('while it probes one attempt has the lease, and its answer brings the target back, slowly', () => {
  const rest = fresh();
  fail(rest, T0);
  const nowMs = T0 + 8000;
  assert.equal(rest.isDue(nowMs), true);
  const probe = begun(nowMs);
  rest.start(nowMs, probe);
  assert.equal(rest.isDue(nowMs), false);
  rest.start(nowMs, begun(nowMs));
  assert.equal(rest.answered(nowMs + 100, probe), true);
  assert.equal(rest.state(nowMs + 100), 'serving');
  assert.equal(rest.ramp(nowMs + 100), 0.1);
  assert.equal(rest.ramp(nowMs + 100 + 15_000), 0.5);
  assert.equal(rest.ramp(nowMs + 100 + 30_000), 1);
});

test('no slow start at the start of the process', () => assert.equal(fresh().ramp(T0), 1));

test('a failed probe rests it again, for longer each time, up to five minutes', () => {
  const rest = fresh();
  fail(rest, T0);
  let nowMs = T0;
  const spells: number[] = [];
  for (let i = 0; i < 8; i++) {
    nowMs = Math.max(nowMs, rest.nextMs());
    assert.equal(rest.state(nowMs), 'probing');
    const probe = begun(nowMs);
    rest.start(nowMs, probe);
    rest.failed(nowMs, probe);
    spells.push(rest.nextMs() - nowMs);
  }
  assert.deepEqual(spells, [15_000, 30_000, 60_000, 120_000, 240_000, 300_000, 300_000, 300_000]);
});

test('half of a spell is certain, half is chance', () => {
  for (let seed = 0; seed < 50; seed++) {
    const rest = new Rest(playedChance(seed));
    fail(rest, T0);
    const spellMs = rest.nextMs() - (T0 + 4);
    assert.ok(spellMs >= 5000 && spellMs < 10_000);
  }
});

test('spells are forgotten by serving well', () => {
  const rest = fresh();
  fail(rest, T0);
  const probe = begun(T0 + 8000);
  rest.start(T0 + 8000, probe);
  rest.answered(T0 + 8000, probe);
  fail(rest, T0 + 9000);
  assert.equal(rest.nextMs() - (T0 + 9004), 15_000);
  const again = begun(T0 + 30_000);
  rest.state(T0 + 30_000);
  rest.start(T0 + 30_000, again);
  rest.answered(T0 + 30_000, again);
  fail(rest, T0 + 200_000);
  assert.equal(rest.nextMs() - (T0 + 200_004), 7500);
});

test('a lost probe locks nobody out: the lease ends by itself (codex-lb PR #1857)', () => {
  const rest = fresh();
  fail(rest, T0);
  const nowMs = T0 + 8000;
  rest.state(nowMs);
  rest.start(nowMs, begun(nowMs));
  assert.equal(rest.isDue(nowMs + REST_LIMITS.leaseMs - 1), false);
  assert.equal(rest.isDue(nowMs + REST_LIMITS.leaseMs), true);
});

test('a probe that still talks thirty seconds after its first word has proven enough', () => {
  const rest = fresh();
  fail(rest, T0);
  const probe = begun(T0 + 8000);
  rest.state(T0 + 8000);
  rest.start(T0 + 8000, probe);
  rest.spoke(T0 + 8100, probe);
  assert.equal(rest.state(T0 + 8099 + REST_LIMITS.provenMs), 'probing');
  assert.equal(rest.state(T0 + 8100 + REST_LIMITS.provenMs), 'serving');
});

test('a probe that speaks and then stalls has proven nothing: it rests the target for longer', () => {
  const rest = fresh();
  fail(rest, T0);
  const probe = begun(T0 + 8000);
  rest.state(T0 + 8000);
  rest.start(T0 + 8000, probe);
  rest.spoke(T0 + 8100, probe);
  // The clock between the parts of a stream.
  assert.equal(rest.failed(T0 + 8100 + 15_000, probe), true);
  assert.equal(rest.state(T0 + 8100 + 15_000), 'resting');
});

test('a probe whose caller left gives the lease back', () => {
  const rest = fresh();
  fail(rest, T0);
  const probe = begun(T0 + 8000);
  rest.state(T0 + 8000);
  rest.start(T0 + 8000, probe);
  rest.abandoned(probe);
  assert.equal(rest.isDue(T0 + 8001), true);
});

test('what was begun before it came back says nothing about it now (litellm #30192)', () => {
  const rest = fresh();
  fail(rest, T0);
  const probe = begun(T0 + 8000);
  rest.state(T0 + 8000);
  rest.start(T0 + 8000, probe);
  rest.answered(T0 + 8000, probe);
  for (let i = 0; i < 100; i++) rest.failed(T0 + 9000 + i, begun(T0 + i));
  assert.equal(rest.state(T0 + 9200), 'serving');
});

test('an answer that was begun before the rest does not end it', () => {
  const rest = fresh();
  fail(rest, T0);
  assert.equal(rest.answered(T0 + 100, begun(T0 - 50)), false);
  assert.equal(rest.state(T0 + 100), 'resting');
  assert.equal(rest.answered(T0 + 200, begun(T0 + 150)), true);
  assert.equal(rest.state(T0 + 200), 'serving');
});

test('503 and 429 are backpressure, neutral to the breaker while others are answered (sglang PR #39464)', () => {
  const rest = fresh();
  for (let i = 0; i < 1000; i++) {
    rest.refused(T0 + i, begun(T0 + i), undefined);
    if (i % 10 === 0) rest.answered(T0 + i, begun(T0 + i));
  }
  assert.equal(rest.state(T0 + 1000), 'serving');
});

test('who refuses everybody for a second is left alone, at first for about a second', () => {
  const rest = fresh();
  rest.answered(T0, begun(T0));
  for (let i = 1; i <= 11; i++) rest.refused(T0 + i * 100, begun(T0 + i * 100), undefined);
  assert.equal(rest.state(T0 + 1100), 'resting');
  assert.equal(rest.cause, 'refusals');
  assert.equal(rest.nextMs() - (T0 + 1000), 750);
  const probe = begun(T0 + 1800);
  rest.state(T0 + 1800);
  rest.start(T0 + 1800, probe);
  rest.refused(T0 + 1800, probe, undefined);
  assert.equal(rest.nextMs() - (T0 + 1800), 1500);
});

test('twenty refusals in a row need no second to be believed', () => {
  const rest = fresh();
  rest.answered(T0, begun(T0));
  for (let i = 1; i < 20; i++) assert.equal(rest.refused(T0 + i, begun(T0 + i), undefined), false);
  assert.equal(rest.refused(T0 + 20, begun(T0 + 20), undefined), true);
});

test('a Retry-After of a spent window rests at the first refusal, and is not undercut', () => {
  const rest = fresh();
  assert.equal(rest.refused(T0, begun(T0), 20_000), true);
  assert.ok(rest.nextMs() >= T0 + 20_000 && rest.nextMs() <= T0 + 22_000);
  assert.equal(fresh().refused(T0, begun(T0), 1000), false);
});

test('a second failure keeps the longer rest, never the first, shorter one (litellm #40130)', () => {
  const rest = fresh();
  rest.refused(T0, begun(T0), 10_000);
  rest.refused(T0 + 1, begun(T0), 60_000);
  assert.ok(rest.nextMs() >= T0 + 60_000);
  rest.refused(T0 + 2, begun(T0), 5000);
  assert.ok(rest.nextMs() >= T0 + 60_000);
});

test('a rest that is told while it rests already ends at the later of both', () => {
  const rest = fresh();
  rest.rest(T0, 60_000);
  rest.rest(T0 + 1000, 10_000);
  assert.equal(rest.nextMs(), T0 + 60_000);
});

test('what happened before a rest does not bring the next one about', () => {
  const rest = fresh();
  let atMs = T0;
  for (; rest.state(atMs) === 'serving'; atMs += 100) {
    if (atMs % 300 === 0) rest.answered(atMs, begun(atMs));
    else rest.failed(atMs, begun(atMs));
    if (atMs > T0 + 10_000) assert.fail('it never rested');
  }
  const nowMs = rest.nextMs();
  rest.state(nowMs);
  const probe = begun(nowMs);
  rest.start(nowMs, probe);
  rest.answered(nowMs, probe);
  rest.failed(nowMs + 10, begun(nowMs + 10));
  assert.equal(rest.state(nowMs + 10), 'serving');
});

test('an absurd Retry-After is believed for an hour at most', () => {
  const rest = fresh();
  rest.refused(T0, begun(T0), 1e12);
  assert.ok(rest.nextMs() <= T0 + 3_960_000);
});

test('a refused credential rests after three in a row, and a probe finds out whether it was mended', () => {
  const rest = fresh();
  for (let i = 0; i < 3; i++) rest.unauthorised(T0 + i, begun(T0 + i));
  assert.equal(rest.state(T0 + 3), 'resting');
  assert.equal(rest.cause, 'credential');
  assert.ok(rest.nextMs() >= T0 + 60_000);
});

test('the operator rests and wakes; an answer does not overrule his rest, one failure does his waking', () => {
  const rest = fresh();
  rest.rest(T0, 60_000);
  rest.answered(T0 + 100, begun(T0 + 50));
  assert.equal(rest.state(T0 + 100), 'resting');
  rest.wake(T0 + 200);
  assert.equal(rest.state(T0 + 200), 'serving');
  rest.failed(T0 + 300, begun(T0 + 300));
  assert.equal(rest.state(T0 + 300), 'resting');
});

// ---- the same, against a model: whatever happens in whatever order -------------------------------------------------

type Model = { nowMs: number; attempts: Begun[] };

type Step = { readonly waitMs: number; readonly act: string; readonly nth: number };

const steps = fc.array(
  fc.record<Step>({
    waitMs: fc.oneof(fc.nat(50), fc.nat(5000), fc.nat(60_000)),
    act: fc.constantFrom(
      'start',
      'start',
      'answer',
      'fail',
      'fail',
      'fail',
      'refuse',
      'refuse-long',
      'key',
      'leave',
      'silent',
      'spoke',
      'rest',
      'wake',
    ),
    nth: fc.nat(7),
  }),
  { maxLength: 150 },
);

test('whatever happens: states follow one another as they may, leases end, rests end, and the ramp is a share', () => {
  fc.assert(
    fc.property(steps, fc.nat(1000), (plan, seed) => {
      const rest = new Rest(playedChance(seed));
      const model: Model = { nowMs: T0, attempts: [] };
      let before = rest.state(T0);
      for (const { waitMs, act, nth } of plan) {
        model.nowMs += waitMs;
        const { nowMs } = model;
        const passed = rest.state(nowMs);
        // By time alone: resting → probing, and probing → serving for a probe that speaks.
        if (before === 'serving') assert.equal(passed, 'serving');
        if (before === 'resting') assert.notEqual(passed, 'serving');
        const attempt = model.attempts[nth] ?? begun(nowMs);
        if (act === 'start') {
          model.attempts.unshift(begun(nowMs));
          model.attempts.length = Math.min(model.attempts.length, 8);
          rest.start(nowMs, model.attempts[0] ?? attempt);
          if (passed === 'probing') assert.equal(rest.isDue(nowMs), false);
        } else perform(rest, act, nowMs, attempt);
        const after = rest.state(nowMs);
        // Nothing but the end of its rest makes a target probe.
        if (after === 'probing') assert.equal(passed, 'probing');
        if (after === 'resting') assert.ok(rest.nextMs() > nowMs && rest.nextMs() <= nowMs + 4_000_000);
        if (after === 'probing') assert.ok(rest.isDue(nowMs) || rest.nextMs() <= nowMs + REST_LIMITS.provenMs);
        const ramp = rest.ramp(nowMs);
        assert.ok(ramp >= 0.1 && ramp <= 1);
        before = after;
      }
      // Left alone, any rest ends in a probe or in service.
      assert.notEqual(rest.state(model.nowMs + 4_000_000), 'resting');
    }),
    { numRuns: 300 },
  );
});

function perform(rest: Rest, act: string, nowMs: number, attempt: Begun): void {
  switch (act) {
    case 'answer':
      rest.answered(nowMs, attempt);
      return;
    case 'fail':
      rest.failed(nowMs, attempt);
      return;
    case 'silent':
      rest.struck(nowMs, attempt);
      return;
    case 'refuse':
      rest.refused(nowMs, attempt, undefined);
      return;
    case 'refuse-long':
      rest.refused(nowMs, attempt, 30_000);
      return;
    case 'key':
      rest.unauthorised(nowMs, attempt);
      return;
    case 'leave':
      rest.abandoned(attempt);
      return;
    case 'spoke':
      rest.spoke(nowMs, attempt);
      return;
    case 'rest':
      rest.rest(nowMs, 10_000);
      return;
    default:
      rest.wake(nowMs);
  }
}

test('the rate counts exactly what the last 30 s hold, to the tenth', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(4000), fc.boolean()), { maxLength: 200 }), (plan) => {
      const rate = new Rate();
      const events: { atMs: number; isGood: boolean }[] = [];
      let nowMs = T0;
      for (const [waitMs, isGood] of plan) {
        nowMs += waitMs;
        rate.add(nowMs, isGood);
        events.push({ atMs: nowMs, isGood });
        const fromMs = (Math.floor(nowMs / 3000) - 9) * 3000;
        const lately = events.filter(({ atMs }) => atMs >= fromMs);
        assert.equal(rate.total(nowMs), lately.length);
        assert.equal(rate.share(nowMs), lately.filter((each) => each.isGood).length / lately.length);
      }
    }),
  );
});
