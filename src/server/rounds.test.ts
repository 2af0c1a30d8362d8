import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rounds } from './rounds.ts';

test('a step waits for the end of the turn, and is taken for all in their order; who comes meanwhile has the next turn', () => {
  const turns: (() => void)[] = [];
  const done: string[] = [];
  const rounds = new Rounds<string>({ soon: (run) => turns.push(run) }, (item) => {
    done.push(item);
    if (item === 'a') rounds.add('late');
  });
  rounds.add('a');
  rounds.add('b');
  assert.deepEqual([done, turns.length], [[], 1]);
  turns.shift()?.();
  assert.deepEqual([done, turns.length], [['a', 'b'], 1]);
  turns.shift()?.();
  assert.deepEqual([done, turns.length], [['a', 'b', 'late'], 0]);
});
