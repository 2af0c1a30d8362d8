import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CATALOGUE, type CauseCode } from './catalogue.ts';
import type { Cause } from './cause.ts';
import { classify } from './classify.ts';
import type { Evidence } from './evidence.ts';
import { findingOf } from './finding.ts';
import { PERSON_STEPS, type StepFit } from './person-steps.ts';
import { problemOf } from './problem.ts';
import { causesReference } from './reference.ts';
import { notHelping, personSteps, situationOf } from './steps.ts';
import { terminationState } from './termination.ts';
import { hopStates, spanOf, wording } from './wording.ts';

const queued: Evidence = { phase: 'queue', firstEvent: 'answer' };

const silent = classify({ phase: 'wait-head', firstEvent: 'our-timer', clock: 'head', bytesWritten: 80, bytesRead: 0 });
const refused = classify({ phase: 'connect', firstEvent: 'errno', errno: 'ECONNREFUSED' });
const limited = classify({
  phase: 'head',
  firstEvent: 'answer',
  bytesWritten: 80,
  answer: { status: 429, fields: ['retry-after', '7'], body: new Uint8Array() },
});

test('a failure at the service leaves the hops before the gateway good and the service broken', () => {
  assert.deepEqual(hopStates(refused), {
    you: 'good',
    network: 'good',
    edge: 'good',
    gateway: 'good',
    service: 'broken',
  });
});

test("a fault of the gateway's own says nothing of the service", () => {
  const bug = findingOf('gateway-bug', 'inconclusive', [], queued);
  assert.deepEqual(hopStates(bug), {
    you: 'good',
    network: 'good',
    edge: 'good',
    gateway: 'broken',
    service: 'not-checked',
  });
});

test('from the device, nothing behind the broken hop is called good', () => {
  const weak = findingOf('wifi-weak', 'likely', [], queued);
  assert.deepEqual(hopStates(weak, 'device'), {
    you: 'good',
    network: 'broken',
    edge: 'not-checked',
    gateway: 'not-checked',
    service: 'not-checked',
  });
});

test('a message that may have been processed is never followed by a plain order to send it again', () => {
  for (const code of Object.keys(CATALOGUE) as CauseCode[]) {
    const finding = findingOf(code, 'confirmed', [], { phase: 'wait-head', firstEvent: 'fin', bytesWritten: 9 });
    const steps = personSteps(finding, situationOf(finding));
    if (steps.includes('look-first')) assert.ok(!steps.includes('retry-now') && !steps.includes('retry-later'), code);
  }
});

test('at most three steps are shown, one of them at least whatever is known, and no two that say "wait"', () => {
  const fits: StepFit[] = [
    'auto-retry',
    'retry-after',
    'maybe-processed',
    'resumable',
    'long-call',
    'other-model',
    'status-page',
  ];
  for (const code of Object.keys(CATALOGUE) as CauseCode[]) {
    const finding = findingOf(code, 'confirmed', [], queued);
    for (const situation of [new Set<StepFit>(), new Set(fits)]) {
      const steps = personSteps(finding, situation);
      assert.ok(steps.length >= 1 && steps.length <= 3, `${code}: ${steps.join(', ')}`);
      const waits = steps.filter((id) => ['wait-page', 'wait-given', 'wait-moment'].includes(id));
      assert.ok(waits.length <= 1, code);
    }
  }
});

test('for remote faults no surface shows a step that touches the device, for any evidence of the golden table', () => {
  for (const finding of [silent, refused, limited]) {
    for (const id of personSteps(finding, situationOf(finding, ['auto-retry', 'status-page']))) {
      assert.ok(['wait', 'retry', 'status', 'tell'].includes(PERSON_STEPS[id].kind), id);
    }
  }
});

test('what will not help is summed up for remote faults and listed for local ones', () => {
  assert.deepEqual(notHelping(refused), { isAllLocal: true, others: [] });
  const clock = findingOf('clock-wrong', 'confirmed', [], queued);
  assert.equal(notHelping(clock).isAllLocal, false);
  assert.ok(notHelping(clock).others.includes('skip-warning'));
});

test('words say what became of the message, how long it lasts and who else has it', () => {
  const words = wording(
    silent,
    { leastMs: 10_000, mostMs: 200_000, source: 'typical', seen: 0 },
    { who: 'many', callersFailing: 3, callersTotal: 9, confinedTo: undefined },
  );
  assert.match(words.message, /was sent, and no whole answer came back/);
  assert.equal(words.lasts, 'This is usually over within 4 minutes.');
  assert.equal(words.others, 'Many others have it too.');
  assert.match(words.technical, /\(confirmed: the head clock ran out while in wait-head\)\.$/);
  assert.equal(
    wording(findingOf('context-too-long', 'confirmed', [], queued)).lasts,
    'It stays until the request is changed.',
  );
});

test('spans are rounded up, so that nobody is promised too much', () => {
  assert.deepEqual([1, 1_001, 99_000, 100_000, 5_401_000, 129_601_000].map(spanOf), [
    '1 second',
    '2 seconds',
    '99 seconds',
    '2 minutes',
    '2 hours',
    '2 days',
  ]);
});

test('a problem carries the real status, the code, the steps and the time', () => {
  const problem = problemOf(limited, { requestId: 'a/b', attempts: 2, situation: ['auto-retry'] });
  assert.equal(problem.status, 429);
  assert.equal(problem.goodgate_code, 'rate-limited');
  assert.equal(problem.received_status, 429);
  assert.equal(problem.retry_after_ms, 7_000);
  assert.equal(problem.instance, '/goodgate/why/a%2Fb');
  assert.equal(problem.message_safety, 'answered');
  assert.deepEqual(problem.steps, [PERSON_STEPS['wait-page'].text]);
  assert.equal(problemOf(limited, { requestId: 'a', attempts: 2, status: 503 }).status, 503);
});

test('the termination state has one letter for who and one for when', () => {
  assert.equal(terminationState(refused), 'SC');
  assert.equal(terminationState(silent), 'sH');
  assert.equal(terminationState(limited), 'SH');
  assert.equal(terminationState(classify({ phase: 'body', firstEvent: 'reset', bytesRead: 5 })), 'SD');
  assert.equal(terminationState(classify({ phase: 'body', firstEvent: 'our-cancel' })), 'CD');
  assert.equal(terminationState(classify({ phase: 'queue', firstEvent: 'our-timer', clock: 'queue' })), 'sQ');
  assert.equal(terminationState(classify({ phase: 'head', firstEvent: 'parse', parse: 'field-name' })), 'PH');
  assert.equal(terminationState(classify({ phase: 'connect', firstEvent: 'errno', errno: 'EMFILE' })), 'RC');
  assert.equal(terminationState(classify({ phase: 'queue', firstEvent: 'errno', cause: 1 })), 'IQ');
});

test('the reference names every cause once as a heading, with its steps', () => {
  const text = causesReference();
  for (const [code, cause] of Object.entries(CATALOGUE) as [CauseCode, Cause][]) {
    assert.equal(text.split(`\n## ${code}\n`).length, 2, code);
    assert.ok(text.includes(cause.person));
  }
});
