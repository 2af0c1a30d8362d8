import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureIn, playedCall, playedTime, refused } from '../attempts/played.test.ts';
import { gatherBody } from '../call/gather.ts';
import { wholeReply } from '../call/settle.ts';
import type { Service } from '../pipeline/service.ts';
import { listModels } from './models.ts';

const JSON_FIELDS = ['content-type', 'application/json'];

const answering =
  (status: number, body: unknown): Service =>
  async () =>
    wholeReply(status, JSON_FIELDS, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), 'a');

const listing = (...ids: readonly unknown[]): Service =>
  answering(200, { object: 'list', data: ids.map((id) => ({ id })) });

const DEAD: Service = async () => {
  throw refused();
};

const INVALID_KEY = answering(401, { error: { message: 'Incorrect API key provided', code: 'invalid_api_key' } });

async function idsOf(services: readonly Service[], names: readonly string[] = []): Promise<unknown[]> {
  const reply = await listModels({ names, services })(playedCall(playedTime()));
  assert.equal(reply.status, 200);
  const { data } = JSON.parse(Buffer.from(await gatherBody(reply, 1e6)).toString()) as { data: { id: unknown }[] };
  return data.map(({ id }) => id);
}

const failureOf = (...services: Service[]) => failureIn(listModels({ names: [], services })(playedCall(playedTime())));

test('each model once, in the order of the targets, then the names that only routes know', async () => {
  assert.deepEqual(await idsOf([listing('b', 'a'), listing('a', 'c')], ['fast', 'c']), ['b', 'a', 'c', 'fast']);
});

test('who is down, refuses, lists nonsense or keeps no list at all is left out', async () => {
  const nonsense = [answering(200, '<html>'), answering(200, { data: 7 }), listing(7, null), answering(404, 'none')];
  assert.deepEqual(await idsOf([DEAD, INVALID_KEY, ...nonsense, listing('a')]), ['a']);
});

test('no model at all is told by its cause where a target is down or refuses', async () => {
  assert.equal((await failureOf(DEAD)).code, 'connect-refused');
  const { code, evidence } = await failureOf(INVALID_KEY);
  assert.equal(code, 'credential-refused');
  assert.match(Buffer.from(evidence.answer?.body ?? []).toString(), /Incorrect API key/);
});

test('a refusal of any length is told from its status alone', async () => {
  const { code, evidence } = await failureOf(answering(503, 'x'.repeat(100_000)));
  assert.equal(code, 'service-unavailable');
  assert.equal(evidence.answer?.body.length, 0);
});

test('targets that keep no list leave an empty one', async () => {
  assert.deepEqual(await idsOf([answering(404, 'none'), answering(405, ''), answering(501, '')]), []);
});
