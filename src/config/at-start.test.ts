import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitingForStart } from './at-start.ts';
import { settle, type Wanted } from './resolve.ts';

const TARGETS = { a: { dialect: 'openai', url: 'https://x.example' } } as const;

const settled = (asked: Wanted) => settle({ targets: TARGETS, ...asked }, {}, undefined);
const started = settled({});

test('what the ports are made with is named by the words of the config', () => {
  const changed = settled({
    listen: { ip: '127.0.0.1', port: 7 },
    trust: { forwarded: ['10.0.0.0/8'] },
    limits: { 'body-bytes': 1 },
    timeouts: { 'caller-idle': 1 },
  });
  assert.deepEqual(waitingForStart(started, changed), ['listen', 'trust', 'limits.body-bytes', 'timeouts.caller-idle']);
});

test('no limit of the ports, nor of the connections to targets, is passed over', () => {
  for (const part of ['server', 'upstream'] as const) {
    for (const key of Object.keys(started[part])) {
      const changed = { ...started, [part]: { ...started[part], [key]: -1 } };
      assert.equal(waitingForStart(started, changed).length, 1, key);
    }
  }
});

test('all else is in force at once', () => {
  const changed = settled({
    'admin-token': 'another',
    targets: { b: { dialect: 'openai', url: 'https://y.example' } },
    timeouts: { connect: 1, drain: 1 },
    limits: { 'reply-bytes-held': 1 },
    retries: { attempts: 1 },
    log: { level: 'debug' },
  });
  assert.deepEqual(waitingForStart(started, changed), []);
});
