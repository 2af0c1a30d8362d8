import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from './fault.ts';
import { parseRequestHead } from './head.ts';
import { hear, type Said } from './target.ts';

/** What is heard from a head: the reduced target, or the word it is refused with. */
function heard(line: string, ...fields: string[]): string {
  const { word, said } = judge(line, ...fields);
  return word ?? said.target;
}

function judge(line: string, ...lines: string[]) {
  const head = parseRequestHead([line, ...lines].join('\r\n'));
  if (isFault(head)) throw new Error(head.word);
  const said: Said = { target: '', isLast: false, isExpecting: false };
  return { word: hear(head, { host: undefined }, said)?.word, said, head };
}

const TARGETS: readonly (readonly [string, string, string])[] = [
  ['GET /', 'Host: a', '/'],
  ['GET /a/../b?c=%2e', 'Host: a', '/a/../b?c=%2e'],
  ['GET //a//b', 'Host: a', '//a//b'],
  ['OPTIONS *', 'Host: a', '*'],
  ['GET *', 'Host: a', 'target'],
  ['GET a', 'Host: a', 'target'],
  ['GET a:80', 'Host: a', 'target'],
  ['GET ?a', 'Host: a', 'target'],
  ['CONNECT a:443', 'Host: a:443', 'a:443'],
  ['CONNECT [::1]:443', 'Host: a', '[::1]:443'],
  ['CONNECT a', 'Host: a', 'target'],
  ['CONNECT /', 'Host: a', 'target'],
  ['CONNECT a:443/x', 'Host: a', 'target'],
  ['CONNECT u@a:443', 'Host: a', 'target'],
  ['GET http://a', 'Host: a', '/'],
  ['GET http://a?b', 'Host: a', '/?b'],
  ['GET http://a/b?c', 'Host: a', '/b?c'],
  ['GET HTTPS://A:80/b', 'Host: a:80', '/b'],
  ['OPTIONS http://a', 'Host: a', '*'],
  ['GET http://a/', 'Host: b', 'authority'],
  ['GET http://a:80/', 'Host: a', 'authority'],
  ['GET http://u@a/', 'Host: a', 'target'],
  ['GET http:///a', 'Host: a', 'target'],
  ['GET ftp://a/', 'Host: a', 'target'],
  ['GET http:/a', 'Host: a', 'target'],
];

for (const [request, host, expected] of TARGETS) {
  test(`the target of ${request} with ${host} is ${expected}`, () => {
    assert.equal(heard(`${request} HTTP/1.1`, host), expected);
  });
}

const HOSTS: readonly (readonly [string, string])[] = [
  ['Host: a.example', '/'],
  ['Host: a_b-c.example:8080', '/'],
  ['Host: 127.0.0.1:5020', '/'],
  ['Host: [::1]:5020', '/'],
  ['Host: a:', '/'],
  ['Host:', 'host'],
  ['Host: a b', 'host'],
  ['Host: a,b', 'host'],
  ['Host: a/b', 'host'],
  ['Host: u@a', 'host'],
  ['Host: a:b', 'host'],
  ['Host: a:123456', 'host'],
  ['Host: [::1', 'host'],
  ['Host: ::1', 'host'],
  ['Host: é', 'host'],
  ['X: y', 'host'],
];

for (const [line, expected] of HOSTS) {
  test(`${line} is ${expected === '/' ? 'a host' : 'refused'}`, () => {
    assert.equal(heard('GET / HTTP/1.1', line), expected);
  });
}

test('two hosts are refused, even the same', () => {
  assert.equal(heard('GET / HTTP/1.1', 'Host: a', 'Host: a'), 'host');
  assert.equal(heard('GET / HTTP/1.0', 'Host: a', 'Host: b'), 'host');
});

test('HTTP/1.0 may come without a host', () => {
  assert.equal(heard('GET / HTTP/1.0'), '/');
});

test('a remembered host is good only as it was', () => {
  const memory = { host: 'a' };
  const said: Said = { target: '', isLast: false, isExpecting: false };
  const head = { method: 'GET', target: '/', minorVersion: 1 as const, fields: ['host', 'a b'] };
  assert.equal(hear(head, memory, said)?.word, 'host');
  assert.equal(memory.host, 'a');
});

test('whether a connection stays is said by the version and by Connection', () => {
  const isLast = (line: string, ...lines: string[]) => judge(line, 'Host: a', ...lines).said.isLast;
  assert.equal(isLast('GET / HTTP/1.1'), false);
  assert.equal(isLast('GET / HTTP/1.1', 'Connection: close'), true);
  assert.equal(isLast('GET / HTTP/1.1', 'Connection: x, CLOSE'), true);
  assert.equal(isLast('GET / HTTP/1.1', 'Connection: keep-alive'), false);
  assert.equal(isLast('GET / HTTP/1.1', 'Connection: upgrade'), false);
  assert.equal(isLast('GET / HTTP/1.0'), true);
  assert.equal(isLast('GET / HTTP/1.0', 'Connection: Keep-Alive'), false);
  assert.equal(isLast('GET / HTTP/1.0', 'Connection: upgrade'), true);
  assert.equal(isLast('GET / HTTP/1.1', 'Connection: keep-alive, close'), true);
});

test('an expectation is heard in HTTP/1.1 only and taken out of the head in both', () => {
  const expecting = (version: string, value: string) =>
    judge(`PUT / HTTP/${version}`, 'Host: a', `Expect: ${value}`, 'X: y');
  const one = expecting('1.1', '100-Continue');
  assert.deepEqual([one.said.isExpecting, one.head.fields], [true, ['host', 'a', 'x', 'y']]);
  const old = expecting('1.0', '100-continue');
  assert.deepEqual([old.said.isExpecting, old.head.fields], [false, ['host', 'a', 'x', 'y']]);
  assert.equal(expecting('1.1', '200-ok').word, 'expect');
  assert.equal(expecting('1.0', '200-ok').word, undefined);
});
