import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blastRadius, type GroupCount } from './radius.ts';

function groups(failingShares: Readonly<Record<string, number>>, total = 20): GroupCount[] {
  return Object.entries(failingShares).map(([name, share]) => ({ name, failing: Math.round(share * total), total }));
}

test('all others failing is everyone', () => {
  const found = blastRadius({ caller: groups({ me: 1, a: 1, b: 1, c: 1 }) }, 'me');
  assert.deepEqual([found.who, found.callersFailing, found.callersTotal], ['everyone', 4, 4]);
});

test('all others well is only you', () => {
  assert.equal(blastRadius({ caller: groups({ me: 1, a: 0, b: 0.05, c: 0 }) }, 'me').who, 'only-you');
});

test('a third is many, fewer is some', () => {
  assert.equal(blastRadius({ caller: groups({ me: 1, a: 1, b: 0, c: 0 }) }, 'me').who, 'many');
  assert.equal(blastRadius({ caller: groups({ me: 1, a: 1, b: 0, c: 0, d: 0, e: 0 }) }, 'me').who, 'some');
});

test('too few callers to tell is unknown, never fine', () => {
  assert.equal(blastRadius({}, 'me').who, 'unknown');
  assert.equal(blastRadius({ caller: groups({ me: 1, a: 0 }) }, 'me').who, 'unknown');
});

test('one ill group among well ones confines the failure', () => {
  const found = blastRadius(
    { region: groups({ eu: 0.9, us: 0, asia: 0.05 }), model: groups({ m: 0.3, n: 0.3 }) },
    undefined,
  );
  assert.deepEqual(found.confinedTo, { dimension: 'region', name: 'eu' });
});

test('two ill groups, a lone group or a handful of calls confine nothing', () => {
  assert.equal(blastRadius({ region: groups({ eu: 0.9, us: 0.9, asia: 0 }) }, undefined).confinedTo, undefined);
  assert.equal(blastRadius({ region: groups({ eu: 1 }) }, undefined).confinedTo, undefined);
  assert.equal(blastRadius({ region: groups({ eu: 1, us: 0 }, 5) }, undefined).confinedTo, undefined);
});
