import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify } from '../diagnosis/classify.ts';
import type { BodyOut, Exchange, OutgoingRequest } from './contract.ts';
import { type PlayedWire, type PlayedWorld, playedWorld } from './played-world.ts';
import { asking, type Heard, hearing } from './raw-server.ts';
import { createRequester, type RequesterSettings } from './requester.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const ORIGIN = { host: 'api.example', port: 80, isSecure: false } as const;

type Stage = {
  readonly world: PlayedWorld;
  ask(change?: Partial<OutgoingRequest>): { readonly heard: Heard; readonly exchange: Exchange };
  /** The next wire that was asked for and not yet taken, opened. */
  opened(): Promise<PlayedWire>;
  /** One exchange from dialling to its end; its wire is idle now. */
  warmed(): Promise<PlayedWire>;
};

function stage(settings: Partial<RequesterSettings> = {}): Stage {
  const world = playedWorld();
  const requester = createRequester(world, settings);
  let taken = 0;
  const ask: Stage['ask'] = (change = {}) => {
    const heard = hearing();
    return { heard, exchange: requester.exchange(ORIGIN, asking(change), heard.receiver) };
  };
  const opened = async (): Promise<PlayedWire> => {
    await world.turn();
    const wire = world.wires[taken];
    assert.ok(wire !== undefined, 'no wire was asked for');
    taken += 1;
    wire.opens();
    return wire;
  };
  return {
    world,
    ask,
    opened,
    async warmed() {
      const { heard } = ask();
      const wire = await opened();
      wire.says(OK);
      assert.deepEqual(heard.events, ['head 200', 'end']);
      return wire;
    },
  };
}

const POST = { method: 'POST', body: Buffer.from('{"a":1}'), isReplayable: false } as const;

// ---- what is written ----------------------------------------------------------------------------------------------

test('head and body go out with the fields that are ours to write', async () => {
  const { ask, opened } = stage();
  ask({ ...POST, target: '/v1/x?y=1', fields: ['content-type', 'application/json'] });
  const wire = await opened();
  assert.equal(
    wire.sent,
    'POST /v1/x?y=1 HTTP/1.1\r\nhost: api.example\r\ncontent-length: 7\r\ncontent-type: application/json\r\n\r\n{"a":1}',
  );
});

test('a POST without a body says so, a GET does not', async () => {
  const { ask, opened } = stage();
  ask({ method: 'POST' });
  assert.match((await opened()).sent, /content-length: 0\r\n/);
  ask();
  assert.doesNotMatch((await opened()).sent, /content-length/);
});

test('a field that would split the request is our bug: nothing is sent and the call fails alone', async () => {
  const { world, ask } = stage();
  const { heard } = ask({ fields: ['x', 'a\r\nb: c'] });
  assert.deepEqual(heard.events, []);
  await world.turn();
  assert.equal(world.wires.length, 0);
  assert.equal(heard.evidence?.bytesWritten, 0);
  assert.ok(heard.evidence?.cause instanceof TypeError);
  assert.ok(heard.evidence && classify(heard.evidence).code === 'gateway-bug');
});

test('a big body is written in pieces as the wire drains, and back-pressure is kept', async () => {
  const { ask, opened, world } = stage();
  const body = Buffer.alloc(300_000, 'x');
  const { heard } = ask({ method: 'PUT', body });
  await world.turn();
  const wire = world.wires[0] as PlayedWire;
  wire.isStuck = true;
  await opened();
  assert.ok(wire.sent.length < 70_000);
  for (let i = 0; i < 10; i += 1) {
    wire.drains();
    wire.isStuck = i < 3;
  }
  assert.equal(wire.sent.length, wire.sent.indexOf('\r\n\r\n') + 4 + 300_000);
  wire.says(OK);
  assert.deepEqual(heard.events, ['head 200', 'end']);
});

test('a body that flows is framed as announced, chunked or by its length', async () => {
  for (const length of [-1, 6]) {
    const { ask, opened } = stage();
    let out: BodyOut | undefined;
    const { heard } = ask({ method: 'PUT', bodyFlow: { length, start: (given) => (out = given) } });
    const wire = await opened();
    out?.part(Buffer.from('abc'));
    out?.part(Buffer.from(''));
    out?.part(Buffer.from('def'));
    out?.end();
    const body = wire.sent.slice(wire.sent.indexOf('\r\n\r\n') + 4);
    assert.equal(body, length < 0 ? '3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n' : 'abcdef');
    wire.says(OK);
    assert.deepEqual(heard.events, ['head 200', 'end']);
  }
});

test('a flowing body that breaks its word is not presented as whole', async () => {
  const broken: ((out: BodyOut) => void)[] = [
    (out) => out.abort(),
    (out) => out.end(),
    (out) => void out.part(Buffer.from('more than six')),
  ];
  for (const breakIt of broken) {
    const { ask, opened } = stage();
    let out: BodyOut | undefined;
    const { heard } = ask({ method: 'PUT', bodyFlow: { length: 6, start: (given) => (out = given) } });
    const wire = await opened();
    out?.part(Buffer.from('abc'));
    assert.ok(out !== undefined);
    breakIt(out);
    assert.equal(wire.isDestroyed, true);
    assert.equal(heard.evidence?.firstEvent, 'our-cancel');
    assert.equal(heard.evidence?.phase, 'send');
  }
});

// ---- reuse, replay, and the keep-alive race -------------------------------------------------------------------------

test('the connection used last is used next', async () => {
  const { ask, opened, world, warmed } = stage();
  await warmed();
  const one = ask();
  const two = ask();
  const second = await opened();
  second.says(OK);
  world.wires[0]?.says(OK);
  assert.deepEqual([one.heard.events, two.heard.events], [['head 200', 'end'], ['head 200', 'end']]);
  await world.pass(10);
  ask();
  assert.match(world.wires[0]?.sent ?? '', /(GET.*){3}/s);
  assert.equal(world.wires.length, 2);
});

test('a dead reused connection is replayed on a fresh one when the request may be sent twice', async () => {
  const { ask, opened, warmed } = stage();
  const stale = await warmed();
  const { heard, exchange } = ask({ ...POST, isReplayable: true });
  stale.ends();
  const fresh = await opened();
  assert.equal(stale.isDestroyed, true);
  assert.match(fresh.sent, /^POST /);
  assert.equal(exchange.facts().isReused, false);
  assert.equal(exchange.facts().note, 'sent again after a stale connection');
  fresh.says(OK);
  assert.deepEqual(heard.events, ['head 200', 'end']);
});

test('what may have been processed is not silently sent twice: it fails, told apart as a stale connection', async () => {
  const { world, ask, warmed } = stage();
  const stale = await warmed();
  const { heard } = ask(POST);
  await world.turn();
  assert.match(stale.sent, /POST/);
  stale.breaks('ECONNRESET');
  assert.equal(world.wires.length, 1);
  const { evidence } = heard;
  assert.ok(evidence !== undefined);
  assert.equal(evidence.isReused, true);
  assert.equal(evidence.firstEvent, 'reset');
  assert.equal(evidence.phase, 'wait-head');
  assert.ok((evidence.bytesWritten ?? 0) > 0);
  assert.equal(evidence.bytesRead, 0);
  assert.equal(classify(evidence).code, 'stale-connection');
});

test('a request of which nothing was written is replayed even if it may not be sent twice', async () => {
  const { world, ask, opened, warmed } = stage();
  const stale = await warmed();
  // As a world does that gathers the writes of a turn: nothing has left yet when the connection breaks.
  stale.write = () => true;
  const { heard } = ask(POST);
  await world.turn();
  stale.breaks('ECONNRESET');
  const fresh = await opened();
  fresh.says(OK);
  assert.deepEqual(heard.events, ['head 200', 'end']);
});

test('a fresh connection that dies is not replayed, and is told apart from a stale one', async () => {
  const { world, ask, opened } = stage();
  const { heard } = ask();
  const wire = await opened();
  wire.ends();
  assert.equal(world.wires.length, 1);
  assert.equal(heard.evidence?.isReused, false);
  assert.ok(heard.evidence && classify(heard.evidence).code === 'closed-before-answer');
});

test('a replay happens once: when the fresh connection dies too, the call fails with all bytes counted', async () => {
  const { ask, opened, warmed } = stage();
  const stale = await warmed();
  const { heard } = ask({ ...POST, isReplayable: true });
  const once = heard.evidence;
  stale.ends();
  const fresh = await opened();
  fresh.breaks('ECONNRESET');
  assert.equal(once, undefined);
  assert.equal(heard.evidence?.phase, 'wait-head');
  assert.equal(heard.evidence?.bytesWritten, 2 * fresh.sent.length);
});

test('after a replay that finds nobody, the bytes of the first try still count as sent', async () => {
  const { world, ask, warmed } = stage();
  const stale = await warmed();
  const { heard } = ask({ ...POST, isReplayable: true });
  stale.ends();
  await world.turn();
  world.wires[1]?.breaks('ECONNREFUSED', 'connect');
  assert.equal(heard.evidence?.phase, 'connect');
  assert.equal(heard.evidence?.errno, 'ECONNREFUSED');
  assert.ok((heard.evidence?.bytesWritten ?? 0) > 0);
  assert.match(heard.evidence?.note ?? '', /sent again/);
});

test('a connection that died while idle is never used', async () => {
  const { world, ask, opened, warmed } = stage();
  const stale = await warmed();
  stale.ends();
  assert.equal(stale.isDestroyed, true);
  const { heard } = ask(POST);
  const fresh = await opened();
  fresh.says(OK);
  assert.deepEqual(heard.events, ['head 200', 'end']);
  assert.equal(world.wires.length, 2);
});

test('a byte on an idle connection ends it: nobody takes an answer that nobody asked for', async () => {
  const { ask, opened, warmed } = stage();
  const poisoned = await warmed();
  poisoned.says('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison');
  assert.equal(poisoned.isDestroyed, true);
  const { heard } = ask();
  (await opened()).says(OK);
  await heard.done;
  assert.equal(heard.body, 'ok');
});

test('bytes behind an answer end the connection too', async () => {
  const { ask, opened } = stage();
  const { heard } = ask();
  const wire = await opened();
  wire.says(`${OK}HTTP/1.1 200 OK\r\n`);
  assert.deepEqual(heard.events, ['head 200', 'end']);
  assert.equal(wire.isDestroyed, true);
});

test('a request that may not be sent twice proves the connection for a turn: a FIN seen then costs nothing', async () => {
  const { ask, opened, warmed } = stage();
  const stale = await warmed();
  const { heard, exchange } = ask(POST);
  assert.doesNotMatch(stale.sent, /POST/);
  assert.equal(exchange.facts().bytesWritten, 0);
  stale.ends();
  const fresh = await opened();
  fresh.says(OK);
  assert.deepEqual(heard.events, ['head 200', 'end']);
  assert.equal(exchange.facts().note, undefined);
});

test('a request that may not be sent twice avoids connections idle for a second', async () => {
  const { world, ask, warmed } = stage();
  await warmed();
  await world.pass(1100);
  ask(POST);
  await world.turn();
  assert.equal(world.wires.length, 2);
});

test('one that may be sent twice uses it, after a turn in which it proves itself', async () => {
  const { world, ask, warmed } = stage();
  const wire = await warmed();
  await world.pass(1100);
  const before = wire.sent;
  ask();
  assert.equal(wire.sent, before);
  await world.turn();
  assert.notEqual(wire.sent, before);
  assert.equal(world.wires.length, 1);
});

test('an idle 408 on a reused connection is the same race, and is replayed', async () => {
  const { ask, opened, warmed } = stage();
  const stale = await warmed();
  const { heard } = ask();
  stale.says('HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  const fresh = await opened();
  fresh.says(OK);
  assert.deepEqual(heard.events, ['head 200', 'end']);
});

test('what may not be sent twice fails on an idle 408, as a stale connection', async () => {
  const { world, ask, warmed } = stage();
  const stale = await warmed();
  const { heard } = ask(POST);
  await world.turn();
  stale.says('HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n');
  assert.ok(heard.evidence !== undefined);
  assert.equal(heard.evidence.answer?.status, 408);
  assert.equal(classify(heard.evidence).code, 'stale-connection');
});

test('a 408 on a fresh connection, late, or without a close, is the service speaking', async () => {
  const speaking = 'HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';
  const fresh = stage();
  const one = fresh.ask();
  (await fresh.opened()).says(speaking);
  assert.deepEqual(one.heard.events, ['head 408', 'end']);

  const late = stage();
  const wire = await late.warmed();
  const two = late.ask();
  await late.world.pass(1500);
  wire.says(speaking);
  assert.deepEqual(two.heard.events, ['head 408', 'end']);

  const kept = stage();
  const other = await kept.warmed();
  const three = kept.ask();
  other.says('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n');
  assert.deepEqual(three.heard.events, ['head 408', 'end']);
});

test('a connection closed by its peer while idle teaches the limit', async () => {
  const { world, ask, opened, warmed } = stage();
  const wire = await warmed();
  await world.pass(3000);
  wire.ends();
  const next = ask();
  (await opened()).says(OK);
  await next.heard.done;
  // Idle for 3 s means closed from now on: less than that, by the margin, is what is left.
  await world.pass(2100);
  assert.equal(world.wires[1]?.isDestroyed, true);
});

test('a connection is not kept after `connection: close`, after HTTP/1.0, or past its limits', async () => {
  for (const answer of [
    'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nconnection: foo, Close\r\ncontent-length: 0\r\n\r\n',
    'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n',
  ]) {
    const { ask, opened } = stage();
    ask();
    const wire = await opened();
    wire.says(answer);
    assert.equal(wire.isDestroyed, true, answer);
  }
  const counted = stage({ requestsMax: 2 });
  const wire = await counted.warmed();
  counted.ask();
  wire.says(OK);
  assert.equal(wire.isDestroyed, true);

  const aged = stage({ ageMaxMs: 1000 });
  const old = await aged.warmed();
  await aged.world.pass(1000);
  aged.ask();
  assert.equal(old.isDestroyed, true);
});

test('an idle connection is closed when its limit has passed, before its peer would', async () => {
  const { world, warmed } = stage();
  const wire = await warmed();
  await world.pass(3900);
  assert.equal(wire.isDestroyed, false);
  await world.pass(200);
  assert.equal(wire.isDestroyed, true);
});

// ---- clocks ---------------------------------------------------------------------------------------------------------

test('each clock fires by its own name, in its own phase', async () => {
  const clocks = { dnsMs: 100, connectMs: 200, tlsMs: 300, writeMs: 400, headMs: 500, betweenBytesMs: 600 };
  const named = async (play: (s: Stage) => Promise<unknown>, change: Partial<OutgoingRequest> = {}): Promise<string> => {
    const s = stage();
    const { heard } = s.ask({ clocks, ...change });
    await play(s);
    await s.world.pass(2000);
    const { evidence } = heard;
    assert.ok(evidence !== undefined);
    assert.equal(evidence.firstEvent, 'our-timer');
    assert.ok((evidence.loopLagMs ?? -1) >= 0 || evidence.clock === 'dns' || evidence.clock === 'connect');
    return `${evidence.clock} ${evidence.limitMs} in ${evidence.phase}: ${classify(evidence).code}`;
  };
  assert.equal(
    await named(async ({ world }) => {
      world.play.lookup = () => new Promise(() => {});
    }),
    'dns 100 in dns: dns-timeout',
  );
  assert.equal(await named(async () => {}), 'connect 200 in connect: connect-timeout');
  assert.equal(await named((s) => s.opened()), 'head 500 in wait-head: answer-timeout');
  assert.equal(
    await named(async (s) => (await s.opened()).says('HTTP/1.1 200 OK\r\ncontent-')),
    'head 500 in head: answer-timeout',
  );
  assert.equal(
    await named(async (s) => (await s.opened()).says('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab')),
    'between-bytes 600 in body: body-stall',
  );
  assert.equal(
    await named(
      async (s) => {
        await s.world.turn();
        (s.world.wires[0] as PlayedWire).isStuck = true;
        await s.opened();
      },
      { method: 'PUT', body: Buffer.alloc(100_000) },
    ),
    'write 400 in send: write-timeout',
  );
});

test('an upload that moves, however slowly, is not stopped by the write clock', async () => {
  const { world, ask, opened } = stage();
  const { heard } = ask({ method: 'PUT', body: Buffer.alloc(1_000_000), clocks: { ...asking().clocks, writeMs: 400 } });
  await world.turn();
  const wire = world.wires[0] as PlayedWire;
  wire.isStuck = true;
  await opened();
  for (let i = 0; i < 10; i += 1) {
    await world.pass(350);
    wire.bytesQueued = 0;
    wire.hearer.drain();
  }
  assert.deepEqual(heard.events, []);
  await world.pass(900);
  assert.equal(heard.evidence?.clock, 'write');
});

test('the between-bytes clock counts silence, not length', async () => {
  const { world, ask, opened } = stage();
  const { heard } = ask({ clocks: { ...asking().clocks, betweenBytesMs: 100 } });
  const wire = await opened();
  wire.says('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n');
  for (let i = 0; i < 20; i += 1) {
    await world.pass(80);
    wire.says('x');
  }
  assert.deepEqual(heard.events, ['head 200', 'end']);
});

test('silence while nobody listens is ours', async () => {
  const { world, ask, opened } = stage();
  const { heard, exchange } = ask({ clocks: { ...asking().clocks, betweenBytesMs: 100 } });
  const wire = await opened();
  wire.says('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nab');
  exchange.pause();
  assert.equal(wire.isPaused, true);
  await world.pass(1000);
  exchange.resume();
  assert.equal(wire.isPaused, false);
  await world.pass(90);
  assert.deepEqual(heard.events, ['head 200']);
  await world.pass(40);
  assert.equal(heard.evidence?.clock, 'between-bytes');
});

test('a clock of 0 is off', async () => {
  const { world, ask, opened } = stage();
  const clocks = { dnsMs: 0, connectMs: 0, tlsMs: 0, writeMs: 0, headMs: 0, betweenBytesMs: 0 };
  const { heard } = ask({ clocks });
  await world.pass(100_000);
  const wire = await opened();
  await world.pass(100_000);
  wire.says('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n');
  await world.pass(100_000);
  wire.says('ok');
  assert.deepEqual(heard.events, ['head 200', 'end']);
});

// ---- pausing, cancelling, throwing ----------------------------------------------------------------------------------

test('a pause before the head holds the body, not the head', async () => {
  const { ask, opened } = stage();
  const { heard, exchange } = ask();
  exchange.pause();
  const wire = await opened();
  assert.equal(wire.isPaused, false);
  wire.says('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n');
  assert.deepEqual(heard.events, ['head 200']);
  assert.equal(wire.isPaused, true);
});

test('a connection that was paused at its answer’s end goes back listening', async () => {
  const { ask, opened } = stage();
  const { exchange } = ask();
  const wire = await opened();
  wire.says('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n');
  exchange.pause();
  wire.says('ok');
  assert.equal(wire.isPaused, false);
  assert.equal(wire.isDestroyed, false);
});

test('after cancel nothing more is heard and the connection is closed, at every stage', async () => {
  const stages: ((s: Stage) => Promise<unknown>)[] = [
    async () => {},
    async (s) => s.world.turn(),
    async (s) => s.opened(),
    async (s) => (await s.opened()).says('HTTP/1.1 200 OK\r\n'),
    async (s) => (await s.opened()).says('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab'),
  ];
  for (const play of stages) {
    const s = stage();
    const { heard, exchange } = s.ask();
    await play(s);
    const before = [...heard.events];
    exchange.cancel();
    exchange.cancel();
    await s.world.turn();
    for (const wire of s.world.wires) {
      assert.equal(wire.isDestroyed, true);
      wire.says(OK);
      wire.ends();
      wire.breaks('ECONNRESET');
    }
    await s.world.pass(20_000);
    assert.deepEqual(heard.events, before);
    assert.equal(typeof exchange.facts().elapsedMs, 'number');
  }
});

test('a receiver may cancel inside a part and hears no other', async () => {
  const s = stage();
  const heard = hearing(undefined, () => exchange.cancel());
  const requester = createRequester(s.world);
  const exchange = requester.exchange(ORIGIN, asking(), heard.receiver);
  const wire = await s.opened();
  wire.says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n');
  assert.equal(heard.body, 'a');
  assert.deepEqual(heard.events, ['head 200']);
});

test('a receiver that throws ends its own exchange, as our bug', async () => {
  const s = stage();
  const heard = hearing(() => {
    throw new Error('oh');
  });
  createRequester(s.world).exchange(ORIGIN, asking(), heard.receiver);
  const wire = await s.opened();
  wire.says(OK);
  assert.equal(wire.isDestroyed, true);
  assert.ok(heard.evidence && classify(heard.evidence).code === 'gateway-bug');
});

test('a receiver may ask again from inside its end, on the same connection', async () => {
  const s = stage();
  const requester = createRequester(s.world);
  const second = hearing();
  const first = hearing();
  const end = first.receiver.end.bind(first.receiver);
  requester.exchange(ORIGIN, asking(), {
    ...first.receiver,
    end(trailers) {
      end(trailers);
      requester.exchange(ORIGIN, asking(), second.receiver);
    },
  });
  const wire = await s.opened();
  wire.says(OK);
  wire.says(OK);
  assert.deepEqual(second.events, ['head 200', 'end']);
  assert.equal(s.world.wires.length, 1);
});

// ---- early answers --------------------------------------------------------------------------------------------------

test('an early refusal is relayed, the upload stops, and the connection is not used again', async () => {
  const { ask, opened } = stage();
  let out: BodyOut | undefined;
  const { heard } = ask({ method: 'POST', bodyFlow: { length: -1, start: (given) => (out = given) } });
  const wire = await opened();
  let isDrained = false;
  assert.ok(out !== undefined);
  out.part(Buffer.from('abc'));
  out.onDrain = () => {
    isDrained = true;
  };
  wire.says('HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\n\r\n');
  const before = wire.sent;
  assert.ok(isDrained);
  assert.equal(out.part(Buffer.from('more')), true);
  assert.equal(wire.sent, before);
  wire.says('no!');
  assert.deepEqual(heard.events, ['head 413', 'end']);
  assert.equal(wire.isDestroyed, true);
});

test('an early success lets the upload go on beside it', async () => {
  const { ask, opened } = stage();
  let out: BodyOut | undefined;
  const { heard } = ask({ method: 'POST', bodyFlow: { length: -1, start: (given) => (out = given) } });
  const wire = await opened();
  wire.says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n');
  out?.part(Buffer.from('abc'));
  out?.end();
  assert.match(wire.sent, /3\r\nabc\r\n0\r\n\r\n$/);
  wire.says('0\r\n\r\n');
  assert.deepEqual(heard.events, ['head 200', 'end']);
  assert.equal(wire.isDestroyed, false);
});

test('an answer before a byte of the request went out is nobody’s answer', async () => {
  const { world, ask, opened } = stage();
  const { heard } = ask();
  await world.turn();
  (world.wires[0] as PlayedWire).write = () => true;
  const wire = await opened();
  wire.says(OK);
  assert.equal(heard.evidence?.parse, 'unasked');
  assert.ok(heard.evidence && classify(heard.evidence).code === 'answer-unasked');
});
