import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fieldOf } from '../call/fields.ts';
import { callerNames } from './callers.ts';
import { dialectOf, errorShapeOf } from './dialect.ts';
import { BodyGatherer } from './gather-body.ts';
import { ownFields, replyHead, type Told } from './reply-fields.ts';

const TOLD: Told = {
  requestId: 'id1',
  attempts: [],
  startMs: 100,
  via: '1.1 goodgate-x',
  proxyStatus: 'goodgate-x; received-status=200',
  target: 'a',
  nowMs: 101.26,
};

test('only POSTs to the known paths are inference, everything else passes through', () => {
  assert.equal(dialectOf('POST', '/v1/chat/completions'), 'openai-chat');
  assert.equal(dialectOf('GET', '/v1/chat/completions'), 'http');
  assert.equal(dialectOf('POST', '/v1/messages'), 'anthropic-messages');
  assert.equal(dialectOf('POST', '/v1/files'), 'http');
});

test("errors have the shape of the caller's SDK, a page for browsers, problem+json for the rest", () => {
  assert.equal(errorShapeOf('/v1/chat/completions', 'application/json', false), 'openai');
  assert.equal(errorShapeOf('/v1/models', undefined, true), 'anthropic');
  assert.equal(errorShapeOf('/v1/messages', undefined, false), 'anthropic');
  assert.equal(errorShapeOf('/', 'text/html,*/*', false), 'page');
  assert.equal(errorShapeOf('/', '*/*', false), 'problem');
});

test("a target's fields are passed on, ours are appended to lists and cannot be forged", () => {
  const given = [
    'content-type',
    'application/json',
    'goodgate-code',
    'forged',
    'x-request-id',
    'theirs',
    'via',
    '1.1 edge',
    'proxy-status',
    'edge; received-status=200',
    'connection',
    'x-secret-hop',
    'x-secret-hop',
    '1',
    'set-cookie',
    'a',
    'set-cookie',
    'b',
    'content-length',
    '99',
  ];
  const { fields, ownLines } = replyHead(given, TOLD);
  assert.match(ownLines, /^via: 1\.1 edge, 1\.1 goodgate-x\r$/m);
  assert.match(ownLines, /^proxy-status: edge; received-status=200, goodgate-x; received-status=200\r$/m);
  assert.match(ownLines, /^x-request-id: id1\r$/m);
  assert.match(ownLines, /^server-timing: goodgate;dur=1\.3\r$/m);
  assert.equal(fieldOf(fields, 'goodgate-code'), undefined);
  assert.equal(fieldOf(fields, 'x-secret-hop'), undefined);
  assert.equal(fieldOf(fields, 'content-length'), undefined);
  assert.equal(fields.filter((part) => part === 'set-cookie').length, 2);
  assert.equal(fieldOf(ownFields('text/plain', TOLD), 'goodgate-target'), 'a');
});

test('a body is gathered whole however it is sliced, and owes nothing to the bytes it was given', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), fc.boolean(), (parts, isAnnounced) => {
      const whole = Buffer.concat(parts);
      let gathered: Uint8Array | undefined;
      const gatherer = new BodyGatherer(isAnnounced ? whole.length : -1, {
        whole(body) {
          gathered = body;
        },
      });
      for (const part of parts) {
        const borrowed = Buffer.from(part);
        gatherer.part(borrowed);
        borrowed.fill(0);
      }
      gatherer.end();
      assert.deepEqual(Buffer.from(gathered ?? []), whole);
    }),
  );
});

test('a caller is named by a fingerprint that is the same for the same key and does not contain it', () => {
  const name = callerNames();
  const first = name(['authorization', 'Bearer sk-secret']);
  assert.equal(first, name(['accept', '*/*', 'authorization', 'Bearer sk-secret']));
  assert.notEqual(first, name(['authorization', 'Bearer sk-other']));
  assert.ok(first !== undefined && !first.includes('secret') && first.length === 12);
  assert.equal(name([]), undefined);
});
