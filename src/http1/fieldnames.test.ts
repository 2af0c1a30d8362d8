import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownName, placeOfName, TOKEN_LOWER } from './fieldnames.ts';

test('the fields every call carries are found in both usual spellings', () => {
  const everyday =
    'host connection content-length content-type transfer-encoding authorization accept user-agent date cache-control x-api-key traceparent accept-encoding server cookie set-cookie retry-after expect upgrade te via x-request-id goodgate-attempt goodgate-attempts goodgate-target';
  for (const name of everyday.split(' ')) {
    const canonical = name.replace(/(^|-)[a-z]/g, (initial) => initial.toUpperCase());
    assert.equal(knownName(name, 0, name.length), name);
    assert.equal(knownName(canonical, 0, canonical.length), name);
    assert.ok(placeOfName(name) >= 0, name);
  }
});

test('a name in another spelling or that is not known is undefined, never something else', () => {
  for (const name of ['HOST', 'hOst', 'Hos', 'Hostt', '', 'x-unheard-of', 'Content_Length', 'content-length ']) {
    assert.equal(knownName(name, 0, name.length), undefined, name);
  }
});

test('the characters of a token are those of RFC 9110 §5.6.2', () => {
  for (let code = 0; code < 256; code += 1) {
    const isToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/.test(String.fromCharCode(code));
    assert.equal(TOKEN_LOWER[code], isToken ? String.fromCharCode(code).toLowerCase().charCodeAt(0) : 0, String(code));
  }
});
