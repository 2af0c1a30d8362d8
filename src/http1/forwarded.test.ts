import assert from 'node:assert/strict';
import { test } from 'node:test';
import { originationOf } from './forwarded.ts';
import { networksOf } from './networks.ts';

const trusted = networksOf(['10.0.0.0/8', '2001:db8::/32']);
const direct = { peer: { ip: '10.0.0.1', port: 1234 }, isSecure: false };

function origination(...fields: string[]): string {
  const { peer, isSecure } = originationOf(fields, direct, trusted);
  return `${peer.ip} ${peer.port} ${isSecure ? 'https' : 'http'}`;
}

test('the word of someone we do not trust counts for nothing', () => {
  const stranger = { peer: { ip: '192.0.2.1', port: 1 }, isSecure: false };
  assert.equal(
    originationOf(['x-forwarded-for', '1.1.1.1', 'x-forwarded-proto', 'https'], stranger, trusted),
    stranger,
  );
});

test('the caller is the nearest hop that is not trusted; what stands beyond it may be forged', () => {
  assert.equal(origination('x-forwarded-for', '1.1.1.1'), '1.1.1.1 0 http');
  assert.equal(origination('x-forwarded-for', '6.6.6.6, 1.1.1.1, 10.0.0.2'), '1.1.1.1 0 http');
  assert.equal(origination('x-forwarded-for', '6.6.6.6', 'x-forwarded-for', '1.1.1.1'), '1.1.1.1 0 http');
  assert.equal(origination('x-forwarded-for', '10.0.0.3, 10.0.0.2'), '10.0.0.3 0 http');
});

test('garbage ends the chain where it stands', () => {
  assert.equal(origination('x-forwarded-for', '1.1.1.1, garbage, 10.0.0.2'), '10.0.0.2 0 http');
  assert.equal(origination('x-forwarded-for', ''), '10.0.0.1 1234 http');
  assert.equal(origination('x-forwarded-for', 'unknown'), '10.0.0.1 1234 http');
});

test('ports and brackets are read', () => {
  assert.equal(origination('x-forwarded-for', '1.1.1.1:81'), '1.1.1.1 81 http');
  assert.equal(origination('x-forwarded-for', '[2002::1]:81'), '2002::1 81 http');
  assert.equal(origination('x-forwarded-for', '2002::1'), '2002::1 0 http');
});

test('the protocol is that of the hop, or the one for all', () => {
  assert.equal(origination('x-forwarded-for', '1.1.1.1', 'x-forwarded-proto', 'HTTPS'), '1.1.1.1 0 https');
  assert.equal(
    origination('x-forwarded-for', '1.1.1.1, 10.0.0.2', 'x-forwarded-proto', 'https, http'),
    '1.1.1.1 0 https',
  );
  assert.equal(
    origination('x-forwarded-for', '6.6.6.6, 1.1.1.1', 'x-forwarded-proto', 'http, https'),
    '1.1.1.1 0 https',
  );
  assert.equal(origination('x-forwarded-proto', 'https'), '10.0.0.1 1234 https');
});

test('Forwarded outweighs its forerunners', () => {
  assert.equal(origination('forwarded', 'for=1.1.1.1;proto=https', 'x-forwarded-for', '9.9.9.9'), '1.1.1.1 0 https');
  assert.equal(
    origination('forwarded', 'for=6.6.6.6, For="[2002::1]:81"; Proto=http;by=x, for=10.0.0.2'),
    '2002::1 81 http',
  );
  assert.equal(origination('forwarded', 'for=_hidden;proto=https'), '10.0.0.1 1234 http');
  assert.equal(origination('forwarded', 'for="1.1.1.1\\""'), '10.0.0.1 1234 http');
});

test('an endless chain is followed no further than its bound', () => {
  assert.equal(
    origination('x-forwarded-for', `1.1.1.1, ${new Array(40).fill('10.0.0.2').join(', ')}`),
    '10.0.0.2 0 http',
  );
});
