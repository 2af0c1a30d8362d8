import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fields } from '../call/fields.ts';
import type { IncomingRequest, Responder } from '../http1/contract.ts';
import { goodgatePages } from './pages.ts';
import { Stories } from './stories.ts';

const ID = '0'.repeat(32);

function asked(method: string, target: string): number | 'passed on' {
  const pages = goodgatePages({ isServing: () => true, stories: new Stories({ now: () => 0, wallMs: () => 0 }) });
  let status = 0;
  const request = { method, target, fields: [], peer: { ip: '127.0.0.1', port: 1 } } as unknown as IncomingRequest;
  const response = {
    send(sent: number, _fields: Fields) {
      status = sent;
    },
  } as unknown as Responder;
  return pages(request, response) ? status : 'passed on';
}

test('a path of ours that nobody knows is answered here, never passed to a target with the caller’s key', () => {
  for (const target of [
    '/goodgate',
    '/goodgate/',
    '/goodgate?x',
    '/goodgate/nothing',
    '/goodgate/why/1/2/3',
    '/goodgate/calls/x/stream',
    `/goodgate/calls/${ID}`,
    `/goodgate/calls/${ID}/stream/more`,
  ]) {
    assert.equal(asked('GET', target), 404, target);
  }
  assert.equal(asked('POST', `/goodgate/calls/${ID}/stream`), 405);
});

test('the reply of a call is no page', () => {
  assert.equal(asked('GET', `/goodgate/calls/${ID}/stream`), 'passed on');
  assert.equal(asked('GET', `/goodgate/calls/${ID}/stream?from=1`), 'passed on');
});
