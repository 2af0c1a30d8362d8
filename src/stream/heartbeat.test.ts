import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../call/failure.ts';
import type { Reply } from '../call/reply.ts';
import { asked, promised } from '../pipeline/service.ts';
import { heartbeat } from './heartbeat.ts';
import { fateOf, PlayedCaller, PlayedTime, PlayedUpstream, playedCall } from './played.testing.ts';

const SSE = ['content-type', 'text/event-stream'];

class Play {
  readonly time = new PlayedTime();
  readonly upstream = new PlayedUpstream(200, SSE);
  answer: (reply: Reply) => void = () => undefined;
  refuse: (failure: Failure) => void = () => undefined;
  readonly call = playedCall('openai-chat');
  readonly fate: Promise<Reply>;

  constructor() {
    const inner = new Promise<Reply>((fulfil, reject) => {
      this.answer = fulfil;
      this.refuse = reject;
    });
    const beating = heartbeat(
      { timers: this.time, heartbeatMs: 15_000 },
      asked(() => inner),
    );
    this.fate = promised(beating)(this.call);
    this.fate.catch(() => undefined);
  }
}

test('a stream that speaks hears no comment; one that is silent hears one every 15 to 20 seconds', async () => {
  const play = new Play();
  play.answer(play.upstream.reply);
  const caller = new PlayedCaller(await play.fate);
  for (let i = 0; i < 10; i++) {
    play.upstream.say('data: x\n\n');
    play.time.advance(10_000);
  }
  assert.equal(caller.text, 'data: x\n\n'.repeat(10));
  play.time.advance(10_001);
  assert.equal(caller.text, `${'data: x\n\n'.repeat(10)}: waiting\n\n`);
  play.upstream.say('data: y\n\n');
  play.upstream.end();
  assert.equal(caller.end, 'answered');
  assert.equal(play.time.armed, 0);
});

test('a call without a first part is answered early, and what comes then flows', async () => {
  const play = new Play();
  play.time.advance(14_000);
  assert.equal(await fateOf(play.fate), 'pending');
  play.time.advance(1_001);
  const caller = new PlayedCaller(await play.fate);
  assert.equal(caller.reply.status, 200);
  play.time.advance(15_000);
  play.upstream.say('data: x\n\n');
  play.answer(play.upstream.reply);
  await fateOf(play.fate);
  play.upstream.end();
  assert.equal(caller.text, ': waiting\n\n: waiting\n\ndata: x\n\n');
  assert.equal(caller.end, 'answered');
  assert.equal(play.time.armed, 0);
});

test('a failure before the early head is thrown, and after it told as the outcome', async () => {
  const failure = new Failure('service-unavailable', { phase: 'body', firstEvent: 'answer' });
  const soon = new Play();
  soon.refuse(failure);
  assert.equal(await fateOf(soon.fate), failure);
  assert.equal(soon.time.armed, 0);
  const late = new Play();
  late.time.advance(15_001);
  const caller = new PlayedCaller(await late.fate);
  late.refuse(failure);
  await fateOf(late.fate);
  assert.equal(caller.end, 'service-unavailable');
  assert.equal(late.time.armed, 0);
});

test('a caller who leaves while it waits leaves nothing behind', async () => {
  const play = new Play();
  play.time.advance(15_001);
  const caller = new PlayedCaller(await play.fate);
  caller.reply.cancel();
  assert.equal(play.time.armed, 0);
  play.answer(play.upstream.reply);
  await fateOf(play.fate);
  assert.deepEqual(play.upstream.heard, ['cancel']);
});

test('a caller that does not read is sent no comments', async () => {
  const play = new Play();
  play.answer(play.upstream.reply);
  const caller = new PlayedCaller(await play.fate);
  caller.reply.pause();
  play.time.advance(100_000);
  assert.equal(caller.text, '');
});

test('plain calls and other paths pass untouched', async () => {
  const time = new PlayedTime();
  const upstream = new PlayedUpstream(200, []);
  const beating = heartbeat({ timers: time, heartbeatMs: 15_000 }, (_call, taker) => taker.answered(upstream.reply));
  for (const call of [playedCall('openai-chat', { isStream: false }), playedCall('http')]) {
    assert.equal(await promised(beating)(call), upstream.reply);
  }
  assert.equal(time.armed, 0);
});
