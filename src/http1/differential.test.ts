import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dice } from '../../fuzz/chance.ts';
import { cuts, input } from '../../fuzz/inputs.ts';
import { judge } from '../../fuzz/judge.ts';

/** A taste of `npm run fuzz`, which tries millions. */
function tasted(seed: number, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const dice = new Dice(seed + index);
    const side = dice.once(3) ? 'response' : 'request';
    const text = input(dice, side);
    const verdict = judge(text, side, cuts(dice, text.length));
    if (verdict.kind === 'wrong') assert.fail(`seed ${seed + index}: ${JSON.stringify(text)}: ${verdict.why}`);
  }
}

test('on the same bytes our parser and that of Node see the same, or differ as decided', () => {
  tasted(1, 5000);
});

test('and so they do on bytes nobody has seen before', () => {
  tasted(Date.now() % 2 ** 31, 5000);
});
