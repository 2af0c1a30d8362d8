import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { playedAttempt, playedCall, playedChance, playedSeats, playedTime } from '../attempts/played.test.ts';
import type { Seat } from '../call/seat.ts';
import { regionChoice, regionShares } from './region.ts';

/** Seats named by region and number: `us1`, `eu2`. */
function stage(names: readonly string[]) {
  const time = playedTime();
  const seats = playedSeats(names, (name) => ({ region: name.slice(0, 2) }));
  const choose = regionChoice({ regions: ['us', 'eu'], seats, chance: playedChance(5) });
  const shareOf = (
    region: string,
    candidates: readonly Seat[] = seats.filter((seat) => seat.fitness === 'serving'),
  ) => {
    let hits = 0;
    for (let i = 0; i < 2000; i++) {
      const chosen = choose(candidates, playedCall(time));
      assert.ok(chosen.length > 0);
      if (chosen.every((seat) => seat.target.region === region)) hits += 1;
    }
    return hits / 2000;
  };
  const set = (name: string, fitness: Seat['fitness'], ramp = 1) => {
    const seat = seats.find((each) => each.target.name === name);
    assert.ok(seat !== undefined);
    seat.fitness = fitness;
    seat.effectiveWeight = seat.weight * ramp;
  };
  return { time, seats, choose, shareOf, set };
}

const near = (value: number, expected: number) =>
  assert.ok(Math.abs(value - expected) < 0.05, `${value}, not ${expected}`);

test('all is well: every call stays at home', () => {
  assert.equal(stage(['us1', 'us2', 'eu1', 'eu2']).shareOf('us'), 1);
});

test('a region stays by itself while 70 % of it is fit', () => {
  const { set, shareOf } = stage(['us1', 'us2', 'us3', 'us4', 'eu1']);
  set('us1', 'resting');
  assert.equal(shareOf('us'), 1);
});

test('below that it spills by what it lacks', () => {
  const { set, shareOf } = stage(['us1', 'us2', 'eu1', 'eu2']);
  set('us1', 'resting');
  near(shareOf('us'), 0.5 / 0.7);
});

test('a region with less than half serving is failing as a whole, and is left', () => {
  const { set, shareOf } = stage(['us1', 'us2', 'us3', 'eu1']);
  set('us1', 'resting');
  set('us2', 'resting');
  assert.equal(shareOf('us'), 0);
  assert.equal(shareOf('eu'), 1);
});

test('on the way back a region regains its calls as slowly as its targets their weight', () => {
  const { set, shareOf } = stage(['us1', 'us2', 'eu1', 'eu2']);
  set('us1', 'serving', 0.1);
  set('us2', 'serving', 0.1);
  near(shareOf('us'), 0.1 / 0.7);
  set('us1', 'serving', 0.5);
  set('us2', 'serving', 0.5);
  near(shareOf('us'), 0.5 / 0.7);
});

test('what the operator took away is not missing', () => {
  const { set, shareOf } = stage(['us1', 'us2', 'eu1']);
  set('us1', 'maintenance');
  assert.equal(shareOf('us'), 1);
});

test('a call that failed in a region tries another one next', () => {
  const { time, seats, choose } = stage(['us1', 'us2', 'eu1']);
  const call = playedCall(time);
  playedAttempt(call, 'us1', { code: 'connect-timeout' });
  const chosen = choose(
    seats.filter((seat) => seat.target.name !== 'us1'),
    call,
  );
  assert.deepEqual(
    chosen.map((seat) => seat.target.name),
    ['eu1'],
  );
});

test('if there is no other region, the same will do', () => {
  const { time, seats, choose } = stage(['us1', 'us2']);
  const call = playedCall(time);
  playedAttempt(call, 'us1', { code: 'connect-refused' });
  assert.deepEqual(
    choose(seats.slice(1), call).map((seat) => seat.target.name),
    ['us2'],
  );
});

test('everybody rests: home is as good as any', () => {
  const { seats, set, shareOf } = stage(['us1', 'us2', 'eu1', 'eu2']);
  for (const seat of seats) set(seat.target.name, 'resting');
  assert.equal(shareOf('us', seats), 1);
});

test('targets of no known region come last', () => {
  const { set, shareOf } = stage(['us1', 'ap1']);
  assert.equal(shareOf('us'), 1);
  set('us1', 'resting');
  assert.equal(shareOf('ap'), 1);
});

test('shares are shares: none below 0, all together 1', () => {
  const strength = fc
    .record({
      all: fc.nat(10),
      lost: fc.double({ min: 0, max: 1, noNaN: true }),
      ramp: fc.double({ min: 0.1, max: 1, noNaN: true }),
    })
    .map(({ all, lost, ramp }) => ({ all, serving: all * lost, effective: all * lost * ramp }));
  fc.assert(
    fc.property(fc.array(strength, { minLength: 1, maxLength: 6 }), (strengths) => {
      const shares = regionShares(strengths);
      assert.equal(shares.length, strengths.length);
      for (const share of shares) assert.ok(share >= 0 && share <= 1);
      assert.ok(Math.abs(shares.reduce((sum, each) => sum + each, 0) - 1) < 1e-9);
    }),
  );
});
