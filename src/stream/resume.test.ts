import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import type { Attempt } from '../call/story.ts';
import type { Target } from '../call/target.ts';
import { asFilter, stack } from '../pipeline/asked.testing.ts';
import type { Service } from '../pipeline/service.ts';
import { type Ability, TargetAbility } from './abilities.ts';
import { goOn } from './go-on.ts';
import { fateOf, PlayedCaller, PlayedTime, PlayedUpstream, playedCall, settled } from './played.testing.ts';
import {
  answerTo,
  PROMPT,
  type PrefillManner,
  read,
  STREAMING,
  type StreamingDialect,
} from './played-voices.testing.ts';
import { resume } from './resume.ts';
import { watch } from './watch.ts';

const SSE = ['content-type', 'text/event-stream'];

/** Quotes, escapes, runs of white space, half words and characters of two units. */
const WORDS =
  'The quick "brown" fox\\n jum|ps over|  the\n\nlaz|y dog.| 💥 Grü|ße, and\tthen| it said: {"finish_reason":"stop"} to| no one at a|ll.'
    .split(/(?=[ |])/)
    .map((word) => word.replace('|', ''))
    .filter((word) => word !== '');
const TEXT = WORDS.join('');

const HOWS = ['clean end', 'reset', 'stall', 'malformed', 'error event'] as const;
type How = (typeof HOWS)[number];

/** A house of two targets: the first breaks off after `cut` events, the second is whole. */
class House {
  readonly time = new PlayedTime();
  readonly asked: { target: string; body: string }[] = [];
  readonly upstreams: PlayedUpstream[] = [];
  readonly service: Service;
  readonly ability: TargetAbility;
  words: readonly string[] = WORDS;
  rescueWords: readonly string[] = WORDS;
  /** What the rescue says when it is given a beginning; `rescueWords` when undefined. */
  continuedWords: readonly string[] | undefined;
  manner: PrefillManner = 'continue';
  rescueCut: number | undefined;
  isRescueDown = false;
  readonly #dialect: StreamingDialect;
  readonly #cut: number;
  readonly #how: How;
  #legs = 0;

  constructor(dialect: StreamingDialect, cut: number, how: How, ability: Ability, resumesMax = 1) {
    this.#dialect = dialect;
    this.#cut = cut;
    this.#how = how;
    this.ability = new TargetAbility({} as Target, ability);
    const clocks = { betweenPartsMs: 15_000, quietMs: 120_000 };
    const seat = stack(
      [
        asFilter((ask) => goOn({ clock: this.time, ability: this.ability, model: undefined }, ask)),
        asFilter((ask) => watch({ clock: this.time, timers: this.time, clocks, replyBytesHeldMax: 1000 }, ask)),
      ],
      (call) => this.#ask(call),
    );
    this.service = stack([asFilter((ask) => resume({ clock: this.time, resumesMax }, ask))], (call) => {
      this.#legs += 1;
      return seat(call);
    });
  }

  async #ask(call: Call) {
    const isFirst = this.#legs === 1;
    this.asked.push({ target: isFirst ? 'a' : 'b', body: Buffer.from(call.body ?? '').toString() });
    if (!isFirst && this.isRescueDown) throw new Failure('connect-refused', { phase: 'connect', firstEvent: 'errno' });
    const model = isFirst ? 'model-a' : 'model-b';
    const isGiven = Buffer.from(call.body ?? '').includes('"assistant"');
    const rescueWords = isGiven ? (this.continuedWords ?? this.rescueWords) : this.rescueWords;
    const events = answerTo(
      this.#dialect,
      call.body,
      isFirst ? this.words : rescueWords,
      this.manner,
      isFirst ? 'first' : 'second',
      model,
    );
    const upstream = new PlayedUpstream(
      events === undefined ? 400 : 200,
      events === undefined ? ['content-type', 'application/json'] : SSE,
    );
    this.upstreams.push(upstream);
    const cut = isFirst ? this.#cut : this.rescueCut;
    // The bytes follow the head, as they do on a wire.
    queueMicrotask(() => this.#play(upstream, events, cut));
    return upstream.reply;
  }

  #play(upstream: PlayedUpstream, events: string[] | undefined, cut: number | undefined): void {
    if (events === undefined) {
      upstream.say(
        '{"error":{"type":"invalid_request_error","message":"This model does not support assistant message prefill."}}',
      );
      upstream.end();
      return;
    }
    for (const event of events.slice(0, cut)) upstream.say(event);
    if (cut === undefined) upstream.end();
    else this.#strike(upstream, events[cut] ?? '');
  }

  #strike(upstream: PlayedUpstream, next: string): void {
    switch (this.#how) {
      case 'clean end':
        upstream.end();
        return;
      case 'reset':
        upstream.say(next.slice(0, next.length >> 1));
        upstream.break();
        return;
      case 'stall':
        return;
      case 'malformed':
        upstream.say('data: {"choices":[{"delta\n\n');
        upstream.break();
        return;
      case 'error event':
        upstream.say('event: error\ndata: {"type":"error","error":{"type":"server_error","message":"boom"}}\n\n');
        upstream.end();
    }
  }

  /** Plays a call to its end and says what the caller got. */
  async play(call: Call): Promise<PlayedCaller | Failure> {
    const promise = this.service(call);
    let fate = await fateOf(promise);
    for (let i = 0; i < 4 && fate === 'pending'; i++) {
      this.time.advance(121_000);
      fate = await fateOf(promise);
    }
    if (fate instanceof Failure) return fate;
    assert.notEqual(fate, 'pending');
    const caller = new PlayedCaller(await promise);
    for (let i = 0; i < 8 && caller.end === 'running'; i++) {
      await settled();
      this.time.advance(16_000);
    }
    assert.equal(this.time.armed, 0, 'a timer was left');
    return caller;
  }
}

function callFor(dialect: StreamingDialect, more: object = {}, fields: string[] = []): Call {
  const asks = dialect === 'openai-completions' ? { prompt: PROMPT } : { messages: [{ role: 'user', content: 'hi' }] };
  const request = {
    model: 'm',
    stream: true,
    temperature: 0,
    ...asks,
    ...more,
  };
  return playedCall(dialect, { body: Buffer.from(JSON.stringify(request)), fields });
}

const EVENTS: Readonly<Record<StreamingDialect, number>> = {
  'openai-chat': WORDS.length + 4,
  'openai-completions': WORDS.length + 3,
  'anthropic-messages': WORDS.length + 6,
  'openai-responses': WORDS.length + 10,
};

const RESCUES: readonly (readonly [name: string, ability: Ability, manner: PrefillManner])[] = [
  ['that can continue', 'prefill', 'continue'],
  ['that cannot', 'none', 'continue'],
  ['that refuses', 'prefill', 'refuse'],
  ['that only seems to', 'prefill', 'restart'],
];

for (const dialect of STREAMING) {
  for (const [name, ability, manner] of RESCUES) {
    test(`${dialect}: cut at every event and in every way, with a rescue ${name}, the answer is whole, once, and well ended`, async () => {
      for (const [how, temperature] of HOWS.flatMap((each) => [[each, 0] as const, [each, 1] as const])) {
        for (let cut = 0; cut < EVENTS[dialect]; cut++) {
          const house = new House(dialect, cut, how, ability);
          house.manner = manner;
          const got = await house.play(callFor(dialect, { temperature }));
          // Before the first output the call fails, and whoever is above tries again unseen.
          if (got instanceof Failure) {
            assert.ok(cut <= 6, `${how} at ${cut}: ${got.code}`);
            continue;
          }
          const where = `${how} at ${cut}, temperature ${temperature}`;
          assert.equal(got.end, 'answered', where);
          const reading = read(dialect, got.utf8);
          assert.equal(reading.text, TEXT, where);
          assert.equal(reading.isEnded, true, where);
          assert.ok(['stop', 'end_turn', 'completed'].includes(reading.finish ?? ''), where);
          assert.equal(reading.id, 'first', where);
        }
      }
    });
  }
}

test('the model that finished is the model that is named, and usage is that of one whole answer', async () => {
  for (const ability of ['prefill', 'none'] as const) {
    const house = new House('openai-chat', 12, 'reset', ability);
    const got = await house.play(callFor('openai-chat', { temperature: 1 }));
    assert.ok(got instanceof PlayedCaller);
    const { model, usage } = read('openai-chat', got.utf8);
    assert.equal(model, 'model-b');
    assert.deepEqual(
      usage,
      { prompt_tokens: 10, completion_tokens: WORDS.length, total_tokens: 10 + WORDS.length },
      ability,
    );
  }
});

test('with nobody to finish it, the reply ends as failed with the first cause, without a terminal event', async () => {
  for (const dialect of STREAMING) {
    for (const how of HOWS) {
      const house = new House(dialect, 12, how, 'none');
      house.isRescueDown = true;
      const got = await house.play(callFor(dialect));
      assert.ok(got instanceof PlayedCaller);
      const codes = {
        'clean end': 'stream-incomplete',
        reset: 'body-cut',
        stall: 'stream-stall',
        malformed: 'stream-malformed',
        'error event': 'service-error',
      };
      assert.equal(got.end, codes[how], `${dialect} ${how}`);
      const reading = read(dialect, got.utf8);
      assert.equal(reading.isEnded, false);
      assert.ok(TEXT.startsWith(reading.text));
    }
  }
});

test('a rescue that says something else is never let through', async () => {
  for (const dialect of STREAMING) {
    if (dialect === 'openai-completions') continue;
    for (const at of [0, 3, 5]) {
      const house = new House(dialect, 14, 'reset', 'none');
      house.rescueWords = WORDS.map((word, i) => (i === at ? ' other' : word));
      const got = await house.play(callFor(dialect));
      assert.ok(got instanceof PlayedCaller);
      assert.equal(got.end, 'body-cut');
      assert.ok(TEXT.startsWith(read(dialect, got.utf8).text));
      assert.equal(house.asked.length, 2);
    }
  }
});

test('a rescue that ends before it has said what was said, or does something else first, is never let through', async () => {
  for (const dialect of STREAMING) {
    if (dialect === 'openai-completions') continue;
    const house = new House(dialect, 14, 'reset', 'none');
    house.rescueWords = WORDS.slice(0, 4);
    const got = await house.play(callFor(dialect));
    assert.ok(got instanceof PlayedCaller);
    assert.equal(got.end, 'body-cut', dialect);
    assert.equal(read(dialect, got.utf8).isEnded, false);
  }
});

test('a target that begins anew instead of going on is found out, whatever the temperature', async () => {
  for (const dialect of ['openai-chat', 'anthropic-messages'] as const) {
    for (let cut = 2; cut < WORDS.length; cut++) {
      const house = new House(dialect, cut, 'reset', 'prefill');
      house.manner = 'restart';
      const got = await house.play(callFor(dialect, { temperature: 1 }));
      if (got instanceof Failure) continue;
      assert.equal(got.end, 'answered');
      assert.equal(read(dialect, got.utf8).text, TEXT, `${dialect} at ${cut}`);
    }
  }
});

test('at any temperature a target that goes on finishes the text exactly', async () => {
  for (const dialect of STREAMING) {
    for (let cut = 2; cut < WORDS.length; cut++) {
      const house = new House(dialect, cut, 'clean end', 'prefill');
      const got = await house.play(callFor(dialect, { temperature: 1 }));
      if (got instanceof Failure) continue;
      assert.equal(read(dialect, got.utf8).text, TEXT, `${dialect} at ${cut}`);
    }
  }
});

test('other white space and case are let pass at best effort, and not when exactness was asked for', async () => {
  const play = async (mode: string, more: object = {}) => {
    const house = new House('openai-chat', 14, 'reset', 'none');
    house.rescueWords = WORDS.map((word, i) => (i < 5 ? word.toUpperCase() : word));
    const got = await house.play(callFor('openai-chat', more, ['goodgate-resume', mode]));
    assert.ok(got instanceof PlayedCaller);
    return [got.end, read('openai-chat', got.utf8).text];
  };
  assert.deepEqual(await play('best-effort'), ['answered', TEXT]);
  assert.equal((await play('exact'))[0], 'body-cut');
  assert.equal((await play('best-effort', { response_format: { type: 'json_object' } }))[0], 'body-cut');
});

test('the caller can turn it off', async () => {
  const house = new House('openai-chat', 10, 'reset', 'prefill');
  const got = await house.play(callFor('openai-chat', {}, ['goodgate-resume', 'off']));
  assert.ok(got instanceof PlayedCaller);
  assert.equal(got.end, 'body-cut');
  assert.equal(house.asked.length, 1);
});

test('a refused prefill is learned, never told, and costs nothing the next time', async () => {
  const house = new House('openai-chat', 16, 'reset', 'prefill');
  house.manner = 'refuse';
  await house.play(callFor('openai-chat', { temperature: 1 }));
  assert.equal(house.asked.length, 3);
  assert.equal(house.ability.of('m'), 'none');
  assert.equal(house.ability.of('other'), 'prefill');
});

test('it goes on from the partial answer only where that is safe', async () => {
  const prefilled = async (more: object) => {
    const house = new House('openai-chat', 20, 'reset', 'prefill');
    await house.play(callFor('openai-chat', { temperature: 1, ...more }));
    return house.asked.at(-1)?.body.includes('"assistant"');
  };
  assert.equal(await prefilled({}), true);
  assert.equal(await prefilled({ tools: [{ type: 'function' }] }), false);
  assert.equal(await prefilled({ response_format: { type: 'json_schema' } }), false);
  assert.equal(await prefilled({ n: 2 }), false);
  assert.equal(await prefilled({ logprobs: true }), false);
  assert.equal(await prefilled({ max_tokens: 5 }), false);
  assert.equal(await prefilled({ max_tokens: 500 }), true);
});

test('an answer that comes the same again is asked for again whole: going on from a text is never as exact', async () => {
  for (const more of [{}, { temperature: 1, seed: 7 }, { temperature: 1, top_k: 1 }]) {
    const house = new House('openai-chat', 20, 'reset', 'prefill');
    const got = await house.play(callFor('openai-chat', more));
    assert.ok(got instanceof PlayedCaller);
    assert.equal(read('openai-chat', got.utf8).text, TEXT);
    assert.deepEqual(house.asked[1]?.body, house.asked[0]?.body);
    assert.equal(house.asked.length, 2);
  }
});

test('a rescue that gives another answer to the same request goes on from the partial one, unless exactness was asked for', async () => {
  const play = async (mode: string, more: object = {}) => {
    const house = new House('openai-chat', 20, 'reset', 'prefill');
    house.rescueWords = WORDS.map((word, i) => (i === 1 ? ' slow' : word));
    house.continuedWords = WORDS;
    const got = await house.play(callFor('openai-chat', more, ['goodgate-resume', mode]));
    assert.ok(got instanceof PlayedCaller);
    return [got.end, read('openai-chat', got.utf8).text === TEXT, house.asked.length];
  };
  assert.deepEqual(await play('best-effort'), ['answered', true, 3]);
  assert.deepEqual(await play('exact'), ['body-cut', false, 2]);
  // Words given back as a beginning would count for no penalty.
  assert.deepEqual(await play('best-effort', { temperature: 1, frequency_penalty: 1 }), ['answered', true, 2]);
  assert.deepEqual(await play('exact', { temperature: 1, frequency_penalty: 1 }), ['body-cut', false, 2]);
  assert.deepEqual(await play('exact', { temperature: 1 }), ['answered', true, 2]);
});

test('the second break ends it: one resume a call', async () => {
  const house = new House('openai-chat', 10, 'reset', 'none');
  house.rescueCut = 20;
  const got = await house.play(callFor('openai-chat'));
  assert.ok(got instanceof PlayedCaller);
  assert.equal(got.end, 'body-cut');
  assert.equal(house.asked.length, 2);
  assert.equal(TEXT.startsWith(read('openai-chat', got.utf8).text), true);
});

test('where more are allowed, a reply of three legs reads as one', async () => {
  for (const dialect of STREAMING) {
    for (const ability of ['none', 'prefill'] as const) {
      const house = new House(dialect, 11, 'reset', ability, 3);
      house.rescueCut = 16;
      const promise = house.service(callFor(dialect));
      await fateOf(promise);
      const caller = new PlayedCaller(await promise);
      for (let i = 0; i < 3; i++) await settled();
      house.rescueCut = undefined;
      for (let i = 0; i < 5; i++) await settled();
      const reading = read(dialect, caller.utf8);
      if (caller.end === 'answered') assert.equal(reading.text, TEXT, `${dialect} ${ability}`);
      else assert.ok(TEXT.startsWith(reading.text), `${dialect} ${ability}`);
    }
  }
});

test('a caller who leaves during the rescue stops it', async () => {
  const house = new House('openai-chat', 10, 'clean end', 'none');
  const promise = house.service(callFor('openai-chat'));
  const reply = await promise;
  await settled();
  reply.cancel();
  await settled();
  assert.ok(house.upstreams.every(({ reply: each }) => each.outcome !== undefined));
  assert.equal(house.time.armed, 0);
});

test('a rescue that has not yet spoken is stopped with the reply, whoever ends it', async () => {
  const upstream = new PlayedUpstream(200, SSE);
  const clocks = { betweenPartsMs: 15_000, quietMs: 120_000 };
  const time = new PlayedTime();
  const watched = asFilter((ask) => watch({ clock: time, timers: time, clocks, replyBytesHeldMax: 1000 }, ask));
  let stopped = 0;
  let asked = 0;
  const silent: Service = ({ story, leavers }) => {
    story.attempts.push({ target: 'b', verdict: 'running', cancel: () => (stopped += 1) } as unknown as Attempt);
    leavers.add(() => (stopped += 1));
    return new Promise(() => {});
  };
  const service = stack([asFilter((ask) => resume({ clock: time }, ask))], (each) =>
    asked++ === 0 ? watched(each, () => Promise.resolve(upstream.reply)) : silent(each),
  );
  const promise = service(callFor('openai-chat'));
  await settled();
  const events = answerTo('openai-chat', undefined, WORDS, 'continue', 'first', 'm') ?? [];
  for (const event of events.slice(0, 5)) upstream.say(event);
  const reply = await promise;
  upstream.break();
  await settled();
  assert.deepEqual([asked, stopped], [2, 0]);
  reply.cancel();
  assert.equal(stopped, 2);
});

test('half a tool call is never passed off as done, and never joined with another', async () => {
  const tool = (args: string): string =>
    `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta: { tool_calls: [{ index: 0, id: 't', function: { name: 'f', arguments: args } }] }, finish_reason: null }] })}\n\n`;
  const house = new House('openai-chat', 0, 'reset', 'prefill');
  const upstream = new PlayedUpstream(200, SSE);
  const service = stack(
    [
      asFilter((ask) => resume({ clock: house.time }, ask)),
      asFilter((ask) =>
        watch(
          {
            clock: house.time,
            timers: house.time,
            clocks: { betweenPartsMs: 0, quietMs: 0 },
            replyBytesHeldMax: 1000,
          },
          ask,
        ),
      ),
    ],
    () => Promise.resolve(upstream.reply),
  );
  upstream.say(tool('{"a":') + tool('1'));
  const caller = new PlayedCaller(await service(callFor('openai-chat')));
  upstream.break();
  await settled();
  assert.equal(caller.end, 'body-cut');
  assert.equal(caller.text.includes('[DONE]'), false);
});
