import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Failure } from './failure.ts';
import { ANSWERED, type Outcome, type Sink } from './reply.ts';
import { HELD_BYTES_MAX, Relay, type Upstream, wholeReply } from './settle.ts';

function playedUpstream(): Upstream & { readonly heard: string[] } {
  const heard: string[] = [];
  return {
    heard,
    pause: () => heard.push('pause'),
    resume: () => heard.push('resume'),
    cancel: () => heard.push('cancel'),
  };
}

function collector(): Sink & { text: string; ends: Outcome[] } {
  const decoder = new TextDecoder();
  const sink = {
    text: '',
    ends: [] as Outcome[],
    part(bytes: Uint8Array) {
      sink.text += decoder.decode(bytes);
    },
    end(outcome: Outcome) {
      sink.ends.push(outcome);
    },
  };
  return sink;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const relayOn = (upstream: Upstream): Relay =>
  new Relay({ status: 200, fields: [], length: -1, target: 'a' }, upstream);
const bug = (): Failure => new Failure('body-cut', { phase: 'body', firstEvent: 'reset' });

test('whatever comes before and after flow arrives once and in order, though the bytes are reused at once', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, maxLength: 9 }), { maxLength: 20 }), fc.nat(20), (parts, at) => {
      const relay = relayOn(playedUpstream());
      const sink = collector();
      const shared = new Uint8Array(64);
      parts.forEach((part, i) => {
        if (i === at) relay.flow(sink);
        const bytes = bytesOf(part);
        shared.set(bytes);
        relay.part(shared.subarray(0, bytes.length));
        shared.fill(0);
      });
      relay.end(ANSWERED);
      if (at >= parts.length) relay.flow(sink);
      assert.equal(sink.text, parts.join(''));
      assert.deepEqual(sink.ends, [ANSWERED]);
    }),
  );
});

test('observers hear the outcome once, before the sink, and a late one at once', () => {
  const relay = relayOn(playedUpstream());
  const order: string[] = [];
  relay.onOutcome((outcome) => order.push(`early ${outcome.kind}`));
  relay.flow({ part() {}, end: (outcome) => order.push(`sink ${outcome.kind}`) });
  relay.end(ANSWERED);
  relay.end({ kind: 'failed', failure: bug() });
  relay.cancel();
  relay.onOutcome((outcome) => order.push(`late ${outcome.kind}`));
  assert.deepEqual(order, ['early answered', 'sink answered', 'late answered']);
});

test('cancel stops the upstream once, is abandoned for observers and silence for the sink', () => {
  const upstream = playedUpstream();
  const relay = relayOn(upstream);
  const sink = collector();
  const outcomes: string[] = [];
  relay.onOutcome((outcome) => outcomes.push(outcome.kind));
  relay.flow(sink);
  relay.cancel();
  relay.cancel();
  relay.part(bytesOf('late'));
  relay.end(ANSWERED);
  assert.deepEqual([upstream.heard, outcomes, sink.text, sink.ends], [['cancel'], ['abandoned'], '', []]);
});

test('a sink that cancels while held parts are pushed hears nothing more', () => {
  const relay = relayOn(playedUpstream());
  relay.part(bytesOf('a'));
  relay.part(bytesOf('b'));
  relay.end(ANSWERED);
  const heard: string[] = [];
  relay.flow({
    part(bytes) {
      heard.push(new TextDecoder().decode(bytes));
      relay.cancel();
    },
    end: () => heard.push('end'),
  });
  assert.deepEqual(heard, ['a']);
});

test('an unheard upstream is paused at the bound and resumed by flow', () => {
  const upstream = playedUpstream();
  const relay = relayOn(upstream);
  relay.part(new Uint8Array(HELD_BYTES_MAX - 1));
  assert.deepEqual(upstream.heard, []);
  relay.part(new Uint8Array(1));
  relay.part(new Uint8Array(1));
  assert.deepEqual(upstream.heard, ['pause']);
  relay.flow(collector());
  assert.deepEqual(upstream.heard, ['pause', 'resume']);
});

test('a sink that throws ends its own reply as gateway-bug and stops the upstream', () => {
  for (const isHeld of [true, false]) {
    const upstream = playedUpstream();
    const relay = relayOn(upstream);
    const ends: Outcome[] = [];
    const broken: Sink = {
      part() {
        throw new TypeError('broken');
      },
      end: (outcome) => ends.push(outcome),
    };
    if (isHeld) relay.part(bytesOf('x'));
    relay.flow(broken);
    if (!isHeld) relay.part(bytesOf('x'));
    assert.deepEqual(upstream.heard, ['cancel']);
    const [end] = ends;
    assert.equal(end?.kind === 'failed' ? end.failure.code : end?.kind, 'gateway-bug');
    assert.equal(ends.length, 1);
  }
});

test('fail is settled before the upstream hears of it', () => {
  const order: string[] = [];
  const relay: Relay = relayOn({ pause() {}, resume() {}, cancel: () => relay.end({ kind: 'abandoned' }) });
  relay.onOutcome((outcome) => order.push(outcome.kind));
  relay.flow({ part() {}, end: (outcome) => order.push(`sink ${outcome.kind}`) });
  relay.fail(bug());
  assert.deepEqual(order, ['failed', 'sink failed']);
});

test('a whole reply pushes its one part without a copy', () => {
  const body = bytesOf('{"a":1}');
  const reply = wholeReply(200, [], body, 'a');
  const parts: Uint8Array[] = [];
  reply.flow({ part: (bytes) => parts.push(bytes), end() {} });
  assert.equal(parts[0], body);
  assert.equal(reply.length, 7);
});
