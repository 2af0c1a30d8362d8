import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldOf } from '../call/fields.ts';
import { replyFields, type Told } from './reply-fields.ts';

const TOLD: Told = {
  requestId: '0123',
  attempts: [],
  startMs: 1000,
  via: '1.1 goodgate-1',
  proxyStatus: 'goodgate-1; received-status=200',
  target: 'a',
  nowMs: 1012.34,
};

test('what concerns one connection stays behind, and so does what is ours to say', () => {
  const given = [
    ...['connection', 'close, x-hop', 'x-hop', '1', 'keep-alive', 'timeout=5', 'transfer-encoding', 'chunked'],
    ...[
      'x-request-id',
      'theirs',
      'content-length',
      '99',
      'goodgate-target',
      'forged',
      'x-own',
      'kept',
      'x-own',
      'twice',
    ],
  ];
  assert.deepEqual(replyFields(given, 7, TOLD), [
    ...['x-own', 'kept', 'x-own', 'twice', 'content-length', '7', 'x-request-id', '0123', 'via', '1.1 goodgate-1'],
    ...['proxy-status', 'goodgate-1; received-status=200', 'server-timing', 'goodgate;dur=12.3'],
    ...['goodgate-attempts', '0', 'goodgate-target', 'a'],
  ]);
});

test('our members come behind those of the lists that came, which Connection cannot name away', () => {
  const given = [
    'connection',
    'via, x-a',
    'via',
    '1.0 edge',
    'proxy-status',
    'edge',
    'server-timing',
    'db;dur=1',
    'x-a',
    '1',
  ];
  const fields = replyFields(given, -1, TOLD);
  assert.equal(fieldOf(fields, 'via'), '1.0 edge, 1.1 goodgate-1');
  assert.equal(fieldOf(fields, 'proxy-status'), 'edge, goodgate-1; received-status=200');
  assert.equal(fieldOf(fields, 'server-timing'), 'db;dur=1, goodgate;dur=12.3');
  assert.equal(fieldOf(fields, 'x-a'), undefined);
  assert.equal(fieldOf(fields, 'content-length'), undefined);
});
