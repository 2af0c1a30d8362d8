import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../../serve.ts';
import { realWorld } from '../../world/real.ts';
import { scenarioOf } from '../scenarios.ts';
import { drill } from '../sim/verdict.ts';
import { POISON } from '../workloads/wish.ts';
import { reportPage } from './page.ts';

const world = realWorld();
const KEY = 'sk-canary-4711';
const PROMPT = 'harbour';

/** A short provider crash in the simulated world, on which callers' keys and prompts are known words. */
async function crash() {
  const scenario = scenarioOf('provider-crash');
  assert.ok(scenario !== undefined);
  const plan = scenario.make('1', 0.4);
  const verdict = await drill({ timers: world.timers, serve }, plan, 0.4, false);
  return { title: scenario.name, tells: scenario.tells, verdict };
}

const told = await crash();
const page = reportPage([told], 'It ran in a test.');

test('the report says what was done, what callers felt, what targets saw, and the worst call, to whoever was not there', () => {
  for (const words of [
    'Drill: provider-crash',
    'One service dies: nobody listens',
    'Every promise was kept.',
    `All ${told.verdict.tally.calls} calls that deserved an answer got the whole of it.`,
    'to leave a struck target alone',
    'What was done',
    'What callers saw',
    'What the targets saw',
    'The worst call',
    'the caller has the whole answer',
    'goodgate drill --scenario provider-crash --seed 1 --minutes 0.4',
  ]) {
    assert.ok(page.includes(words), words);
  }
  assert.match(page, /<svg [\s\S]*<path class="offered"[\s\S]*<path class="answered"/);
});

test('it needs nothing but itself: no script, no address to load from', () => {
  assert.doesNotMatch(page, /<script|<link|<img|https?:|url\(|@import/);
});

test('a title from a file is text, whatever is in it', () => {
  const evil = '<script>alert(1)</script>';
  const hostile = reportPage([{ ...told, title: evil, tells: evil, notes: [evil] }], evil);
  assert.doesNotMatch(hostile, /<script/);
});

test('broken promises are listed, and counted', () => {
  const violations = [{ check: 'P1', what: 'call 7 was not answered', seen: undefined }];
  const broken = reportPage([{ ...told, verdict: { ...told.verdict, violations } }], '');
  assert.match(broken, /1 broken promise was seen\./);
  assert.ok(broken.includes('call 7 was not answered'));
});

test('no key and nothing of what callers asked or heard is in the report or in what the run hands on', () => {
  const { record, tally, violations } = told.verdict;
  const words = [KEY, 'sk-', PROMPT, POISON.trim(), 'Bearer'];
  const [seen] = record.seen.filter(({ text }) => text.length > 60);
  assert.ok(seen !== undefined, 'an answer was heard');
  const answer = seen.text.slice(10, 50);
  const handedOn = JSON.stringify({
    title: told.title,
    violations,
    tally: { ...tally, worst: undefined },
    replay: told.verdict.replay,
  });
  for (const word of [...words, answer]) {
    assert.ok(!page.includes(word), `"${word}" is in the report`);
    assert.ok(!handedOn.includes(word), `"${word}" is in the summary`);
    assert.ok(!record.journal.lines.some((line) => line.includes(word)), `"${word}" is in the journal`);
  }
});
