import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { classify } from './classify.ts';
import { appendProxyStatus, parseProxyStatus, proxyStatusMember, proxyStatusOf } from './proxy-status.ts';

test('a member is written as RFC 9209 has it', () => {
  assert.equal(proxyStatusMember({ name: 'goodgate' }), 'goodgate');
  assert.equal(
    proxyStatusMember({
      name: 'goodgate',
      error: 'connection_refused',
      receivedStatus: 502,
      nextHop: 'openai-us',
      details: 'a "b" \\ c',
    }),
    'goodgate; error=connection_refused; received-status=502; next-hop=openai-us; details="a \\"b\\" \\\\ c"',
  );
  assert.equal(proxyStatusMember({ name: 'my gate', nextHop: '192.0.2.1:443' }), '"my gate"; next-hop="192.0.2.1:443"');
});

test('a finding becomes a member: the resolver code and the TLS alert have parameters of their own', () => {
  const dns = classify({ phase: 'dns', firstEvent: 'name-error', errno: 'ENOTFOUND' });
  assert.equal(proxyStatusOf(dns, 'goodgate'), 'goodgate; error=dns_error; rcode="NXDOMAIN"; details="dns-not-found"');
  const tls = classify({ phase: 'tls', firstEvent: 'tls-alert', tlsAlert: 'handshake_failure' });
  assert.equal(
    proxyStatusOf(tls, 'goodgate'),
    'goodgate; error=tls_alert_received; alert-message=handshake_failure; details="tls-alert"',
  );
  const answered = classify({
    phase: 'head',
    firstEvent: 'answer',
    answer: { status: 502, fields: [], body: new Uint8Array() },
  });
  assert.equal(
    proxyStatusOf(answered, 'gg', 'a'),
    'gg; error=http_response_incomplete; received-status=502; next-hop=a; details="service-bad-gateway"',
  );
});

test('no input, however hostile, leaves printable ASCII or ends the field', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, details) => {
      const member = proxyStatusMember({ name, details, nextHop: details, rcode: name });
      assert.match(member, /^[ -~]+$/);
      assert.equal(
        parseProxyStatus(member).length,
        name === '' ? parseProxyStatus(member).length : Math.min(1, parseProxyStatus(member).length),
      );
    }),
  );
});

test('members are read nearest the origin first, with separators inside strings left alone', () => {
  assert.deepEqual(
    parseProxyStatus('inner; error=dns_error, "a, \\"b\\"; c"; received-status=502; details="x, y; error=no"'),
    [
      { name: 'inner', error: 'dns_error', receivedStatus: undefined },
      { name: 'abc', error: undefined, receivedStatus: 502 },
    ],
  );
});

test('our member goes behind those from upstream, and replaces what is no list', () => {
  assert.equal(appendProxyStatus('cdn; error=dns_error', 'goodgate'), 'cdn; error=dns_error, goodgate');
  assert.equal(appendProxyStatus(undefined, 'goodgate'), 'goodgate');
  assert.equal(appendProxyStatus('', 'goodgate'), 'goodgate');
  assert.equal(appendProxyStatus('x\r\nset-cookie: a', 'goodgate'), 'goodgate');
  assert.equal(appendProxyStatus('x'.repeat(3_000), 'goodgate'), 'goodgate');
});

test('reading any text neither throws nor yields words that are not plain', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (value) => {
      for (const { name, error } of parseProxyStatus(value)) assert.match(`${name}${error ?? ''}`, /^[a-z0-9_.:-]*$/);
    }),
  );
});
