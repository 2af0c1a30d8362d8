import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addVia, HOP_BY_HOP, hasPassed, namedHops, optionsOf, trailersToKeep } from './hops.ts';

/** What goes on to the next hop. */
function endToEnd(fields: readonly string[]): string[] {
  const named = namedHops(fields);
  const isKept = (name: string): boolean => !HOP_BY_HOP.has(name) && named?.has(name) !== true;
  return fields.filter((_, at) => isKept(fields[at - (at % 2)] ?? ''));
}

test('fields of one hop do not go on, nor those that Connection names', () => {
  const fields =
    'host a connection Keep-Alive,X-Hop keep-alive timeout=5 x-hop 1 proxy-connection close te trailers trailer x transfer-encoding chunked upgrade h2c proxy-authorization s proxy-authenticate b accept c'.split(
      ' ',
    );
  assert.deepEqual(endToEnd(fields), ['host', 'a', 'accept', 'c']);
});

test('several Connection fields are one list, in whatever case', () => {
  assert.deepEqual(endToEnd(['connection', 'A, ,b', 'connection', ' C\t', 'a', '1', 'b', '2', 'c', '3', 'd', '4']), [
    'd',
    '4',
  ]);
});

test('Connection cannot name away what others judge the message by', () => {
  const fields = [
    'authorization',
    'x',
    'host',
    'a',
    'x-forwarded-for',
    '1.2.3.4',
    'cookie',
    'c',
    'content-length',
    '5',
    'via',
    'v',
  ];
  const naming = ['connection', 'close, authorization, host, x-forwarded-for, cookie, content-length, via'];
  assert.deepEqual(endToEnd([...naming, ...fields]), fields);
});

test('a list is read into its members', () => {
  assert.deepEqual(optionsOf(' A ,,b\t, '), ['a', 'b']);
});

test('trailers keep only what may come late', () => {
  assert.deepEqual(trailersToKeep(['x-sum', '1', 'authorization', 'x', 'server-timing', 'a']), [
    'x-sum',
    '1',
    'server-timing',
    'a',
  ]);
  assert.equal(trailersToKeep(['content-length', '5', 'transfer-encoding', 'chunked', 'set-cookie', 'a']), undefined);
});

test('our member of Via comes last', () => {
  const fields = ['a', 'b'];
  addVia(fields, '1.1', 'goodgate');
  assert.deepEqual(fields, ['a', 'b', 'via', '1.1 goodgate']);
  addVia(fields, '1.0', 'other');
  assert.deepEqual(fields, ['a', 'b', 'via', '1.1 goodgate, 1.0 other']);
});

test('a loop is seen by our pseudonym, not by a part of another or by a comment', () => {
  assert.equal(hasPassed(['via', '1.1 a, HTTP/1.1 goodgate (x)'], 'goodgate'), true);
  assert.equal(hasPassed(['via', '1.1 a', 'via', '1.0 goodgate'], 'goodgate'), true);
  assert.equal(hasPassed(['via', '1.1 goodgate-2, 1.1 a (goodgate)'], 'goodgate'), false);
  assert.equal(hasPassed(['x', '1.1 goodgate'], 'goodgate'), false);
});
