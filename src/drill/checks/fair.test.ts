import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Received } from '../ledger.ts';
import { swarmPlan } from '../scenarios-swarm.ts';
import type { RunRecord } from '../sim/run.ts';
import { Troubles } from '../sim/troubles.ts';
import { newSeen, type Seen } from '../workloads/seen.ts';
import { fair } from './fair.ts';

/** A crowd of plain calls, one every 5 ms, each asked at once of the target, and one stream among them that is asked after `heldMs`. */
function crowd(delayMs: number, heldMs: number): RunRecord {
  const plan = { ...swarmPlan('1'), weather: { delayMs } };
  const plain = Array.from({ length: 200 }, (_, nth) => sent(nth + 1, 'plain', 5 * nth));
  const stream = sent(201, 'stream', 0);
  const received = [...plain.map((seen) => asked(seen, 4 * delayMs)), asked(stream, heldMs)];
  return {
    plan,
    seen: [...plain, stream],
    stations: [{ name: 't1', received, knocks: [] }],
    troubles: new Troubles(),
    fromMs: 0,
    healedMs: 0,
    endMs: 5000,
    stop: 'done',
    strangers: [],
    seats: [],
    wiresLeft: 0,
    queuedMax: 0,
    journal: { hash: '', lines: [] },
    events: 0,
  };
}

function sent(serial: number, kind: 'plain' | 'stream', atMs: number): Seen {
  return { ...newSeen(serial, atMs, kind, 'hello', kind === 'stream'), sentMs: atMs };
}

function asked({ key, serial, startMs }: Seen, heldMs: number): Received {
  const unknown = { model: undefined, requestId: undefined, attempt: undefined, idempotencyKey: undefined };
  return {
    ...unknown,
    serial,
    connection: serial,
    method: 'POST',
    path: '/v1/chat/completions',
    isStream: false,
    bodyBytes: 100,
    drillCall: key,
    fault: undefined,
    startMs: startMs + heldMs,
    endMs: undefined,
    fate: 'answered',
    bytesSent: 0,
  };
}

test('a call that waits while others of its priority are served again and again is found', () => {
  const found = [...fair.judge(crowd(1, 600))];
  assert.equal(found.length, 1);
  assert.match(found[0]?.what ?? '', /call 201 \(stream\).*while \d+ calls of others/);
});

test('a call that has to connect first over a long way is not held back by those who find a connection ready', () => {
  assert.deepEqual([...fair.judge(crowd(50, 600))], []);
});

test('over a long way, too, waiting is found', () => {
  assert.equal([...fair.judge(crowd(50, 1200))].length, 1);
});
