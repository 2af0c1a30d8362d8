import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { leave } from '../call/leave.ts';
import type { Reply } from '../call/reply.ts';
import { wholeReply } from '../call/settle.ts';
import type { Attempt } from '../call/story.ts';
import { asked, promised, type Service } from '../pipeline/service.ts';
import { PlayedCaller, PlayedTime, PlayedUpstream, playedCall, settled } from './played.testing.ts';
import { read, voice } from './played-voices.testing.ts';
import { type ReplayOptions, Replays } from './replay.ts';

const SSE = ['content-type', 'text/event-stream'];
const WORDS = ['One', ' "two"', '\nthree', ' four', ' 💥', ' six', '.'];
const EVENTS = voice('openai-chat', WORDS, 'c1', 'm', 5);

function over(replays: Replays, service: Service): Service {
  return promised(replays.over(asked(service)));
}

class Play {
  readonly time = new PlayedTime();
  readonly replays: Replays;
  readonly upstreams: PlayedUpstream[] = [];
  readonly service: Service;
  #ids = 0;

  constructor(options: Partial<ReplayOptions> = {}) {
    this.replays = new Replays({ clock: this.time, timers: this.time, ...options });
    const ask: Service = async (call) => {
      const upstream = new PlayedUpstream(200, SSE);
      const attempt = { cancel: () => upstream.reply.cancel() } as unknown as Attempt;
      call.story.attempts.push(attempt);
      this.upstreams.push(upstream);
      return upstream.reply;
    };
    this.service = over(this.replays, ask);
  }

  call(more: Partial<Call> = {}): Call {
    this.#ids += 1;
    return playedCall('openai-chat', { id: `call-${this.#ids}`, idempotencyKey: 'k', ...more });
  }

  get upstream(): PlayedUpstream {
    const last = this.upstreams.at(-1);
    assert.ok(last !== undefined);
    return last;
  }

  /** Asks, and drops the connection as the server would. */
  async caller(call: Call): Promise<PlayedCaller & { drop(): void }> {
    const caller = new PlayedCaller(await this.service(call));
    return Object.assign(caller, {
      drop() {
        leave(call);
        caller.reply.cancel();
      },
    });
  }

  again(id: string, last: string | undefined, credential = 'c'): Reply {
    return this.replays.follow(id, last, { ip: '127.0.0.1', credential });
  }
}

/** The events without their ids. */
const unnumbered = (text: string): string => text.replaceAll(/^id: \d+\n/gm, '');

test('cut after any event, a caller that comes back with Last-Event-ID reads exactly the rest, and the service was asked once', async () => {
  for (let cut = 0; cut <= EVENTS.length; cut++) {
    const play = new Play();
    const call = play.call();
    const first = await play.caller(call);
    for (const event of EVENTS.slice(0, cut)) play.upstream.say(event);
    const got = first.utf8;
    first.drop();
    await settled();
    // Half of the rest comes while nobody listens.
    const middle = cut + ((EVENTS.length - cut) >> 1);
    for (const event of EVENTS.slice(cut, middle)) play.upstream.say(event);
    const second = new PlayedCaller(play.again(call.id, `${cut}`));
    for (const event of EVENTS.slice(middle)) play.upstream.say(event);
    play.upstream.end();
    assert.equal(got + unnumbered(second.utf8), EVENTS.join(''), `cut after ${cut}`);
    assert.equal(second.end, 'answered');
    assert.equal(read('openai-chat', second.utf8 === '' ? got : got + second.utf8).text, WORDS.join(''));
    assert.equal(play.upstreams.length, 1);
    assert.deepEqual(play.upstream.heard, []);
  }
});

test('ids count the events on from where the caller was', async () => {
  const play = new Play();
  const call = play.call();
  await play.caller(call);
  play.upstream.say(`: hello\n\n${EVENTS.join('')}`);
  play.upstream.end();
  const again = new PlayedCaller(play.again(call.id, '3'));
  const ids = [...again.text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  assert.deepEqual(
    ids,
    Array.from({ length: EVENTS.length - 3 }, (_, i) => i + 4),
  );
  const whole = new PlayedCaller(play.again(call.id, undefined));
  assert.equal(unnumbered(whole.utf8), `: hello\n\n${EVENTS.join('')}`);
});

test('a caller may ask for ids in its first stream', async () => {
  const play = new Play();
  const caller = await play.caller(play.call({ idempotencyKey: undefined, fields: ['goodgate-replay', 'ids'] }));
  play.upstream.say(EVENTS.join(''));
  play.upstream.end();
  assert.ok(caller.utf8.startsWith('id: 1\ndata: '));
  assert.equal(unnumbered(caller.utf8), EVENTS.join(''));
});

test('the same Idempotency-Key joins the running reply, and the finished one, without asking again', async () => {
  const play = new Play();
  const first = await play.caller(play.call());
  play.upstream.say(EVENTS.slice(0, 4).join(''));
  const second = await play.caller(play.call());
  play.upstream.say(EVENTS.slice(4).join(''));
  play.upstream.end();
  const third = await play.caller(play.call());
  for (const caller of [first, second, third])
    assert.deepEqual([caller.utf8, caller.end], [EVENTS.join(''), 'answered']);
  assert.equal(play.upstreams.length, 1);
});

test('who joined by key goes on from its own call id, as it was told it', async () => {
  const play = new Play();
  await play.caller(play.call());
  const again = play.call();
  await play.caller(again);
  play.upstream.say(EVENTS.join(''));
  const reader = new PlayedCaller(play.again(again.id, undefined));
  assert.equal(unnumbered(reader.utf8), EVENTS.join(''));
});

test('the same key with another body is refused, and with another credential it is another key', async () => {
  const play = new Play();
  await play.caller(play.call());
  await assert.rejects(
    play.service(play.call({ body: Buffer.from('{}') })),
    (failure: Failure) => failure.code === 'caller-malformed',
  );
  await play.caller(play.call({ caller: { ip: '127.0.0.1', credential: 'other' } }));
  assert.equal(play.upstreams.length, 2);
});

test('an id that was never issued, is too old, or belongs to someone else gets the same plain refusal', async () => {
  const play = new Play({ keepMs: 1_000 });
  const call = play.call();
  await play.caller(call);
  play.upstream.say(EVENTS.join(''));
  play.upstream.end();
  const refusal = (id: string, last: string | undefined, credential?: string): string => {
    try {
      play.again(id, last, credential);
      return 'reply';
    } catch (failure) {
      assert.ok(failure instanceof Failure);
      return `${failure.code}: ${failure.evidence.note}`;
    }
  };
  const stranger = refusal(call.id, undefined, 'other');
  assert.equal(stranger, refusal('no-such-call', undefined));
  assert.match(stranger, /^resource-not-found/);
  for (const last of ['99', '-1', 'x', '1e3', '99999999999999999999', '1.5']) {
    assert.match(refusal(call.id, last), /^caller-malformed: Last-Event-ID was never issued/, last);
  }
  assert.equal(refusal(call.id, '2'), 'reply');
  play.time.advance(2_100);
  assert.equal(refusal(call.id, '2'), refusal('no-such-call', '2'));
  assert.equal(play.replays.usedBytes, 0);
  assert.equal(play.time.armed, 0);
});

test('an unannounced caller that leaves stops the call at once; one that may come back is waited for', async () => {
  const play = new Play({ announcedOrphanMs: 60_000 });
  const plain = await play.caller(play.call({ idempotencyKey: undefined }));
  play.upstream.say(EVENTS[0] ?? '');
  plain.drop();
  assert.deepEqual(play.upstream.heard, ['cancel']);
  assert.equal(play.replays.entries, 0);

  const call = play.call();
  const announced = await play.caller(call);
  announced.drop();
  play.time.advance(59_000);
  assert.deepEqual(play.upstream.heard, []);
  const back = new PlayedCaller(play.again(call.id, '0'));
  play.time.advance(120_000);
  assert.deepEqual(play.upstream.heard, []);
  back.reply.cancel();
  play.time.advance(60_001);
  assert.deepEqual(play.upstream.heard, ['cancel']);
  assert.equal(play.replays.entries, 0);
  assert.equal(play.replays.usedBytes, 0);
  assert.equal(play.time.armed, 0);
});

test('a caller that leaves before the first part can come back to it', async () => {
  const time = new PlayedTime();
  const replays = new Replays({ clock: time, timers: time });
  let answer: (reply: Reply) => void = () => undefined;
  const slow: Service = () =>
    new Promise((fulfil) => {
      answer = fulfil;
    });
  const call = playedCall('openai-chat', { idempotencyKey: 'k' });
  const lost = over(replays, slow)(call);
  lost.catch(() => undefined);
  leave(call);
  const again = playedCall('openai-chat', { idempotencyKey: 'k', id: 'other' });
  const joined = over(replays, slow)(again);
  const upstream = new PlayedUpstream(200, SSE);
  answer(upstream.reply);
  await assert.rejects(lost, (failure: Failure) => failure.code === 'caller-left');
  const caller = new PlayedCaller(await joined);
  upstream.say('data: x\n\n');
  upstream.end();
  assert.deepEqual([caller.text, caller.end], ['data: x\n\n', 'answered']);
});

test('who joins a reply that turns out too large to be kept is told so, and not left waiting', async () => {
  const play = new Play({ bytesMax: 1 });
  const upstream = new PlayedUpstream(200, SSE);
  upstream.say(EVENTS.join(''));
  const ask = async () => upstream.reply;
  const first = over(play.replays, ask)(play.call());
  const second = over(play.replays, ask)(play.call());
  const caller = new PlayedCaller(await first);
  await assert.rejects(second, { code: 'resource-not-found' });
  upstream.end();
  assert.deepEqual([caller.utf8, caller.end], [EVENTS.join(''), 'answered']);
});

test('a failed call is not remembered: the next one with its key tries again', async () => {
  const time = new PlayedTime();
  const replays = new Replays({ clock: time, timers: time });
  let asked = 0;
  const failing: Service = async () => {
    asked += 1;
    throw new Failure('service-unavailable', { phase: 'body', firstEvent: 'answer' });
  };
  for (let i = 0; i < 2; i++)
    await assert.rejects(over(replays, failing)(playedCall('openai-chat', { idempotencyKey: 'k' })));
  assert.equal(asked, 2);
  assert.equal(replays.entries, 0);
});

test('an answer that broke is asked for anew by its key, and what was said of it is still there by its id', async () => {
  const play = new Play();
  const call = play.call();
  await play.caller(call);
  play.upstream.say(EVENTS[0] ?? '');
  play.upstream.break();
  const second = await play.caller(play.call());
  assert.equal(play.upstreams.length, 2);
  play.upstream.say(EVENTS.join(''));
  play.upstream.end();
  assert.deepEqual([second.utf8, second.end], [EVENTS.join(''), 'answered']);
  assert.equal(unnumbered(new PlayedCaller(play.again(call.id, undefined)).utf8), EVENTS[0]);
});

test('plain replies are repeated under their key, and without one pass untouched', async () => {
  const time = new PlayedTime();
  const replays = new Replays({ clock: time, timers: time });
  let asked = 0;
  const answering: Service = async () => {
    asked += 1;
    return wholeReply(200, ['content-type', 'application/json'], Buffer.from(`{"n":${asked}}`), 'a');
  };
  const get = async (idempotencyKey: string | undefined) =>
    new PlayedCaller(await over(replays, answering)(playedCall('openai-chat', { isStream: false, idempotencyKey })))
      .text;
  assert.deepEqual([await get('k'), await get('k'), await get(undefined)], ['{"n":1}', '{"n":1}', '{"n":2}']);
});

test('memory is bounded: the oldest finished replies are forgotten first, running ones lose only their replay', async () => {
  const play = new Play({ bytesMax: 64 * 1024 });
  const calls: Call[] = [];
  for (let i = 0; i < 40; i++) {
    const call = play.call({ idempotencyKey: undefined });
    calls.push(call);
    const caller = await play.caller(call);
    play.upstream.say(EVENTS.join(''));
    play.upstream.end();
    assert.equal(caller.utf8, EVENTS.join(''));
    assert.ok(play.replays.usedBytes <= 64 * 1024);
  }
  assert.throws(() => play.again(calls[0]?.id ?? '', undefined));
  assert.doesNotThrow(() => play.again(calls.at(-1)?.id ?? '', undefined));
});

test('so many finished replies are kept at most, the last ones, however many run', async () => {
  const play = new Play();
  const ids: string[] = [];
  await play.caller(play.call({ idempotencyKey: 'runs' }));
  for (let i = 0; i < 2100; i++) {
    const call = play.call({ idempotencyKey: undefined });
    ids.push(call.id);
    await play.caller(call);
    play.upstream.say(EVENTS[0] ?? '');
    play.upstream.end();
  }
  assert.equal(play.replays.entries, 2001);
  assert.throws(() => play.again(ids[99] ?? '', undefined));
  assert.doesNotThrow(() => play.again(ids[100] ?? '', undefined));
});

test('a finished reply is forgotten soon after its time, whatever finished before it', async () => {
  const play = new Play({ keepMs: 1_000 });
  for (const waitMs of [500, 600]) {
    await play.caller(play.call({ idempotencyKey: undefined }));
    play.upstream.say(EVENTS.join(''));
    play.upstream.end();
    play.time.advance(waitMs);
  }
  assert.equal(play.replays.entries, 1);
  play.time.advance(500);
  assert.deepEqual([play.replays.entries, play.replays.usedBytes], [0, 0]);
});

test('closing keeps nothing and stops what nobody reads; who reads, reads to the end', async () => {
  const play = new Play();
  await play.caller(play.call({ idempotencyKey: 'done' }));
  play.upstream.say(EVENTS.join(''));
  play.upstream.end();
  const orphan = await play.caller(play.call({ idempotencyKey: 'orphan' }));
  const orphaned = play.upstream;
  orphan.drop();
  const reader = await play.caller(play.call({ idempotencyKey: 'read' }));
  play.replays.close();
  assert.deepEqual(orphaned.heard, ['cancel']);
  assert.equal(play.time.armed, 0);
  play.upstream.say(EVENTS.join(''));
  play.upstream.end();
  assert.deepEqual([reader.utf8, reader.end], [EVENTS.join(''), 'answered']);
  assert.deepEqual([play.replays.entries, play.replays.usedBytes, play.time.armed], [0, 0, 0]);
});

test('a response is read on from starting_after by its own id', async () => {
  const play = new Play();
  const events = voice('openai-responses', WORDS, 'resp_1', 'm', 5);
  await play.caller(play.call({ dialect: 'openai-responses' }));
  play.upstream.say(events.join(''));
  play.upstream.end();
  const again = playedCall('http', {
    method: 'GET',
    path: '/v1/responses/resp_1?stream=true&starting_after=4',
    isStream: false,
  });
  const caller = new PlayedCaller(await play.service(again));
  assert.equal(caller.utf8, events.slice(5).join(''));
  const other = playedCall('http', { method: 'GET', path: '/v1/responses/resp_2?stream=true', isStream: false });
  await play.service(other);
  assert.equal(play.upstreams.length, 2);
});
