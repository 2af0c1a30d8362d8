import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import { assert as check, ipV4, ipV6, oneof, property, string } from 'fast-check';
import { ipVersion, isLoopback, isNear, isNetwork, listenWords, parseListen } from './address.ts';

test('IP literals are told apart as the platform does', () => {
  check(property(oneof(ipV4(), ipV6(), string({ maxLength: 20 })), (text) => (ipVersion(text) ?? 0) === isIP(text)));
  assert.equal(ipVersion('010.0.0.1'), undefined);
  assert.equal(ipVersion('fe80::1%eth0'), undefined);
});

test('a listening address is an IP literal and a port, and is printed as it is written', () => {
  for (const text of ['127.0.0.1:5020', '[::1]:0', '0.0.0.0:65535']) {
    const address = parseListen(text);
    assert.ok(address);
    assert.equal(listenWords(address), text);
  }
  assert.deepEqual(parseListen('localhost:1'), { ip: '127.0.0.1', port: 1 });
});

test('an address that could be misread is refused', () => {
  for (const text of [
    '',
    ':5020',
    '5020',
    '127.0.0.1',
    '127.0.0.1:65536',
    '::1:5020',
    '[127.0.0.1]:1',
    'example.com:1',
    '1.2.3:1',
  ]) {
    assert.equal(parseListen(text), undefined, text);
  }
});

test('networks are addresses with at most as many bits as they have', () => {
  for (const good of ['10.0.0.0/8', '10.0.0.1', 'fd00::/8', '::1/128']) assert.ok(isNetwork(good), good);
  for (const bad of ['10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8/8', 'all', '/8', ''])
    assert.ok(!isNetwork(bad), bad);
});

test('loopback and private networks are near, the rest is far', () => {
  const near = [
    '127.0.0.1',
    '::1',
    'localhost',
    'api.localhost',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.0.1',
    '100.64.0.1',
  ];
  for (const host of [...near, 'fd12::1', 'fe80::1', 'ollama', 'gpu.local', 'x.internal'])
    assert.ok(isNear(host), host);
  for (const host of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2001:db8::1', 'api.openai.com'])
    assert.ok(!isNear(host), host);
  assert.ok(!isLoopback('10.0.0.1'));
});
