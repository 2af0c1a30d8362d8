import { test } from 'node:test';
import { answeredWith, failureOf, playedChance, playedTime, refused } from './attempts/played.test.ts';
import { type Deed, load200, quantile, route, type Tally, target } from './resilience-stage.test.ts';

const WELL: Deed = { kind: 'answer', afterMs: 50, lastsMs: 200 };
const show = (name: string, t: Tally, extra: unknown = '') => {
  const codes: Record<string, number> = {};
  for (const f of t.failed) codes[f.failure.code] = (codes[f.failure.code] ?? 0) + 1;
  const took = t.answered.map((x) => x.tookMs);
  console.log(
    name,
    'ok',
    t.answered.length,
    'failed',
    codes,
    'p50',
    quantile(took, 0.5),
    'p99',
    quantile(took, 0.99),
    'max',
    quantile(took, 1),
    JSON.stringify(extra),
  );
};
test('silence', async () => {
  for (const from of [0, 5]) {
    const time = playedTime();
    const a = target('a', (_, n) => (n >= 1_000_000 + from * 1000 ? { kind: 'silence' } : WELL));
    const b = target('b', () => WELL);
    const r = route(time, playedChance(7), [{ name: 'pool', targets: [a, b] }]);
    const t = await load200(time, r.service, { perSecond: 200, forMs: 25_000 });
    show('silence from ' + from, t, { a: a.arrivals, b: b.arrivals, risks: r.risks() });
  }
});
test('outage', async () => {
  for (const deed of [
    { kind: 'fail', afterMs: 5, failure: answeredWith('service-error', 500) },
    { kind: 'fail', afterMs: 1, failure: refused() },
    { kind: 'silence' },
    { kind: 'fail', afterMs: 5, failure: answeredWith('service-unavailable', 503) },
  ] as Deed[]) {
    const time = playedTime();
    const dead = (n: number) => n >= 1_010_000 && n < 1_040_000;
    const a = target('a', (_, n) => (dead(n) ? deed : WELL));
    const b = target('b', (_, n) => (dead(n) ? deed : WELL));
    const r = route(time, playedChance(7), [{ name: 'pool', targets: [a, b] }]);
    const t = await load200(time, r.service, { perSecond: 200, forMs: 60_000 });
    const good: number[] = [];
    for (const x of t.answered) {
      const s = Math.floor((x.startMs + x.tookMs - 1_000_000) / 1000);
      good[s] = (good[s] ?? 0) + 1;
    }
    show('outage ' + JSON.stringify(deed).slice(0, 60), t, {
      a: a.arrivals.join(),
      b: b.arrivals.join(),
      good: good.join(),
      bal: r.pools[0]?.budget.waiting,
    });
  }
});
test('two of three', async () => {
  for (const deed of [
    { kind: 'fail', afterMs: 5, failure: answeredWith('service-error', 500) },
    { kind: 'silence' },
  ] as Deed[]) {
    const time = playedTime();
    const a = target('a', () => deed);
    const b = target('b', () => deed);
    const c = target('c', () => WELL);
    const r = route(time, playedChance(7), [{ name: 'pool', targets: [a, b, c] }]);
    const t = await load200(time, r.service, { perSecond: 200, forMs: 25_000 });
    show('2of3', t, { a: a.arrivals.join(), b: b.arrivals.join(), c: c.arrivals.join() });
  }
});
test('poison', async () => {
  const time = playedTime();
  const poison = (n: number) => ({
    caller: { ip: n % 2 ? '192.0.2.66' : '192.0.2.1', credential: undefined },
    model: n % 2 === 0 ? 'ok' : ['400', '413', 'poison'][(n >> 1) % 3],
  });
  const deed = (call: any): Deed =>
    call.model === 'ok'
      ? WELL
      : call.model === '400'
        ? { kind: 'fail', afterMs: 5, failure: answeredWith('request-rejected', 400) }
        : call.model === '413'
          ? { kind: 'fail', afterMs: 5, failure: answeredWith('request-too-large', 413) }
          : { kind: 'fail', afterMs: 50, failure: answeredWith('service-error', 500) };
  const a = target('a', deed);
  const b = target('b', deed);
  const r = route(time, playedChance(7), [{ name: 'pool', targets: [a, b] }]);
  const seen = new Set<string>();
  const t = await load200(time, r.service, {
    perSecond: 200,
    forMs: 25_000,
    make: (n) => {
      for (const s of r.pools[0]!.seats) seen.add(s.fitness);
      return poison(n) as any;
    },
  });
  show('poison', t, { seen: [...seen], a: a.arrivals.join(), b: b.arrivals.join() });
});
test('overload', async () => {
  for (const fields of [[], ['retry-after', '1']]) {
    const time = playedTime();
    // capacity 20 concurrent each, 250 ms => 80/s each => 160/s; offered 800/s
    const deed = (_: unknown, __: number, inFlight: number): Deed =>
      inFlight >= 20 ? { kind: 'fail', afterMs: 5, failure: answeredWith('service-unavailable', 503, fields) } : WELL;
    const a = target('a', deed);
    const b = target('b', deed);
    const r = route(time, playedChance(7), [{ name: 'pool', targets: [a, b] }]);
    const t = await load200(time, r.service, {
      perSecond: 800,
      forMs: 20_000,
      make: (n) => ({ priority: n % 10 === 0 ? 1 : 0, caller: { ip: `192.0.2.${n % 7}`, credential: undefined } }),
    });
    const good: number[] = [];
    for (const x of t.answered) {
      const s = Math.floor((x.startMs + x.tookMs - 1_000_000) / 1000);
      good[s] = (good[s] ?? 0) + 1;
    }
    const prio = t.answered.filter((x) => x.call.priority === 1).length;
    const by: Record<string, number> = {};
    for (const x of t.answered) by[x.call.caller.ip] = (by[x.call.caller.ip] ?? 0) + 1;
    show('overload', t, {
      good: good.join(),
      prio,
      by,
      a: a.arrivals.join(),
      lim: r.pools[0]?.seats.map((s) => s.inFlightMax),
      ra: quantile(
        t.failed.map((f) => f.failure.evidence.retryAfterMs ?? 0),
        0.5,
      ),
    });
  }
});
test('pools', async () => {
  for (const deed of [
    { kind: 'fail', afterMs: 5, failure: answeredWith('service-error', 500) },
    { kind: 'fail', afterMs: 5, failure: refused() },
    { kind: 'silence' },
    { kind: 'fail', afterMs: 5, failure: answeredWith('rate-limited', 429) },
  ] as Deed[]) {
    const time = playedTime();
    const dead = (n: number) => n >= 1_005_000 && n < 1_025_000;
    const a = target('a', (_, n) => (dead(n) ? deed : WELL));
    const b = target('b', (_, n) => (dead(n) ? deed : WELL));
    const c = target('c', () => WELL);
    const r = route(time, playedChance(7), [
      { name: 'one', targets: [a, b] },
      { name: 'two', targets: [c] },
    ]);
    const t = await load200(time, r.service, { perSecond: 200, forMs: 70_000 });
    show('pools', t, { a: a.arrivals.join(), b: b.arrivals.join(), c: c.arrivals.join() });
  }
});
