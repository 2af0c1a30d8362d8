import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import type { Reply } from '../call/reply.ts';
import { asFilter } from '../pipeline/asked.testing.ts';
import { fateOf, PlayedCaller, PlayedTime, PlayedUpstream, playedCall } from './played.testing.ts';
import { watch } from './watch.ts';

const SSE = ['content-type', 'text/event-stream; charset=utf-8'];
const LIMITS = { betweenPartsMs: 15_000, quietMs: 120_000 };

const data = (value: unknown): string => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`;
const chunk = (delta: object, finish: string | null = null): string =>
  data({ id: 'c1', created: 7, choices: [{ index: 0, delta, finish_reason: finish }] });
const ROLE = chunk({ role: 'assistant', content: '' });
const say = (content: string): string => chunk({ content });
const STOP = chunk({}, 'stop');
const DONE = data('[DONE]');

class Play {
  readonly time = new PlayedTime();
  readonly upstream: PlayedUpstream;
  readonly fate: Promise<Reply>;

  constructor(call: Call = playedCall('openai-chat'), fields: string[] = SSE) {
    this.upstream = new PlayedUpstream(200, fields);
    const filter = asFilter((ask) =>
      watch({ clock: this.time, timers: this.time, clocks: LIMITS, replyBytesHeldMax: 1000 }, ask),
    );
    this.fate = filter(call, () => Promise.resolve(this.upstream.reply));
    this.fate.catch(() => undefined);
  }

  async code(): Promise<string> {
    const fate = await fateOf(this.fate);
    return fate instanceof Failure ? fate.code : fate === 'pending' ? fate : 'reply';
  }

  async caller(): Promise<PlayedCaller> {
    return new PlayedCaller(await this.fate);
  }
}

test('a whole stream arrives byte for byte, whatever the slices, and ends answered with no timer left', async () => {
  const text = `${ROLE}${say('Hello')}: hi\n\n${say(' "wörld" 💥')}${STOP}${data({ choices: [], usage: { total_tokens: 3 } })}${DONE}`;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(2000), { maxLength: 20 }), fc.nat(5), async (cuts, flowAt) => {
      const play = new Play();
      const bytes = Buffer.from(text);
      const edges = [...new Set([0, ...cuts.map((cut) => cut % bytes.length), bytes.length])].sort((a, b) => a - b);
      let caller: PlayedCaller | undefined;
      for (let i = 1; i < edges.length; i++) {
        play.upstream.say(bytes.subarray(edges[i - 1], edges[i]));
        if (i >= flowAt && caller === undefined && (await play.code()) === 'reply') caller = await play.caller();
      }
      caller ??= await play.caller();
      // Comments before the first output are not kept; a blank line of theirs may be.
      const events = (of: string) => of.replace(/^: hi\n/m, '').replaceAll(/\n{3,}/g, '\n\n');
      assert.equal(events(caller.utf8), events(text));
      assert.equal(caller.end, 'answered');
      play.upstream.end();
      assert.equal(play.time.armed, 0);
      assert.deepEqual(play.upstream.heard, []);
    }),
    { numRuns: 300 },
  );
});

test('nothing is let through before the first output; role, pings and comments are no output', async () => {
  const play = new Play();
  play.upstream.say(`: hello\n\n${ROLE}`);
  assert.equal(await play.code(), 'pending');
  play.upstream.say('data:\n\n: ping\n\n');
  assert.equal(await play.code(), 'pending');
  play.upstream.say(say('a'));
  const caller = await play.caller();
  assert.equal(caller.text, ROLE + say('a'));
  play.upstream.say(': ping\n\n');
  assert.equal(caller.text, `${ROLE}${say('a')}: ping\n\n`);
});

test('an event with nothing in it is never passed on: clients that parse each event would break over it', async () => {
  for (const empty of [
    'data:\n\n',
    'data: \n\n',
    'data\n\n',
    'event: ping\n\n',
    'id: 4\n\n',
    'event: ping\ndata:\n\n',
  ]) {
    const play = new Play();
    play.upstream.say(`${say('a')}${empty}: life\n\n${say('b')}`);
    play.upstream.say(empty);
    const caller = await play.caller();
    play.upstream.say(`${empty}${STOP}${DONE}`);
    assert.equal(caller.text, `${say('a')}: life\n\n${say('b')}${STOP}${DONE}`);
    assert.equal(caller.end, 'answered');
  }
});

test('a dead start throws: an empty stream, a role alone, [DONE] alone, garbage, an error in the 200', async () => {
  const fate = async (text: string) => {
    const play = new Play();
    play.upstream.say(text);
    play.upstream.end();
    return play.code();
  };
  assert.equal(await fate(''), 'stream-empty');
  assert.equal(await fate(ROLE), 'stream-empty');
  assert.equal(await fate(DONE), 'stream-empty');
  assert.equal(await fate(`${ROLE}data: {"choices":[{"delta":{"cont\n\n`), 'stream-malformed');
  assert.equal(await fate('data: hello\n\n'), 'stream-malformed');
  assert.equal(await fate(ROLE + data({ error: { type: 'overloaded_error', message: 'x' } })), 'service-overloaded');
  assert.equal(await fate(`event: error\ndata: {"error":{"message":"x"}}\n\n`), 'stream-error');
  assert.equal(await fate(`event: error\ndata:\n\n`), 'stream-error');
});

test('a stream is never called whole without its terminal event or finish reason', async () => {
  const text = ROLE + say('Hello') + say(' you') + STOP + DONE;
  const bytes = Buffer.from(text);
  const whole = Buffer.from(ROLE + say('Hello') + say(' you')).length;
  for (let at = 0; at < bytes.length; at++) {
    const play = new Play();
    play.upstream.say(bytes.subarray(0, at));
    play.upstream.end();
    const isFinished = at >= whole + STOP.length - 2; // a clean end stands for the blank line
    if ((await play.code()) !== 'reply') {
      assert.equal(isFinished, false);
      continue;
    }
    const caller = await play.caller();
    assert.equal(
      caller.end,
      isFinished ? 'answered' : caller.end === 'stream-malformed' ? caller.end : 'stream-incomplete',
      `${at}`,
    );
    if (isFinished) assert.ok(caller.text.endsWith(DONE), `${at}`);
    else assert.ok(!caller.text.includes('[DONE]'));
  }
});

test('after the finish reason a missing [DONE] is written by us: at the clean end, at a break, or after a second', async () => {
  for (const how of ['end', 'break', 'silence'] as const) {
    const play = new Play();
    play.upstream.say(say('a') + STOP);
    const caller = await play.caller();
    if (how === 'end') play.upstream.end();
    if (how === 'break') play.upstream.break();
    if (how === 'silence') {
      play.time.advance(900);
      assert.equal(caller.end, 'running');
      play.upstream.say(data({ choices: [], usage: { total_tokens: 1 } }));
      play.time.advance(200);
      assert.deepEqual(play.upstream.heard, ['cancel']);
    }
    assert.equal(caller.end, 'answered', how);
    assert.ok(caller.text.endsWith(DONE), how);
    assert.equal(play.time.armed, 0, how);
  }
});

test('a finish reason for one of two choices is not the end', async () => {
  const body = Buffer.from('{"n":2,"stream":true}');
  const play = new Play(playedCall('openai-chat', { body }));
  play.upstream.say(say('a') + STOP);
  play.upstream.end();
  const caller = await play.caller();
  assert.equal(caller.end, 'stream-incomplete');
});

test('it ends at the terminal event at once; what follows is read off within bounds and never seen', async () => {
  const play = new Play();
  play.upstream.say(say('a') + STOP + DONE + say('late') + DONE);
  const caller = await play.caller();
  assert.equal(caller.text, say('a') + STOP + DONE);
  assert.equal(caller.end, 'answered');
  play.upstream.say(say('later'));
  assert.deepEqual(play.upstream.heard, []);
  play.upstream.say('x'.repeat(70_000));
  assert.deepEqual(play.upstream.heard, ['cancel']);

  const silent = new Play();
  silent.upstream.say(say('a') + DONE);
  assert.equal((await silent.caller()).end, 'answered');
  silent.time.advance(1_100);
  assert.deepEqual(silent.upstream.heard, ['cancel']);
  assert.equal(silent.time.armed, 0);
});

test('after the first output a break, an error event and a garbled event are failed outcomes, and none of them is forwarded', async () => {
  const after = async (text: string, isBroken = false) => {
    const play = new Play();
    play.upstream.say(ROLE + say('a'));
    const caller = await play.caller();
    if (text !== '') play.upstream.say(text);
    if (isBroken) play.upstream.break();
    assert.equal(caller.text, ROLE + say('a'));
    assert.equal(play.time.armed, 0);
    assert.equal(caller.outcomes.length, 1);
    return caller.end;
  };
  assert.equal(await after('', true), 'body-cut');
  assert.equal(await after(data({ error: { message: 'boom' } })), 'stream-error');
  assert.equal(await after('data: {"choices":[{"del\n\n'), 'stream-malformed');
  assert.equal(await after('data: {"choices":[{"del', true), 'body-cut');
});

test('an event that never was one is left out and counted, and the rest flows on; too many of them are a failure', async () => {
  const play = new Play();
  play.upstream.say(`${say('a')}data: heartbeat\n\n${say('b')}${STOP}${DONE}`);
  const caller = await play.caller();
  assert.equal(caller.text, say('a') + say('b') + STOP + DONE);
  const noisy = new Play();
  noisy.upstream.say(say('a') + 'data: ?\n\n'.repeat(100));
  assert.equal((await noisy.caller()).end, 'stream-malformed');
});

test('silence after output is a stall; heartbeats put it off, up to the quiet limit', async () => {
  const play = new Play();
  play.upstream.say(say('a'));
  const caller = await play.caller();
  play.time.advance(14_900);
  play.upstream.say(say('b'));
  play.time.advance(14_900);
  assert.equal(caller.end, 'running');
  play.time.advance(200);
  assert.equal(caller.end, 'stream-stall');
  assert.deepEqual(play.upstream.heard, ['cancel']);
  assert.equal(play.time.armed, 0);

  const alive = new Play();
  alive.upstream.say(say('a'));
  const second = await alive.caller();
  for (let i = 0; i < 11; i++) {
    alive.time.advance(10_000);
    alive.upstream.say(': alive\n\n');
  }
  assert.equal(second.end, 'running');
  alive.time.advance(10_001);
  assert.equal(second.end, 'stream-stall');
});

test('a caller that reads slowly is no stall of the target', async () => {
  const play = new Play();
  play.upstream.say(say('a'));
  const caller = await play.caller();
  caller.reply.pause();
  play.time.advance(600_000);
  assert.equal(caller.end, 'running');
  caller.reply.resume();
  play.time.advance(14_900);
  assert.equal(caller.end, 'running');
  play.time.advance(200);
  assert.equal(caller.end, 'stream-stall');
});

test('silence before the first output throws after the quiet limit', async () => {
  const play = new Play();
  play.upstream.say(ROLE);
  assert.equal(await play.code(), 'pending');
  play.time.advance(119_000);
  assert.equal(await play.code(), 'pending');
  play.time.advance(1_100);
  assert.equal(await play.code(), 'stream-stall');
});

test('a stream that says much and shows nothing is let through at 64 events', async () => {
  const play = new Play();
  play.upstream.say(data({ choices: [], note: 1 }).repeat(63));
  assert.equal(await play.code(), 'pending');
  play.upstream.say(data({ choices: [], note: 1 }));
  assert.equal(await play.code(), 'reply');
});

test('one event of 100 MB is refused at its bound', async () => {
  const play = new Play();
  play.upstream.say('data: {"choices":[{"delta":{"content":"');
  const piece = 'x'.repeat(65_536);
  let pieces = 0;
  while ((await play.code()) === 'pending' && pieces < 1600) {
    play.upstream.say(piece);
    pieces += 1;
  }
  assert.equal(await play.code(), 'stream-malformed');
  assert.ok(pieces <= 17);
  assert.deepEqual(play.upstream.heard, ['cancel']);
});

test('gzip inside an event stream is refused, since identity was asked for', async () => {
  const play = new Play(playedCall('openai-chat'), [...SSE, 'content-encoding', 'gzip']);
  assert.equal(await play.code(), 'bad-encoding');
  assert.deepEqual(play.upstream.heard, ['cancel']);
});

test('a page or an error object where events were due is read and judged', async () => {
  const page = new Play(playedCall('openai-chat'), ['content-type', 'text/html']);
  page.upstream.say('<html>');
  page.upstream.end();
  assert.equal(await page.code(), 'answer-html');
  const error = new Play(playedCall('openai-chat'), ['content-type', 'application/json']);
  error.upstream.say('{"error":{"code":"model_not_found","message":"x"}}');
  error.upstream.end();
  assert.equal(await error.code(), 'model-not-found');
});

test('a caller that leaves stops the upstream at once, before and after the first output', async () => {
  const play = new Play();
  play.upstream.say(say('a'));
  const caller = await play.caller();
  caller.reply.cancel();
  assert.deepEqual(play.upstream.heard, ['cancel']);
  assert.equal(play.time.armed, 0);
  assert.deepEqual(caller.outcomes, []);

  const early = new Play();
  early.upstream.say(ROLE);
  assert.equal(await early.code(), 'pending');
  early.upstream.reply.cancel();
  assert.equal(await early.code(), 'caller-left');
  assert.equal(early.time.armed, 0);
});

test('messages end with message_stop, which is written by us when only the stop reason came', async () => {
  const event = (value: { type: string }): string => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
  const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } };
  const stop = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } };
  const play = new Play(playedCall('anthropic-messages'));
  play.upstream.say(event({ type: 'message_start' }) + event(delta) + event(stop));
  const caller = await play.caller();
  play.upstream.end();
  assert.equal(caller.end, 'answered');
  assert.ok(caller.text.endsWith('event: message_stop\ndata: {"type":"message_stop"}\n\n'));
});

test('a response without response.completed is not whole', async () => {
  const play = new Play(playedCall('openai-responses'));
  play.upstream.say(data({ type: 'response.created' }) + data({ type: 'response.output_text.delta', delta: 'a' }));
  const caller = await play.caller();
  play.upstream.end();
  assert.equal(caller.end, 'stream-incomplete');
});
