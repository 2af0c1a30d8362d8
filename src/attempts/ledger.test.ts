import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget } from './budget.ts';
import { Ledgers } from './ledger.ts';
import { playedTime } from './played.test.ts';

const FLOOR = 100;
/** Of which a fifth may go in one second. */
const LEFT = 80;

/** Ledgers of pools that are called after their targets, and what each of them may still spend. */
function stage() {
  const time = playedTime();
  const ledgers = new Ledgers();
  const budgetOf = (name: string, windowMs = 10_000) =>
    new Budget({ ...time, ledger: ledgers.of({ name, targets: name.split('+') }, time.clock.now(), windowMs) });
  const spend = (name: string): void => {
    const budget = budgetOf(name);
    while (budget.tryPay()) {}
  };
  const reload = (...names: string[]): void => ledgers.change(new Set(names), time.clock.now());
  return { time, budgetOf, spend, reload };
}

test('a pool of the same name and window goes on with what was paid, and no other', () => {
  const { budgetOf, spend, reload } = stage();
  spend('a');
  reload('a', 'b');
  assert.equal(budgetOf('a').balance(), LEFT);
  assert.equal(budgetOf('b').balance(), FLOOR);
  assert.equal(budgetOf('a', 20_000).balance(), 2 * FLOOR);
});

test('a pool with a target more or less is the same', () => {
  const { budgetOf, spend, reload } = stage();
  spend('a+b');
  reload('b');
  assert.equal(budgetOf('b').balance(), LEFT);
  reload('b+c');
  assert.equal(budgetOf('b+c').balance(), LEFT);
});

test('a pool that is still there keeps its own, and of two heirs only one inherits', () => {
  const { budgetOf, spend, reload } = stage();
  spend('a+b');
  reload('a+b', 'a');
  assert.equal(budgetOf('a').balance(), FLOOR);
  assert.equal(budgetOf('a+b').balance(), LEFT);
  reload('a+c', 'b+c');
  const balances = [budgetOf('a+c').balance(), budgetOf('b+c').balance()];
  assert.deepEqual(balances.sort(), [FLOOR, LEFT]);
});

test('a pool that was taken away and comes back goes on, until nothing of it counts any more', async () => {
  const { time, budgetOf, spend, reload } = stage();
  spend('a');
  reload('b');
  await time.pass(2000);
  reload('a', 'b');
  assert.equal(budgetOf('a').balance(), LEFT);
  reload('b');
  await time.pass(20_000);
  reload('b', 'a+c');
  assert.equal(budgetOf('a+c').balance(), FLOOR);
});
