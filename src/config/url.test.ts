import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as check, property, string, webUrl } from 'fast-check';
import { basePathOf, originOf, urlFault } from './url.ts';

test('a URL without a fault can be taken apart', () => {
  check(
    property(webUrl({ withQueryParameters: false, withFragments: false }), (url) => {
      assert.equal(urlFault(url, false), undefined);
      const origin = originOf(url);
      return origin.host !== '' && origin.port > 0;
    }),
  );
});

test('whatever is written, either it has a fault or it is a URL', () => {
  check(
    property(
      string({ unit: 'binary', maxLength: 40 }),
      (text) => urlFault(`http://${text}`, true) !== undefined || URL.canParse(`http://${text}`),
    ),
  );
});

test('a password is refused in the URL of a target and allowed in that of a proxy', () => {
  assert.match(urlFault('https://me:pass@x.example/', false) ?? '', /user name or password/);
  assert.equal(urlFault('https://me:pass@x.example/', true), undefined);
});

test('an IPv6 host loses its brackets, and the port is that of the scheme when none is written', () => {
  assert.deepEqual(originOf('https://[2001:db8::1]/v1'), { host: '2001:db8::1', port: 443, isSecure: true });
  assert.deepEqual(originOf('http://x.example:8080'), { host: 'x.example', port: 8080, isSecure: false });
});

test('both ways of writing the base path of an SDK lead to the same one', () => {
  for (const url of ['https://x.example', 'https://x.example/v1', 'https://x.example/v1/']) {
    assert.equal(basePathOf('openai', url), '/v1', url);
    assert.equal(basePathOf('anthropic', url), '/v1', url);
  }
  assert.equal(basePathOf('anthropic', 'https://x.example/anthropic/'), '/anthropic/v1');
  assert.equal(basePathOf('azure-openai', 'https://x.openai.azure.com/'), '/openai/v1');
  assert.equal(basePathOf('openai', 'https://x.example/'), '');
});
