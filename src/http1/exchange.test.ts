import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify } from '../diagnosis/classify.ts';
import type { BodyOut } from './contract.ts';
import { asking, hearing } from './hearing.testing.ts';
import type { PlayedWire } from './played-world.testing.ts';
import { createRequester } from './requester.ts';
import { OK, ORIGIN, POST, type Stage, stage } from './stage.testing.ts';

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

test('a call that is cancelled while it connects is sent to nobody, although the name was remembered', async () => {
  const { world, ask, warmed } = stage();
  const first = await warmed();
  first.ends();
  const { exchange, heard } = ask();
  await world.turn();
  const wire = world.wires[1];
  assert.ok(wire !== undefined);
  exchange.cancel();
  assert.equal(wire.isDestroyed, true);
  wire.opens();
  await world.turn();
  assert.equal(wire.sent, '');
  assert.deepEqual(heard.events, []);
});
