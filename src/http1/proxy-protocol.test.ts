import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MORE, REFUSED } from './gather.ts';
import { ProxyProtocolReader } from './proxy-protocol.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const IPV4 = 'c0000201' + 'c6336402' + '3039' + '0050';
const IPV6 = '20010db8000000000000000000000001' + '20010db8000000000000000000000002' + '3039' + '0050';

/** A header of version 2: command and family as hex, then the addresses and extensions with their length. */
function header(command: string, rest: string): Buffer {
  return Buffer.from(`${SIGNATURE}${command}${(rest.length / 2).toString(16).padStart(4, '0')}${rest}`, 'hex');
}

function readAt(bytes: Buffer, pieceLength = bytes.length): string {
  const reader = new ProxyProtocolReader();
  for (let at = 0; at < bytes.length; at += pieceLength) {
    const next = reader.feed(bytes.subarray(at, at + pieceLength));
    if (next === MORE) continue;
    if (next === REFUSED) return 'refused';
    return `${reader.peer?.ip ?? 'local'} ${reader.peer?.port ?? ''} ${reader.isSecure} rest ${bytes.toString('latin1', at + next)}`;
  }
  return 'more';
}

const CASES: readonly (readonly [string, Buffer, string])[] = [
  ['IPv4', header('2111', IPV4), '192.0.2.1 12345 false rest '],
  ['IPv6', header('2121', IPV6), '2001:db8::1 12345 false rest '],
  ['extensions', header('2111', `${IPV4}0400020000`), '192.0.2.1 12345 false rest '],
  ['a caller over TLS', header('2111', `${IPV4}2000050100000000`), '192.0.2.1 12345 true rest '],
  ['a caller not over TLS', header('2111', `${IPV4}2000050000000000`), '192.0.2.1 12345 false rest '],
  ['a health check of the balancer', header('2000', ''), 'local  false rest '],
  ['LOCAL with addresses to be ignored', header('2011', IPV4), 'local  false rest '],
  ['a family we do not know', header('2131', '00'.repeat(216)), 'local  false rest '],
  ['version 1', Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n'), 'refused'],
  ['plain HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'refused'],
  ['another version', header('3111', IPV4), 'refused'],
  ['another command', header('2211', IPV4), 'refused'],
  ['addresses too short', header('2111', IPV4.slice(2)), 'refused'],
  ['an extension that is too long', header('2111', `${IPV4}0400030000`), 'refused'],
  ['a broken extension', header('2111', `${IPV4}0400`), 'refused'],
  ['a header too long', header('2111', `${IPV4}${'04000000'.repeat(2000)}`), 'refused'],
];

for (const [name, bytes, expected] of CASES) {
  test(`the PROXY header with ${name} reads as ${expected}, however it is cut`, () => {
    for (const pieceLength of [bytes.length, 1, 5, 16]) assert.equal(readAt(bytes, pieceLength), expected);
  });
}

test('what stands behind the header is left', () => {
  const bytes = Buffer.concat([header('2111', IPV4), Buffer.from('GET /')]);
  assert.equal(readAt(bytes), '192.0.2.1 12345 false rest GET /');
  assert.equal(readAt(bytes, 20), '192.0.2.1 12345 false rest GET /');
});

test('a header that is not whole waits', () => {
  assert.equal(readAt(header('2111', IPV4).subarray(0, 20)), 'more');
});
