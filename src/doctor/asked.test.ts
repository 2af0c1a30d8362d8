import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_SETTINGS, readSettings, SettingsFault } from './settings.ts';
import { reachOf, readAsked, type Target, targetOf } from './target.ts';

const OPTIONS = { targetIs: undefined, gateway: 'http://127.0.0.1:5020', keyVariable: undefined } as const;

function target(url: string): Target {
  const made = targetOf(url, OPTIONS);
  assert.notEqual(typeof made, 'string', String(made));
  return made as Target;
}

test('what was typed is told apart by its form', () => {
  const kinds = [
    undefined,
    '-',
    'AB'.repeat(16),
    'https://a.test/v1',
    'api.openai.com/v1',
    'localhost:5020',
    'saved.html',
    './x',
    '[::1]:5020',
    'C:\\page.htm',
  ].map((text) => readAsked(text).kind);
  assert.deepEqual(kinds, ['nothing', 'input', 'call', 'url', 'url', 'url', 'file', 'file', 'url', 'file']);
  assert.deepEqual(readAsked('localhost:5020'), { kind: 'url', url: 'http://localhost:5020' });
  assert.deepEqual(readAsked('api.openai.com'), { kind: 'url', url: 'https://api.openai.com' });
});

test('a base URL is asked for its models, and never for an answer that costs', () => {
  assert.equal(target('https://api.openai.com/v1').path, '/v1/models');
  assert.equal(target('https://api.openai.com/v1/chat/completions').path, '/v1/models');
  assert.equal(target('https://api.openai.com').path, '/v1/models');
  assert.deepEqual([target('https://a.test/page').path, target('https://a.test/page').isApi], ['/page', false]);
});

test('user, password and query of a URL are not kept', () => {
  assert.equal(target('https://user:secret@a.test/v1?key=secret#x').url, 'https://a.test/v1');
});

test('what is no URL is refused with a sentence', () => {
  for (const text of ['http://', 'ftp://a.test', 'not a url', `https://a.test/${'x'.repeat(3_000)}`]) {
    assert.equal(typeof targetOf(text, OPTIONS), 'string', text);
  }
});

test('the gateway that is set is known as one', () => {
  assert.equal(target('http://127.0.0.1:5020/v1').kind, 'gateway');
  assert.equal(target('http://127.0.0.1:5021/v1').kind, 'service');
});

test('near addresses are known in every form', () => {
  assert.deepEqual(
    [
      '127.0.0.1',
      '::1',
      '::ffff:127.0.0.1',
      'localhost',
      '10.1.2.3',
      'fd00::1',
      'fe80::1',
      '169.254.1.1',
      'printer.local',
      'host',
      '8.8.8.8',
      'a.test',
      '100.64.0.1',
    ].map(reachOf),
    [
      'loopback',
      'loopback',
      'loopback',
      'loopback',
      'private',
      'private',
      'private',
      'private',
      'private',
      'private',
      'public',
      'public',
      'private',
    ],
  );
});

test('settings replace the defaults one by one', () => {
  const settings = readSettings(
    'anchors: ["192.0.2.1:443"]\ndoh: off\nresolvers: { lab: "192.0.2.53:5353" }\ntrust: { public: [a.pem] }\ntarget-is: gateway\nnowhere: off',
  );
  assert.deepEqual(
    [settings.anchors, settings.doh, settings.trustPublic, settings.targetIs, settings.nowhere],
    [['192.0.2.1:443'], [], ['a.pem'], 'gateway', ''],
  );
  assert.equal(settings.portals, DEFAULT_SETTINGS.portals);
  assert.equal(readSettings(''), DEFAULT_SETTINGS);
});

test('a wrong setting is told with what was expected', () => {
  const wrong: readonly (readonly [yaml: string, says: RegExp])[] = [
    ['anchor: x', /there is no setting "anchor"; there are anchors/],
    ['anchors: ["1.2.3.4:99999"]', /anchors: "1\.2\.3\.4:99999" is no address/],
    ['feed: nonsense', /no http or https URL/],
    ['target-is: both', /expected gateway or service/],
    ['portals: [{url: "http://a.test"}]', /expected a status/],
    ['- a list', /expected names and values/],
    ['anchors: [', /./],
    [`anchors: [${'"1.1.1.1:1",'.repeat(20)}]`, /at most 16/],
  ];
  for (const [yaml, says] of wrong)
    assert.throws(
      () => readSettings(yaml),
      (error) => error instanceof SettingsFault && says.test(error.message),
      yaml,
    );
});
