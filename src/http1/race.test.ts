import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playedWorld } from './played-world.testing.ts';
import { type Lost, race } from './race.ts';

/** A race of letters whose attempts the test settles by hand. */
function letters(items: string) {
  const world = playedWorld();
  const hands = new Map<string, { win: (value: string) => void; lose: (fault: string) => void }>();
  const stopped: string[] = [];
  let won: string | undefined;
  let lost: readonly Lost<string, string>[] | undefined;
  const running = race<string, string, string>(world.timers, {
    items: [...items],
    staggerMs: () => 250,
    start(item, win, lose) {
      hands.set(item, { win, lose });
      return () => void stopped.push(item);
    },
    won: (value, item) => {
      won = `${item}:${value}`;
    },
    lost: (faults) => {
      lost = faults;
    },
  });
  const started = (): string => [...hands.keys()].join('');
  return { world, hands, stopped, running, started, won: () => won, lost: () => lost };
}

test('attempts start one after another, a stagger apart, and run side by side', async () => {
  const { world, started, stopped } = letters('abc');
  assert.equal(started(), 'a');
  await world.pass(240);
  assert.equal(started(), 'a');
  await world.pass(20);
  assert.equal(started(), 'ab');
  await world.pass(260);
  assert.equal(started(), 'abc');
  assert.deepEqual(stopped, []);
});

test('a failure starts the next attempt at once', () => {
  const { hands, started } = letters('abc');
  hands.get('a')?.lose('no');
  assert.equal(started(), 'ab');
  hands.get('b')?.lose('no');
  assert.equal(started(), 'abc');
});

test('the first success stops the others, whichever started first', async () => {
  const { world, hands, stopped, won, started } = letters('abc');
  await world.pass(260);
  hands.get('a')?.win('ok');
  assert.equal(won(), 'a:ok');
  assert.deepEqual(stopped, ['b']);
  await world.pass(1000);
  assert.equal(started(), 'ab');
});

test('an attempt that wins after another has won is not heard', async () => {
  const { world, hands, won } = letters('ab');
  await world.pass(260);
  hands.get('b')?.win('second');
  hands.get('a')?.win('first');
  assert.equal(won(), 'b:second');
});

test('the race is lost when the last attempt is, with every fault', async () => {
  const { world, hands, lost } = letters('ab');
  await world.pass(260);
  hands.get('b')?.lose('b-fault');
  assert.equal(lost(), undefined);
  hands.get('a')?.lose('a-fault');
  assert.deepEqual(lost(), [
    { item: 'b', fault: 'b-fault' },
    { item: 'a', fault: 'a-fault' },
  ]);
});

test('a cancelled race stops all attempts, starts none and tells what was lost', async () => {
  const { world, hands, stopped, running, won, started } = letters('abc');
  hands.get('a')?.lose('a-fault');
  assert.deepEqual(running.cancel(), [{ item: 'a', fault: 'a-fault' }]);
  assert.deepEqual(stopped, ['b']);
  hands.get('b')?.win('late');
  await world.pass(1000);
  assert.equal(started(), 'ab');
  assert.equal(won(), undefined);
});

test('attempts that fail before start returns do not confuse the race', () => {
  const world = playedWorld();
  const tried: string[] = [];
  let lost = 0;
  race<string, string, string>(world.timers, {
    items: ['a', 'b', 'c'],
    staggerMs: () => 250,
    start(item, _, lose) {
      tried.push(item);
      lose('at once');
      return () => assert.fail('nothing runs that could be stopped');
    },
    won: () => assert.fail('nobody won'),
    lost: (faults) => {
      lost += faults.length;
    },
  });
  assert.deepEqual(tried, ['a', 'b', 'c']);
  assert.equal(lost, 3);
});

test('a race without attempts is lost at once', () => {
  let isLost = false;
  race<string, string, string>(playedWorld().timers, {
    items: [],
    staggerMs: () => 250,
    start: () => assert.fail('there is nothing to start'),
    won: () => assert.fail('nobody won'),
    lost: () => {
      isLost = true;
    },
  });
  assert.ok(isLost);
});
