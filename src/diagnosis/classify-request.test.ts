import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CauseCode } from './catalogue.ts';
import { classifyRequest } from './classify-request.ts';

const REFUSED: readonly (readonly [row: string, word: string, status: number, code: CauseCode])[] = [
  ['A1 malformed', 'request-line', 400, 'caller-malformed'],
  ['A2 smuggling', 'transfer-encoding-and-content-length', 400, 'caller-malformed'],
  ['A3 head too large', 'head-too-large', 431, 'caller-head-too-large'],
  ['A4 chunks', 'chunk-size', 400, 'caller-malformed'],
  ['A5 too slow', 'head-slow', 408, 'caller-slow'],
  ['A6 body too large', 'body-too-large', 413, 'caller-body-too-large'],
  ['A7 ends early', 'cut', 0, 'caller-left'],
  ['A14 who are you', 'credential', 401, 'caller-unauthorized'],
  ['A14 not you', 'policy', 403, 'caller-forbidden'],
  ['A15 too often', 'rate', 429, 'caller-rate-limited'],
  ['A16 loop', 'via', 502, 'gateway-loop'],
  ['A17 expectation', 'expect', 417, 'expectation-unmet'],
  ['A17 method', 'method', 405, 'method-not-allowed'],
  ['A17 not spoken', 'transfer-coding', 501, 'caller-unsupported'],
  ['A17 version', 'version', 505, 'caller-unsupported'],
  ['A18 authority', 'host', 421, 'caller-misdirected'],
  ['A18 bad host', 'host', 400, 'caller-malformed'],
  ['long address', 'target-too-long', 414, 'caller-target-too-long'],
];

for (const [row, word, status, code] of REFUSED) {
  test(`taxonomy ${row}: ${code}`, () => {
    const finding = classifyRequest({ word, status });
    assert.equal(finding.code, code);
    assert.equal(finding.status, status);
    assert.equal(finding.safety, 'not-sent');
  });
}
