import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { proxyFor } from './via.ts';

const PROXIES = { https_proxy: 'http://p:3128', http_proxy: 'http://q:3129' };

function isDirect(url: string, noProxy: string): boolean {
  return proxyFor(url, { ...PROXIES, no_proxy: noProxy }).kind === 'direct';
}

test('without variables the way is direct', () => {
  assert.deepEqual(proxyFor('https://api.example/', {}), { kind: 'direct', variable: undefined });
  assert.deepEqual(proxyFor('https://api.example/', { HTTPS_PROXY: ' ' }), { kind: 'direct', variable: undefined });
});

test('each scheme has its variable, lower case first, and ALL_PROXY stands in for both', () => {
  const chosen = (url: string, env: Record<string, string>): string | undefined => proxyFor(url, env).variable;
  assert.equal(chosen('https://a.example/', PROXIES), 'https_proxy');
  assert.equal(chosen('http://a.example/', PROXIES), 'http_proxy');
  assert.equal(chosen('https://a.example/', { HTTPS_PROXY: 'http://p', https_proxy: 'http://q' }), 'https_proxy');
  assert.equal(chosen('https://a.example/', { HTTPS_PROXY: 'http://p' }), 'HTTPS_PROXY');
  assert.equal(chosen('http://a.example/', { HTTP_PROXY: 'http://p' }), 'HTTP_PROXY');
  assert.equal(chosen('http://a.example/', { ALL_PROXY: 'http://p' }), 'ALL_PROXY');
  assert.equal(chosen('https://a.example/', { HTTP_PROXY: 'http://p' }), undefined);
});

test('under CGI, HTTP_PROXY is what a caller sent, and is not obeyed', () => {
  const env = { HTTP_PROXY: 'http://evil', REQUEST_METHOD: 'GET' };
  assert.equal(proxyFor('http://a.example/', env).kind, 'direct');
});

test('a proxy is read with its port, its scheme and its credentials', () => {
  const via = (text: string): unknown => {
    const choice = proxyFor('https://a.example/', { https_proxy: text });
    return choice.kind === 'proxy' ? choice.via : choice.kind;
  };
  assert.deepEqual(via('http://p:3128'), { host: 'p', port: 3128, isSecure: false });
  assert.deepEqual(via('p:3128'), { host: 'p', port: 3128, isSecure: false });
  assert.deepEqual(via('p'), { host: 'p', port: 80, isSecure: false });
  assert.deepEqual(via('https://p'), { host: 'p', port: 443, isSecure: true });
  assert.deepEqual(via('http://[2001:db8::1]:3128/'), { host: '2001:db8::1', port: 3128, isSecure: false });
  assert.deepEqual(via('http://user:p%40ss%C3%A9@p'), {
    host: 'p',
    port: 80,
    isSecure: false,
    authorization: `Basic ${Buffer.from('user:p@ssé').toString('base64')}`,
  });
  assert.deepEqual(via('http://user:100%@p'), {
    host: 'p',
    port: 80,
    isSecure: false,
    authorization: `Basic ${Buffer.from('user:100%').toString('base64')}`,
  });
  for (const odd of ['socks5://p:1080', 'http://', 'ftp://p', 'http://p:99999', 'http://p q']) {
    assert.equal(via(odd), 'unreadable', odd);
  }
});

test('this machine is never asked for through a proxy', () => {
  for (const host of ['localhost', 'x.localhost', '127.0.0.1', '127.9.9.9', '[::1]']) {
    assert.equal(proxyFor(`https://${host}/`, PROXIES).kind, 'direct', host);
  }
});

test('NO_PROXY names hosts and what is below them, with or without a dot or an asterisk', () => {
  for (const rule of [
    'example.com',
    '.example.com',
    '*.example.com',
    'EXAMPLE.com',
    'x.y, example.com',
    'x.y  example.com',
  ]) {
    assert.ok(isDirect('https://example.com/', rule), rule);
    assert.ok(isDirect('https://api.example.com/', rule), rule);
    assert.ok(!isDirect('https://badexample.com/', rule), rule);
    assert.ok(!isDirect('https://example.com.evil/', rule), rule);
  }
  assert.ok(isDirect('https://example.com./', 'example.com'));
  assert.ok(isDirect('https://anything.example/', '*'));
  assert.ok(!isDirect('https://anything.example/', ', ,'));
  assert.ok(!isDirect('https://anything.example/', '.'));
});

test('NO_PROXY may name a port, which then must be the one', () => {
  assert.ok(isDirect('https://example.com/', 'example.com:443'));
  assert.ok(isDirect('http://example.com:8080/', 'example.com:8080'));
  assert.ok(!isDirect('https://example.com:8443/', 'example.com:443'));
  assert.ok(isDirect('https://[2001:db8::1]:8443/', '[2001:db8::1]:8443'));
});

test('NO_PROXY may name addresses and networks, in any spelling', () => {
  assert.ok(isDirect('https://10.1.2.3/', '10.0.0.0/8'));
  assert.ok(!isDirect('https://11.1.2.3/', '10.0.0.0/8'));
  assert.ok(isDirect('https://10.1.2.3/', '10.1.2.3'));
  assert.ok(!isDirect('https://110.1.2.3/', '10.1.2.3'));
  assert.ok(isDirect('https://[2001:db8:0:0::7]/', '2001:db8::/32'));
  assert.ok(isDirect('https://[2001:db8::7]/', '2001:0db8:0::0007'));
  assert.ok(!isDirect('https://[2001:db9::7]/', '2001:db8::/32'));
  assert.ok(!isDirect('https://10.1.2.3/', '10.0.0.0/99'));
  assert.ok(!isDirect('https://10.1.2.3/', '2001:db8::/0'));
  assert.ok(isDirect('https://10.1.2.3/', '0.0.0.0/0'));
  // A name is not looked up to be compared with a network.
  assert.ok(!isDirect('https://ten.example/', '10.0.0.0/8'));
});

test('the variable that made an exception is told', () => {
  assert.deepEqual(proxyFor('https://a.b/', { ...PROXIES, NO_PROXY: 'a.b' }), { kind: 'direct', variable: 'NO_PROXY' });
});

test('whatever the environment holds, there is an answer', () => {
  fc.assert(
    fc.property(fc.webUrl(), fc.string(), fc.string(), (url, proxy, exceptions) => {
      const choice = proxyFor(url, { https_proxy: proxy, http_proxy: proxy, no_proxy: exceptions });
      assert.ok(['direct', 'proxy', 'unreadable'].includes(choice.kind));
    }),
  );
});
