/** The contract of every picker. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  answeredWith,
  type PlayedTime,
  playedAttempt,
  playedCall,
  playedChance,
  playedSeats,
  playedTime,
  refused,
} from '../attempts/played.test.ts';
import type { Call } from '../call/call.ts';
import { ANSWERED } from '../call/reply.ts';
import type { Seat } from '../call/seat.ts';
import { ipHash } from './ip-hash.ts';
import { latency } from './latency.ts';
import { leastConnections } from './least-connections.ts';
import { load } from './load.ts';
import type { Picker } from './picker.ts';
import { prefix } from './prefix.ts';
import { roundRobin } from './round-robin.ts';

type Make = (time: PlayedTime, seats: readonly Seat[], seed?: number) => Picker;

const PICKERS: Record<string, Make> = {
  'round-robin': (_, seats, seed) => roundRobin({ seats: seats.length, chance: playedChance(seed) }),
  'least-connections': ({ clock }, _, seed) => leastConnections({ clock, chance: playedChance(seed) }),
  'ip-hash': ({ clock }, seats) => ipHash({ clock, seats }),
  latency: ({ clock }, _, seed) => latency({ clock, chance: playedChance(seed) }),
  prefix: ({ clock }, seats) => prefix({ clock, seats }),
};

/** Those that send the same caller or prompt to the same target. */
const BY_KEY = ['ip-hash', 'prefix'];

/** The nth call: a caller and a prompt of its own. */
function callOf(time: PlayedTime, n: number): Call {
  const ip = `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
  const body = new TextEncoder().encode(`{"model":"m","messages":[{"role":"system","content":"prompt number ${n}"}]}`);
  return playedCall(time, { body, caller: { ip, credential: undefined } });
}

/** Calls that overlap: each lasts as long as its target takes, `inFlight` are under way at a time. */
async function run(
  picker: Picker,
  time: PlayedTime,
  seats: readonly Seat[],
  plan: {
    calls: number;
    inFlight: number;
    ms?: (seat: Seat) => number;
    fails?: (seat: Seat) => boolean;
    stepMs?: number;
  },
): Promise<Map<string, number>> {
  const counts = new Map<string, number>(seats.map((seat) => [seat.target.name, 0]));
  let running = 0;
  for (let n = 0; n < plan.calls; n++) {
    while (running >= plan.inFlight) await time.pass(plan.stepMs ?? 5);
    const call = callOf(time, n);
    const seat = picker.pick(seats, call);
    assert.ok(seat !== undefined);
    counts.set(seat.target.name, (counts.get(seat.target.name) ?? 0) + 1);
    const attempt = playedAttempt(call, seat.target.name, { startMs: time.clock.now() });
    load.start(seat, call, attempt);
    running += 1;
    const isBad = plan.fails?.(seat) ?? false;
    time.timers.after(isBad ? 1 : (plan.ms?.(seat) ?? 50), () => {
      running -= 1;
      attempt.endMs = time.clock.now();
      if (isBad) {
        load.end(seat, call, attempt, { kind: 'failed', failure: refused() });
        return;
      }
      attempt.firstPartMs = time.clock.now();
      load.spoke(seat, call, attempt);
      load.end(seat, call, attempt, ANSWERED);
    });
  }
  await time.pass(60_000);
  return counts;
}

const share = (counts: Map<string, number>, name: string): number => {
  const total = [...counts.values()].reduce((sum, each) => sum + each, 0);
  return (counts.get(name) ?? 0) / total;
};

for (const [name, make] of Object.entries(PICKERS)) {
  describe(name, () => {
    test('picks only among those it is given, and nobody from an empty list', () => {
      const time = playedTime();
      const seats = playedSeats(['a', 'b', 'c', 'd', 'e']);
      const picker = make(time, seats);
      assert.equal(picker.pick([], callOf(time, 0)), undefined);
      fc.assert(
        fc.property(fc.subarray(seats, { minLength: 1 }), fc.nat(1e6), (some, n) => {
          const seat = picker.pick(some, callOf(time, n));
          assert.ok(seat !== undefined && some.includes(seat));
        }),
      );
    });

    test('changes no seat and not the list', () => {
      const time = playedTime();
      const seats = playedSeats(['a', 'b', 'c']);
      const before = JSON.stringify(seats);
      const picker = make(time, Object.freeze(seats));
      for (let n = 0; n < 100; n++) picker.pick(seats, callOf(time, n));
      assert.equal(JSON.stringify(seats), before);
    });

    test('equal targets share evenly', async () => {
      const time = playedTime();
      const seats = playedSeats(['a', 'b', 'c', 'd']);
      const counts = await run(make(time, seats), time, seats, { calls: 4000, inFlight: 40 });
      for (const seat of seats) {
        const part = share(counts, seat.target.name);
        assert.ok(Math.abs(part - 0.25) < 0.06, `${seat.target.name} got ${part}`);
      }
    });

    test('weights are honoured', async () => {
      const time = playedTime();
      const seats = playedSeats(['a', 'b', 'c'], (each) => ({ weight: each === 'a' ? 3 : each === 'b' ? 2 : 1 }));
      const counts = await run(make(time, seats), time, seats, { calls: 6000, inFlight: 60 });
      for (const [each, weight] of [
        ['a', 3],
        ['b', 2],
        ['c', 1],
      ] as const) {
        const part = share(counts, each);
        assert.ok(Math.abs(part - weight / 6) < 0.08, `${each} got ${part} for ${weight} of 6`);
      }
    });

    test('weights are honoured where calls come one at a time, and who is in slow start gets its little', async () => {
      const time = playedTime();
      const seats = playedSeats(['a', 'b', 'c'], (each) => ({ weight: each === 'a' ? 3 : 1 }));
      const [, , back] = seats;
      assert.ok(back !== undefined);
      back.effectiveWeight = 0.1;
      const counts = await run(make(time, seats), time, seats, { calls: 6000, inFlight: 1 });
      assert.ok(Math.abs(share(counts, 'a') - 3 / 4.1) < 0.08, `a got ${share(counts, 'a')}`);
      assert.ok(share(counts, 'c') > 0.005 && share(counts, 'c') < 0.06, `c got ${share(counts, 'c')}`);
    });

    test('a target in slow start gets no more than about its part, however fast and idle it is', async () => {
      const time = playedTime();
      const seats = playedSeats(['a', 'b', 'back']);
      const [, , back] = seats;
      assert.ok(back !== undefined);
      back.effectiveWeight = 0.1;
      const ms = (seat: Seat) => (seat === back ? 5 : 50);
      const counts = await run(make(time, seats), time, seats, { calls: 6000, inFlight: 60, ms });
      const part = share(counts, 'back');
      // 1 of 21 by weight. Those that go by load see a target ten times as fast ten times as free, and may use it.
      const most = name === 'least-connections' ? 0.35 : 0.09;
      assert.ok(part > 0.005 && part < most, `it got ${part}`);
    });

    test('a target that fails at once attracts nothing', async () => {
      const time = playedTime();
      const seats = playedSeats(['well', 'also', 'bad']);
      const fails = (seat: Seat) => seat.target.name === 'bad';
      const counts = await run(make(time, seats), time, seats, { calls: 3000, inFlight: 30, fails });
      const part = share(counts, 'bad');
      // Round-robin does not look at load and leaves it its share, and no more; it is health that takes it out.
      assert.ok(part < (name === 'round-robin' ? 0.34 : 0.05), `it got ${part}`);
    });

    test('the same seed picks the same', () => {
      const pick = () => {
        const time = playedTime();
        const seats = playedSeats(['a', 'b', 'c']);
        const picker = make(time, seats, 42);
        return Array.from({ length: 200 }, (_, n) => {
          const seat = picker.pick(seats, callOf(time, n));
          if (seat !== undefined) seat.inFlight += 1;
          return seat?.target.name;
        }).join();
      };
      assert.equal(pick(), pick());
    });

    test('one target of many is no bottleneck: no seat is above 1.4 times its share when calls overlap', async () => {
      const time = playedTime();
      const seats = playedSeats(Array.from({ length: 10 }, (_, n) => `t${n}`));
      let worst = 0;
      const picker = make(time, seats);
      const watched: Picker = {
        pick(candidates, call) {
          const seat = picker.pick(candidates, call);
          const all = seats.reduce((sum, each) => sum + each.inFlight, 0);
          if (seat !== undefined && all >= 100) worst = Math.max(worst, (seat.inFlight + 1) / ((all + 1) / 10));
          return seat;
        },
      };
      await run(watched, time, seats, { calls: 3000, inFlight: 120 });
      // Two of chance keep within twice; the others hold an exact bound.
      assert.ok(worst < (name === 'latency' ? 2.2 : 1.4), `${worst}`);
    });
  });
}

for (const name of BY_KEY) {
  const make = PICKERS[name] as Make;

  test(`${name}: the same key stays where it is`, () => {
    const time = playedTime();
    const seats = playedSeats(['a', 'b', 'c', 'd']);
    const picker = make(time, seats);
    for (let n = 0; n < 100; n++) {
      const first = picker.pick(seats, callOf(time, n));
      for (let again = 0; again < 5; again++) assert.equal(picker.pick(seats, callOf(time, n)), first);
    }
  });

  test(`${name}: when a target goes only its keys move, and when it returns they come back`, () => {
    const time = playedTime();
    const seats = playedSeats(['a', 'b', 'c', 'd', 'e']);
    const picker = make(time, seats);
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(4), (n, gone) => {
        const home = picker.pick(seats, callOf(time, n));
        const rest = seats.filter((_, index) => index !== gone);
        const moved = picker.pick(rest, callOf(time, n));
        if (home !== seats[gone]) assert.equal(moved, home);
        assert.equal(picker.pick(seats, callOf(time, n)), home);
      }),
    );
  });

  test(`${name}: nobody is loaded above 1.25 times his share, though all keys are the same`, () => {
    const time = playedTime();
    const seats = playedSeats(['a', 'b', 'c', 'd']);
    const picker = make(time, seats);
    for (let n = 1; n <= 400; n++) {
      const seat = picker.pick(seats, callOf(time, 7));
      assert.ok(seat !== undefined);
      seat.inFlight += 1;
      assert.ok(seat.inFlight <= Math.ceil((1.25 * n) / 4), `${seat.inFlight} of ${n}`);
    }
  });
}

test('round-robin: smooth weighted picks are exact over a round and never bunched', () => {
  const time = playedTime();
  const seats = playedSeats(['a', 'b', 'c'], (each) => ({ weight: each === 'a' ? 5 : 1 }));
  const picker = roundRobin({ seats: 3, chance: playedChance() });
  const order = Array.from({ length: 14 }, (_, n) => picker.pick(seats, callOf(time, n))?.target.name).join('');
  assert.equal([...order].filter((each) => each === 'a').length, 10);
  assert.ok(!order.includes('bb') && !order.includes('cc') && !order.includes('aaaaa'));
});

test('round-robin: workers do not all begin at the same target', () => {
  const time = playedTime();
  const seats = playedSeats(['a', 'b', 'c', 'd']);
  const firsts = new Set(
    Array.from({ length: 40 }, (_, seed) =>
      roundRobin({ seats: 4, chance: playedChance(seed) }).pick(seats, callOf(time, 0)),
    ),
  );
  assert.equal(firsts.size, 4);
});

test('latency: the faster target gets more, the slower not nothing', async () => {
  const time = playedTime();
  const seats = playedSeats(['fast', 'slow', 'slower']);
  const ms = (seat: Seat) => (seat.target.name === 'fast' ? 20 : seat.target.name === 'slow' ? 100 : 300);
  const counts = await run(latency({ clock: time.clock, chance: playedChance() }), time, seats, {
    calls: 5000,
    inFlight: 6,
    ms,
  });
  assert.ok(share(counts, 'fast') > 0.5, `${share(counts, 'fast')}`);
  assert.ok(share(counts, 'slower') > 0.001);
});

test("latency: a caller's mistakes do not make a target look slow", () => {
  const time = playedTime();
  const [seat] = playedSeats(['a']);
  assert.ok(seat !== undefined);
  const call = playedCall(time);
  const attempt = playedAttempt(call, 'a', { startMs: time.clock.now(), endMs: time.clock.now() });
  load.start(seat, call, attempt);
  load.end(seat, call, attempt, { kind: 'failed', failure: answeredWith('request-rejected', 400) });
  assert.deepEqual([seat.inFlight, seat.costMs, seat.failures], [0, 0, 0]);
});

test('prefix: turns of one conversation go to one target, whatever settings stand before it', () => {
  const time = playedTime();
  const seats = playedSeats(['a', 'b', 'c', 'd']);
  const picker = prefix({ clock: time.clock, seats });
  const system = `{"role":"system","content":"${'You are a helpful clerk. '.repeat(60)}"}`;
  const body = (settings: string, turns: string) =>
    new TextEncoder().encode(`{${settings}"messages":[${system}${turns}]}`);
  const pick = (bytes: Uint8Array) => picker.pick(seats, playedCall(time, { body: bytes }))?.target.name;
  const first = pick(body('"model":"m","stream":true,', ''));
  assert.equal(pick(body('"model":"m","stream":true,', ',{"role":"user","content":"hello"}')), first);
  assert.equal(pick(body('"model":"m","temperature":0.2,', ',{"role":"user","content":"hi"}')), first);
});
