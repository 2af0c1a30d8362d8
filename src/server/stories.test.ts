import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { Leavers } from '../call/leavers.ts';
import type { Attempt } from '../call/story.ts';
import type { Evidence } from '../diagnosis/evidence.ts';
import { findingBehind } from './failure-answer.ts';
import { keptCall } from './kept-call.ts';
import { RECENT_MAX } from './recent-calls.ts';
import { FAILED_BYTES_MAX, FAILED_MAX, Stories } from './stories.ts';
import { storyPage } from './story/page.ts';
import { storyText } from './story/text.ts';
import { toldCall } from './story/told.ts';

const CLOCK = { now: () => 1_250, wallMs: () => 1_700_000_000_000 };
const EVIDENCE: Evidence = {
  phase: 'wait-head',
  firstEvent: 'our-timer',
  clock: 'head',
  limitMs: 200,
  bytesWritten: 300,
  address: '10.9.8.7',
  host: 'internal.example',
  answer: { status: 200, fields: ['set-cookie', 'secret'], body: new TextEncoder().encode('secret body') },
};

const ATTEMPTS: Attempt[] = [
  attempt('a', 1_000, 1_030, { code: 'connect-refused', verdict: 'moved', reason: 'connect refused' }),
  attempt('b', 1_040, 1_240, { code: 'answer-timeout', verdict: 'failed', bytesWritten: 300 }),
];

function attempt(target: string, startMs: number, endMs: number, more: Partial<Attempt>): Attempt {
  const never = { headMs: undefined, firstPartMs: undefined, status: undefined, cancel: undefined };
  return {
    target,
    pool: 'p',
    startMs,
    endMs,
    ...never,
    code: undefined,
    verdict: 'running',
    reason: '',
    bytesWritten: 0,
    ...more,
  };
}

function callOf(id: string, more: Partial<Call> = {}): Call {
  return {
    id,
    dialect: 'openai-chat',
    method: 'POST',
    path: '/v1/chat/completions?key=secret',
    fields: ['authorization', 'Bearer secret'],
    body: new TextEncoder().encode('{"messages":"secret"}'),
    model: 'gpt-4',
    modelAt: undefined,
    isStream: false,
    isReplayable: true,
    caller: { ip: '127.0.0.1', credential: 'abc' },
    startMs: 1_000,
    deadlineMs: 9_000,
    story: { attempts: ATTEMPTS, notes: ['waited'] },
    priority: 0,
    idempotencyKey: undefined,
    attempt: undefined,
    isLeft: false,
    leavers: new Leavers(),
    ...more,
  };
}

const idOf = (n: number) => n.toString(16).padStart(32, '0');

function keepFailed(stories: Stories, call: Call): void {
  const failure = new Failure('answer-timeout', EVIDENCE);
  stories.keep(call, { kind: 'failed', failure }, 504, findingBehind(failure, call.story.attempts));
}

test('a failed call is found by its id, with every attempt, and without a prompt, a credential, a query or an address', () => {
  const stories = new Stories(CLOCK);
  keepFailed(stories, callOf(idOf(1)));
  const kept = stories.find(idOf(1));
  assert.ok(kept);
  const told = toldCall(kept);
  assert.equal(told.path, '/v1/chat/completions');
  assert.equal(told.took_ms, 250);
  assert.deepEqual(
    told.attempts.map(({ target, verdict, code, end_ms, bytes_sent, message_safety }) => [
      target,
      verdict,
      code,
      end_ms,
      bytes_sent,
      message_safety,
    ]),
    [
      ['a', 'moved', 'connect-refused', 30, 0, 'not-sent'],
      ['b', 'failed', 'answer-timeout', 240, 300, 'sent-unanswered'],
    ],
  );
  assert.equal(told.problem?.message_safety, 'sent-unanswered');
  assert.equal(told.evidence?.clock_ms, 200);
  for (const text of [JSON.stringify(told), storyText(told), storyPage(told), JSON.stringify(kept)]) {
    assert.doesNotMatch(text, /secret|10\.9\.8\.7|internal\.example/);
  }
  assert.equal(stories.find(idOf(2)), undefined);
});

test('the drawing of the text is true to the times, and what callers wrote steers no terminal', () => {
  const stories = new Stories(CLOCK);
  keepFailed(stories, callOf(idOf(1), { model: 'x\u001b[31m' }));
  const kept = stories.find(idOf(1));
  assert.ok(kept);
  const text = storyText(toldCall(kept));
  assert.match(text, /\|-{5} {35}\|/);
  assert.match(text, /\| {6}-{32} {2}\|/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals obey them.
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f]/);
});

test('what is remembered is bounded by count and by bytes, the newest stays', () => {
  const stories = new Stories(CLOCK);
  for (let n = 0; n < FAILED_MAX + 10; n += 1) keepFailed(stories, callOf(idOf(n)));
  assert.equal(stories.size.failed, FAILED_MAX);
  assert.equal(stories.find(idOf(0)), undefined);
  assert.ok(stories.find(idOf(FAILED_MAX + 9)));
  const long = callOf(idOf(7), {
    dialect: 'http',
    path: `/${'x'.repeat(60_000)}`,
    model: 'm'.repeat(60_000),
    story: {
      attempts: Array.from({ length: 500 }, () => attempt('a', 1, 2, {})),
      notes: new Array(500).fill('n'.repeat(5_000)),
    },
  });
  for (let n = 0; n < FAILED_MAX; n += 1) keepFailed(stories, long);
  assert.ok(stories.size.failedBytes <= FAILED_BYTES_MAX);
  assert.ok(stories.size.failed < FAILED_MAX);
  assert.ok(JSON.stringify(stories.find(idOf(7))).length < 40_000);
});

test('the last calls that went well are remembered too', () => {
  const stories = new Stories(CLOCK);
  for (let n = 0; n <= RECENT_MAX; n += 1) stories.keep(callOf(idOf(n)), { kind: 'answered' }, 200, undefined);
  assert.equal(stories.find(idOf(0)), undefined);
  const kept = stories.find(idOf(RECENT_MAX));
  assert.ok(kept);
  assert.match(storyText(toldCall(kept)), /answered after 250 ms, answered 200/);
  assert.match(storyPage(toldCall(kept)), /This call was answered\./);
});

test('a call that is as usual is told as it was, whatever stood in its place before', () => {
  const stories = new Stories(CLOCK);
  const times = {
    headMs: 1_010.25,
    firstPartMs: 1_020.5,
    status: 200,
    verdict: 'answered',
    bytesWritten: 300,
  } as const;
  const usual = (n: number, more: Partial<Call> = {}) =>
    callOf(idOf(n), { story: { attempts: [attempt('a', 1_000.5, 1_030.75, times)], notes: [] }, ...more });
  const calls = [
    usual(0),
    usual(1, { model: undefined, caller: { ip: '2001:db8::1:2:3', credential: undefined } }),
    usual(2, { dialect: 'http', method: 'GET', path: '/x?key=secret' }),
    usual(3, { story: { attempts: [attempt('b', 1_000, 1_100, { verdict: 'abandoned' })], notes: [] } }),
    callOf(idOf(4)),
    usual(5),
    callOf('not 32 characters'),
  ];
  for (let round = 0; round * calls.length < RECENT_MAX * 2; round += 1) {
    for (const call of calls) {
      stories.keep(call, { kind: 'answered' }, 200, undefined);
      assert.deepEqual(stories.find(call.id), keptCall(call, 'answered', 200, undefined, CLOCK));
    }
    // Another step through the places: each kind of call stands where each other kind stood.
    if (round % 2 === 0) stories.keep(usual(6), { kind: 'answered' }, 200, undefined);
  }
});
