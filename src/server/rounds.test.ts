import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rounds } from './rounds.ts';

/** Rounds of two steps; `turn` ends a turn of the loop and says how many more are waited for. */
function stage(take: (step: string, item: string, rounds: Rounds<string>) => void) {
  const turns: (() => void)[] = [];
  const done: string[] = [];
  const step = (name: string) => (item: string) => {
    done.push(`${name} ${item}`);
    take(name, item, rounds);
  };
  const rounds: Rounds<string> = new Rounds({ soon: (run) => turns.push(run) }, () => undefined, [
    step('ask'),
    step('answer'),
  ]);
  const turn = () => {
    turns.shift()?.();
    return turns.length;
  };
  return { rounds, done, turn };
}

test('each step waits for the end of the turn and is taken for all in their order; what leads to the next step is not held up', () => {
  const { rounds, done, turn } = stage((step, item) => {
    if (step === 'ask') rounds.add(1, item);
  });
  rounds.add(0, 'a');
  rounds.add(0, 'b');
  rounds.add(1, 'early');
  assert.deepEqual(done, []);
  assert.equal(turn(), 0);
  assert.deepEqual(done, ['ask a', 'ask b', 'answer early', 'answer a', 'answer b']);
});

test('who comes to a step that was taken has the next turn', () => {
  const { rounds, done, turn } = stage((step, item) => {
    if (step === 'answer' && item === 'a') rounds.add(0, 'again');
  });
  rounds.add(1, 'a');
  assert.equal(turn(), 1);
  assert.deepEqual(done, ['answer a']);
  assert.equal(turn(), 0);
  assert.deepEqual(done, ['answer a', 'ask again']);
  assert.equal(turn(), 0);
});

test('a step that throws all the same takes nobody else with it', () => {
  const { rounds, done, turn } = stage((_step, item) => {
    if (item === 'bad') throw new TypeError('oops');
  });
  for (const item of ['a', 'bad', 'b']) rounds.add(0, item);
  rounds.add(1, 'c');
  assert.throws(turn, TypeError);
  turn();
  assert.deepEqual(done, ['ask a', 'ask bad', 'ask b', 'answer c']);
});
