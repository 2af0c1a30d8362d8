import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressBytes, networksOf } from './networks.ts';

test('an address is in a network by the bits of its prefix', () => {
  const networks = networksOf(['10.0.0.0/8', '192.168.1.128/25', '203.0.113.7', 'fd00::/8', '2001:db8::1']);
  for (const ip of ['10.255.0.1', '192.168.1.200', '203.0.113.7', 'fd12::1', '2001:db8:0:0::1', '::ffff:10.1.1.1']) {
    assert.equal(networks(ip), true, ip);
  }
  for (const ip of [
    '11.0.0.1',
    '192.168.1.127',
    '203.0.113.8',
    'fe80::1',
    '2001:db8::2',
    '::ffff:11.1.1.1',
    '',
    'name',
    '10.0.0',
  ]) {
    assert.equal(networks(ip), false, ip);
  }
});

test('a prefix of no bits holds every address of its family', () => {
  assert.equal(networksOf(['0.0.0.0/0'])('8.8.8.8'), true);
  assert.equal(networksOf(['0.0.0.0/0'])('::1'), false);
  assert.equal(networksOf(['::/0'])('::1'), true);
});

test('no networks hold nobody', () => {
  assert.equal(networksOf([])('10.0.0.1'), false);
});

test('what is no network is named', () => {
  for (const entry of [
    '',
    'a',
    '10.0.0.0/33',
    '10.0.0/8',
    '10.0.0.0/',
    '10.0.0.0/x',
    '::/129',
    '10.0.0.0/-1',
    '01.0.0.0',
  ]) {
    assert.throws(() => networksOf([entry]), { message: `not a network: ${JSON.stringify(entry)}` });
  }
});

test('addresses are read as RFC 4291 writes them', () => {
  const hex = (ip: string) => Buffer.from(addressBytes(ip) ?? []).toString('hex');
  assert.equal(hex('1.2.3.4'), '01020304');
  assert.equal(hex('::'), '0'.repeat(32));
  assert.equal(hex('::1'), `${'0'.repeat(31)}1`);
  assert.equal(hex('1::'), `0001${'0'.repeat(28)}`);
  assert.equal(hex('1:2:3:4:5:6:7:8'), '00010002000300040005000600070008');
  assert.equal(hex('64:ff9b::1.2.3.4'), `0064ff9b${'0'.repeat(16)}01020304`);
  assert.equal(hex('::ffff:1.2.3.4'), '01020304');
  for (const bad of [
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    'g::',
    '12345::',
    '1:2:3:4:5:6:7::8:9',
    '::1.2.3',
    '1.2.3.4::',
    '256.0.0.1',
    '1.2.3.4.5',
  ]) {
    assert.equal(addressBytes(bad), undefined, bad);
  }
});
