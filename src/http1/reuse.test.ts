import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify } from '../diagnosis/classify.ts';
import { OK, POST, stage } from './stage.testing.ts';

test('the connection used last is used next', async () => {
  const { ask, opened, world, warmed } = stage();
  await warmed();
  const one = ask();
  const two = ask();
  const second = await opened();
  second.says(OK);
  world.wires[0]?.says(OK);
  assert.deepEqual(
    [one.heard.events, two.heard.events],
    [
      ['head 200', 'end'],
      ['head 200', 'end'],
    ],
  );
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

test('a peer whose connections die one after the other when they are used again is asked on fresh ones', async () => {
  const { world, ask, opened, warmed } = stage();
  let wire = await warmed();
  for (let i = 0; i < 3; i++) {
    ask({ ...POST, isReplayable: true });
    wire.ends();
    wire = await opened();
    wire.says(OK);
  }
  const before = world.wires.length;
  const { heard } = ask({ ...POST, isReplayable: true });
  (await opened()).says(OK);
  assert.equal(world.wires.length, before + 1);
  assert.deepEqual(heard.events, ['head 200', 'end']);
});

test('a replay is asked for before it is made, and what cannot be paid for fails as a stale connection', async () => {
  for (const mayReplay of [true, false]) {
    const { world, ask, opened, warmed } = stage();
    const stale = await warmed();
    let asked = 0;
    const pays = () => {
      asked += 1;
      return mayReplay;
    };
    const { heard } = ask({ ...POST, isReplayable: true, mayReplay: pays });
    stale.ends();
    assert.equal(asked, 1);
    if (mayReplay) (await opened()).says(OK);
    assert.equal(world.wires.length, mayReplay ? 2 : 1);
    assert.deepEqual(heard.evidence && classify(heard.evidence).code, mayReplay ? undefined : 'stale-connection');
  }
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

test('a request that may not be sent twice avoids connections idle for half a second', async () => {
  const { world, ask, warmed } = stage();
  await warmed();
  await world.pass(600);
  ask(POST);
  await world.turn();
  assert.equal(world.wires.length, 2);
});

test('of a peer that closes early, only an eighth of what it allows counts as recent', async () => {
  const { world, ask, opened } = stage();
  ask();
  const wire = await opened();
  wire.says('HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 2\r\n\r\nok');
  await world.pass(60);
  ask(POST);
  await world.turn();
  assert.match(wire.sent, /POST/);
  wire.says(OK);
  await world.pass(70);
  ask(POST);
  await world.turn();
  assert.equal(world.wires.length, 2);
});

test('once a peer was seen to close an idle connection, what may not be sent twice goes on a fresh one', async () => {
  const { world, ask, warmed } = stage();
  const wire = await warmed();
  wire.ends();
  await warmed();
  ask(POST);
  await world.turn();
  assert.equal(world.wires.length, 3);
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

test('an idle connection that is reset teaches the limit too, and so does one found dead in use', async () => {
  for (const isUsed of [false, true]) {
    const { world, ask, opened, warmed } = stage();
    const stale = await warmed();
    await world.pass(990);
    if (isUsed) ask();
    stale.breaks('ECONNRESET');
    if (!isUsed) ask();
    const fresh = await opened();
    fresh.says(OK);
    // Closed after 990 ms: half of that is what is left. The next connection shows it, as the sweep of this one is already set.
    await world.pass(4000);
    ask();
    const next = await opened();
    next.says(OK);
    assert.equal(next.isDestroyed, false);
    await world.pass(600);
    assert.equal(next.isDestroyed, true, `${isUsed}`);
  }
});

test('a connection that lies idle for longer than was just learned is not used', async () => {
  const { world, ask, opened, warmed } = stage();
  const first = await warmed();
  const both = [ask(), ask()];
  const second = await opened();
  first.says(OK);
  second.says(OK);
  for (const { heard } of both) assert.deepEqual(heard.events, ['head 200', 'end']);
  await world.pass(900);
  second.ends();
  ask();
  assert.equal(first.isDestroyed, true);
  await world.turn();
  assert.equal(world.wires.length, 3);
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
