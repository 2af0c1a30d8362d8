import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Received } from '../ledger.ts';
import type { RunRecord } from '../sim/run.ts';
import { newSeen, type Seen } from '../workloads/seen.ts';
import { readAhead } from './ahead.ts';

const MIB = 1024 * 1024;

function slowReader(...takes: { atMs: number; bytes: number }[]): Seen {
  const seen = newSeen(1, 0, 'slow-reader', 'long', true);
  seen.takes.push(...takes);
  return seen;
}

/** Its service had said so much by then; `tries` services did. */
function found(seen: Seen, bytesSent: number, endMs: number, tries = 1): number {
  const receipt = { drillCall: seen.key, bytesSent, endMs } as Received;
  const received = Array.from({ length: tries }, () => receipt);
  const record = { seen: [seen], stations: [{ name: 'a', received, knocks: [] }] } as unknown as RunRecord;
  return [...readAhead.judge(record)].length;
}

test('a service that has said all of a long answer, while its caller has hardly begun to read, was read too far ahead', () => {
  const seen = slowReader({ atMs: 100, bytes: 65_536 }, { atMs: 9000, bytes: 2 * MIB });
  assert.equal(found(seen, 2 * MIB, 200), 1);
});

test('what had been taken by then, or has room on the way, is not ahead', () => {
  const seen = slowReader({ atMs: 100, bytes: 65_536 }, { atMs: 9000, bytes: 1.5 * MIB });
  assert.equal(found(seen, 2 * MIB, 9000), 0);
  assert.equal(found(seen, MIB / 2, 200), 0);
});

test('of a call that was tried again nothing is said: the caller may have got the end of an answer only', () => {
  assert.equal(found(slowReader({ atMs: 100, bytes: 65_536 }), 2 * MIB, 200, 2), 0);
});
