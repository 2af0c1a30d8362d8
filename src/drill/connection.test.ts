import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Wire } from '../world/world.ts';
import { Connection, type Host, type WholeRequest } from './connection.ts';
import { Ledger } from './ledger.ts';
import type { Script } from './script.ts';

/** A connection played by hand: timers fire and later turns come only when told. */
function stage(script: (request: WholeRequest) => Script) {
  const soon: (() => void)[] = [];
  const timers: { run: () => void; isArmed: boolean }[] = [];
  const seen: string[] = [];
  const done: string[] = [];
  const timer = (run: () => void) => {
    const made = { run, isArmed: false };
    timers.push(made);
    return {
      arm: () => {
        made.isArmed = true;
      },
      disarm: () => {
        made.isArmed = false;
      },
      get isArmed() {
        return made.isArmed;
      },
    };
  };
  let nowMs = 0;
  const host: Host = {
    clock: { now: () => nowMs, wallMs: () => nowMs },
    timers: { timer, after: (_delayMs, run) => timer(run), soon: (run) => void soon.push(run) },
    ledger: new Ledger(10),
    serve(request) {
      seen.push(`${request.head.target} ${Buffer.from(request.body).toString()}`);
      return { script: script(request), record: undefined, isStruck: false };
    },
    closed: () => void done.push('closed'),
  };
  const written: string[] = [];
  const wire = {
    bytesWritten: 0,
    bytesQueued: 0,
    isOpen: true,
    write: (bytes: Uint8Array | string) => written.push(Buffer.from(bytes as string).toString()) > 0,
    end: () => void done.push('end'),
    reset: () => void done.push('reset'),
    destroy: () => void done.push('destroy'),
    pause: () => void done.push('pause'),
    resume: () => void done.push('resume'),
  };
  return {
    // Only what a connection calls is there.
    connection: new Connection(wire as unknown as Wire, host),
    host,
    seen,
    done,
    written,
    /** Lets all that is due become due. */
    pass() {
      nowMs += 100_000;
      for (const each of timers.filter((armed) => armed.isArmed)) {
        each.isArmed = false;
        each.run();
      }
    },
    turn: () => {
      for (const run of soon.splice(0)) run();
    },
  };
}

function answer(delayMs: number): Script {
  return { headDelayMs: delayMs, head: 'HEAD', body: [], ending: { how: 'keep' } };
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

test('what arrives while an earlier request is answered is read in the order in which it came', () => {
  const { connection, seen, written, pass, turn } = stage(({ head }) => answer(head.target === '/1' ? 10 : 0));
  connection.data(
    bytes('GET /1 HTTP/1.1\r\nhost: x\r\n\r\nPOST /2 HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nab'),
  );
  connection.data(bytes('cd'));
  assert.deepEqual(seen, ['/1 ']);
  pass();
  connection.data(bytes('ef'));
  turn();
  assert.deepEqual(seen, ['/1 ', '/2 abcdef']);
  assert.deepEqual(written, ['HEAD', 'HEAD']);
});

test('requests cut anywhere are the same requests', () => {
  const text =
    'POST /1 HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /2 HTTP/1.1\r\nhost: x\r\n\r\n';
  for (let at = 1; at < text.length; at += 1) {
    const { connection, seen } = stage(() => answer(0));
    connection.data(bytes(text.slice(0, at)));
    connection.data(bytes(text.slice(at)));
    assert.deepEqual(seen, ['/1 abc', '/2 ']);
  }
});

test('too much behind a request that is being answered stops the reading until it is answered', () => {
  const { connection, done, pass, turn } = stage(() => answer(10));
  connection.data(bytes('GET /1 HTTP/1.1\r\nhost: x\r\n\r\n'));
  connection.data(new Uint8Array(1 << 20).fill(13));
  assert.deepEqual(done, []);
  connection.data(bytes('x'));
  assert.deepEqual(done, ['pause']);
  pass();
  turn();
  assert.equal(done[1], 'resume');
});

test('a connection without a request is closed after its idle time, and for good after the linger', () => {
  const { done, pass } = stage(() => answer(0));
  pass();
  assert.deepEqual(done, ['end']);
  pass();
  assert.deepEqual(done, ['end', 'destroy']);
});

test('a peer that ends while it is answered has gone; one that ends between requests is closed in turn', () => {
  const busy = stage(() => answer(10));
  busy.connection.data(bytes('GET /1 HTTP/1.1\r\nhost: x\r\n\r\n'));
  busy.connection.end();
  assert.deepEqual(busy.done, ['destroy']);
  const idle = stage(() => answer(0));
  idle.connection.end();
  assert.deepEqual(idle.done, ['end']);
});

test('a request that is cut before it is whole is counted as refused', () => {
  const { connection, host, done } = stage(() => answer(0));
  connection.data(bytes('POST /1 HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nab'));
  connection.close(undefined);
  assert.equal(host.ledger.counters.refused, 1);
  assert.deepEqual(done, ['closed']);
});
