import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Facts } from './facts.ts';
import { fixesFor } from './fix.ts';
import type { Outside } from './outside.ts';
import { reportOf } from './report-of.ts';
import { shared } from './share.ts';
import { PLAIN, tell } from './tell.ts';
import { found, HERE, knocked, lost, names, proxy, REACHES, well } from './verdict/facts.testing.ts';
import { judge } from './verdict/verdict.ts';

const CANARIES = [
  'sk-canary1234567890',
  'hunter22-canary',
  'rosalind-canary',
  '/home/rosalind-canary/x.pem',
  '198.51.100.77',
  '2001:db8:1:2:3:4:5:6',
];

function reported(facts: Facts, sentence = '') {
  const judgement = judge(facts);
  return reportOf({
    asked: 'https://api.test/v1',
    wallMs: 0,
    platform: 'linux',
    facts,
    judgement,
    probes: [{ id: 'names', state: 'fail', sentence, tookMs: 1, facts: { deep: [{ text: sentence }] } }],
    firstVerdictMs: 1,
    totalMs: 2,
    contacted: ['198.51.100.77:443', '[2001:db8:1:2:3:4:5:6]:443'],
  });
}

test('no secret, path or whole address survives in a report that is passed on', () => {
  const said = `Bearer sk-canary1234567890 at http://user:hunter22-canary@proxy.test for rosalind-canary in ${CANARIES.join(' and ')} key hunter22-canary`;
  const env = { PROXY_PASSWORD: 'hunter22-canary', USER: 'rosalind-canary', OPENAI_API_KEY: 'sk-canary1234567890' };
  const report = shared(reported(well({ connect: { tries: [knocked('ETIMEDOUT')], sibling: undefined } }), said), env);
  const text = JSON.stringify(report);
  for (const canary of CANARIES) assert.ok(!text.includes(canary), `${canary} in ${text}`);
  assert.ok(text.includes('198.51.100.x') && text.includes('2001:db8:1::x'));
  assert.equal(report.verdict.code, 'not-enough-known');
  assert.ok(!tell(report, PLAIN, true).includes('canary'));
});

test('the text begins with the answer and needs no colour', () => {
  const text = tell(
    reported(well({ names: names({ system: lost('system', 'ENOTFOUND') }), control: REACHES })),
    PLAIN,
    false,
  );
  assert.match(text, /^A filter .*\n\nWho has to act: whoever looks after this network\. How sure: certain\./);
  assert.match(text, /network BROKEN/);
  assert.match(text, /Only here: from elsewhere it is reached\./);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is what is tested
  assert.doesNotMatch(text, /\u001b/);
});

const OUTSIDE = {
  device: { platform: 'linux' },
  env: { NO_PROXY: 'a.test' },
  names: { lookup: async () => [] },
} as unknown as Outside;

test('another resolver is tried for one run, and nothing of the machine changes', async () => {
  const facts = well({
    names: names({
      system: lost('system', 'EAI_AGAIN'),
      knownBySystem: lost('system', 'EAI_AGAIN'),
      public: [found('quad9', HERE)],
    }),
  });
  const [first, second] = fixesFor(reported(facts), facts, OUTSIDE);
  assert.equal(first?.kind, 'again');
  assert.deepEqual(first?.kind === 'again' ? await first.outside.names.lookup('api.test') : [], [HERE]);
  assert.deepEqual([second?.id, second?.does], ['flush-names', 'resolvectl flush-caches']);
});

test('a proxy is left out for this host and this run only', () => {
  const facts = well({ proxy: proxy({ errno: 'ECONNREFUSED' }) });
  const [fix] = fixesFor(reported(facts), facts, OUTSIDE);
  assert.equal(fix?.kind === 'again' ? fix.outside.env['NO_PROXY'] : '', 'a.test,api.test');
  assert.equal(OUTSIDE.env['NO_PROXY'], 'a.test');
});

test('nothing is offered where somebody else has to act', () => {
  const facts = well({ connect: { tries: [knocked('ETIMEDOUT')], sibling: undefined }, control: REACHES });
  assert.deepEqual(fixesFor(reported(facts), facts, OUTSIDE), []);
});
