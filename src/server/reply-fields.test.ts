import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playedAttempt, playedCall, playedTime } from '../attempts/played.test.ts';
import { replyHead, type Told } from './reply-fields.ts';

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
  const { fields, ownLines } = replyHead(given, TOLD);
  assert.deepEqual(fields, ['x-own', 'kept', 'x-own', 'twice']);
  assert.deepEqual(ownLines.split('\r\n'), [
    ...['x-request-id: 0123', 'via: 1.1 goodgate-1', 'proxy-status: goodgate-1; received-status=200'],
    ...['goodgate-attempts: 0', 'goodgate-target: a', 'server-timing: goodgate;dur=12.3', ''],
  ]);
});

test('our members come behind those of the lists that came, which Connection cannot name away', () => {
  const given = [
    'connection',
    'via, x-a',
    'via',
    '1.0 edge',
    'via',
    '1.1 cache',
    'proxy-status',
    'edge',
    'server-timing',
    'db;dur=1',
    'x-a',
    '1',
  ];
  const { fields, ownLines } = replyHead(given, TOLD);
  assert.deepEqual(fields, []);
  assert.deepEqual(ownLines.split('\r\n'), [
    ...['x-request-id: 0123', 'via: 1.0 edge, 1.1 cache, 1.1 goodgate-1'],
    ...['proxy-status: edge, goodgate-1; received-status=200', 'goodgate-attempts: 0', 'goodgate-target: a'],
    ...['server-timing: db;dur=1, goodgate;dur=12.3', ''],
  ]);
});

test('each answer has its own numbers, also where the last of its target had others', () => {
  const linesOf = (told: Partial<Told>): string => replyHead([], { ...TOLD, ...told }).ownLines;
  const first = linesOf({});
  assert.match(linesOf({ proxyStatus: 'goodgate-1; received-status=201' }), /received-status=201\r\n/);
  assert.match(linesOf({ attempts: [playedAttempt(playedCall(playedTime()), 'a')] }), /goodgate-attempts: 1\r\n/);
  assert.match(linesOf({ target: 'b' }), /goodgate-target: b\r\n/);
  assert.doesNotMatch(linesOf({ target: undefined }), /goodgate-target/);
  assert.match(linesOf({ via: '1.1 goodgate-2' }), /via: 1.1 goodgate-2\r\n/);
  assert.match(linesOf({ requestId: '4567' }), /^x-request-id: 4567\r\n/);
  assert.equal(linesOf({}), first);
});

test('what came from outside cannot bring a line of its own', () => {
  assert.throws(() => replyHead(['via', '1.0 a\r\nx-forged: 1'], TOLD), TypeError);
  assert.throws(() => replyHead(['server-timing', 'a\r\nx-forged: 1'], TOLD), TypeError);
  assert.throws(() => replyHead([], { ...TOLD, target: 'a\r\nx-forged: 1' }), TypeError);
});
