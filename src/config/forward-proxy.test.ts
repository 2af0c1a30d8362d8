import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forwardProxyOf, proxyVariableFault } from './forward-proxy.ts';

const SERVICE = { host: 'api.openai.com', port: 443, isSecure: true };
const ENV = { HTTPS_PROXY: 'http://proxy.example:3128' };

test('the proxy of the environment is used, its own variable for each scheme', () => {
  assert.equal(forwardProxyOf(SERVICE, undefined, ENV)?.host, 'proxy.example');
  assert.equal(forwardProxyOf({ ...SERVICE, isSecure: false }, undefined, ENV), undefined);
  assert.equal(forwardProxyOf(SERVICE, undefined, { https_proxy: 'other:1' })?.port, 1);
});

test('a proxy that is written wins, and off means none', () => {
  assert.equal(forwardProxyOf(SERVICE, 'https://own.example', ENV)?.host, 'own.example');
  assert.equal(forwardProxyOf(SERVICE, 'off', ENV), undefined);
});

test('loopback never goes through the proxy of the environment', () => {
  assert.equal(forwardProxyOf({ host: '127.0.0.1', port: 443, isSecure: true }, undefined, ENV), undefined);
});

test('NO_PROXY names hosts, everything below them, ports and all', () => {
  const through = (list: string, host = SERVICE.host) =>
    forwardProxyOf({ ...SERVICE, host }, undefined, { ...ENV, NO_PROXY: list }) !== undefined;
  for (const list of [
    '*',
    'api.openai.com',
    'openai.com',
    '.openai.com',
    '*.openai.com',
    'x, OPENAI.COM',
    'api.openai.com:443',
  ]) {
    assert.ok(!through(list), list);
  }
  for (const list of ['', 'ai.com', 'openai.com:80', 'x.api.openai.com', ',,', 'openai'])
    assert.ok(through(list), list);
  assert.ok(!through('2001:db8::1', '2001:db8::1'));
  assert.ok(!through('[2001:db8::1]:443', '2001:db8::1'));
});

test('a password of the proxy becomes its authorization', () => {
  const via = forwardProxyOf(SERVICE, 'http://me:p%40ss%C3%A9@proxy.example', {});
  assert.equal(via?.authorization, `Basic ${Buffer.from('me:p@ssé').toString('base64')}`);
  assert.equal(via?.port, 80);
});

test('a variable that is no URL is not used, and told without its value', () => {
  const env = { HTTPS_PROXY: 'socks5://me:secret@proxy' };
  assert.equal(forwardProxyOf(SERVICE, undefined, env), undefined);
  const fault = proxyVariableFault(true, env) ?? '';
  assert.match(fault, /HTTPS_PROXY begins with socks5:\/\//);
  assert.doesNotMatch(fault, /secret/);
});
