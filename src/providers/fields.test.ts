import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playedCall, playedTarget, playedTime } from '../attempts/played.test.ts';
import { type OutgoingFields, outgoingHead } from './fields.ts';

const GIVEN = [
  ...['host', 'gate', 'connection', 'keep-alive, x-hop', 'x-hop', '1', 'te', 'trailers', 'via', '1.1 edge'],
  ...['authorization', 'Bearer callers', 'accept-encoding', 'gzip', 'goodgate-priority', '9', 'x-own', 'kept'],
  ...['openai-beta', 'theirs', 'content-length', '5', 'x-forwarded-for', '192.0.2.1'],
];

function sent(dialect: 'openai-chat' | 'http', over: Partial<OutgoingFields> = {}, isPassed = false): string {
  const call = playedCall(playedTime(), { dialect, fields: GIVEN });
  const target = playedTarget('a', {
    credential: ['authorization', 'Bearer ours'],
    isCallerCredentialPassed: isPassed,
  });
  const settings = { target, fields: [], fieldsDefault: [], via: '1.1 goodgate-1', ...over };
  const { fields, ownLines } = outgoingHead(call, settings);
  return `${fields.join(' ')} | ${ownLines.replaceAll('\r\n', ' | ').replace(call.id, 'ID')}`;
}

const OURS = '| x-request-id: ID | goodgate-attempt: 1 | via: 1.1 edge, 1.1 goodgate-1 | accept-encoding: identity | ';

test("the caller's end-to-end fields go on, without what is for us, with the target's own credential", () => {
  const expected = `x-own kept openai-beta theirs authorization Bearer ours ${OURS}`;
  assert.equal(sent('openai-chat'), expected);
  assert.equal(sent('http'), expected.replace('identity', 'gzip'));
});

test("the target's fields stand in the place of the caller's, defaults only where there is none", () => {
  const over = { fields: ['openai-beta', 'ours'], fieldsDefault: ['x-own', 'default', 'x-more', 'default'] };
  assert.equal(
    sent('openai-chat', over),
    `x-own kept x-more default openai-beta ours authorization Bearer ours ${OURS}`,
  );
});

test("the caller's credential is passed on where the config says so", () => {
  assert.match(sent('openai-chat', {}, true), /^authorization Bearer callers x-own kept /);
});

test('all that a request has passed is told in its order, on one line', () => {
  const call = playedCall(playedTime(), { fields: ['via', '1.0 edge', 'x-own', 'kept', 'via', '1.1 cache'] });
  const settings = { target: playedTarget('a'), fields: [], fieldsDefault: [], via: '1.1 goodgate-1' };
  const { fields, ownLines } = outgoingHead(call, settings);
  assert.deepEqual(fields, ['x-own', 'kept']);
  assert.match(ownLines, /^via: 1\.0 edge, 1\.1 cache, 1\.1 goodgate-1\r$/m);
});

test('what a caller says of its way cannot bring a line of its own', () => {
  const call = playedCall(playedTime(), { fields: ['via', '1.0 a\r\nx-forged: 1'] });
  const settings = { target: playedTarget('a'), fields: [], fieldsDefault: [], via: '1.1 goodgate-1' };
  assert.throws(() => outgoingHead(call, settings), TypeError);
});
