import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readScenario } from './scenario-file.ts';

function reading(text: string) {
  const files = { read: async () => text, write: async () => undefined, watch: () => ({ close: () => undefined }) };
  return readScenario({ files }, 'friday.yaml');
}

async function faultsOf(text: string): Promise<readonly string[]> {
  const read = await reading(text);
  assert.equal(read.kind, 'faults', text);
  return read.kind === 'faults' ? read.lines : [];
}

test('a scenario file becomes a plan', async () => {
  const read = await reading(`
name: friday
tells: One service is slow, then the other stands still.
targets: { a: { pace: 20 }, b: { workers: 4, busy: 300ms } }
lasts: 30s
callers: [{ kind: stream, per-second: 2, curve: surge }]
events:
  - { at: 5s, for: 10s, fault: slow-head(9000), targets: [a], share: 0.5 }
  - { at: 20s, for: 5s, do: freeze, targets: [b] }
`);
  assert.equal(read.kind, 'scenario');
  if (read.kind !== 'scenario') return;
  const plan = read.scenario.make('1', 2);
  assert.equal(plan.safetyMs, 30_000);
  assert.deepEqual(
    plan.targets.map(({ name, paceWordsPerS, workers }) => ({ name, paceWordsPerS, workers })),
    [
      { name: 'a', paceWordsPerS: 20, workers: undefined },
      { name: 'b', paceWordsPerS: 40, workers: { count: 4, busyMs: 300 } },
    ],
  );
  assert.deepEqual(plan.acts, [
    { atMs: 5000, forMs: 10_000, deed: { word: 'fault', hosts: ['a'], fault: 'slow-head(9000)', share: 0.5 } },
    { atMs: 20_000, forMs: 5000, deed: { word: 'freeze', hosts: ['b'] } },
  ]);
});

for (const [what, text, expected] of [
  ['an unknown fault', 'events:\n  - { at: 1s, fault: slow-haed(9), targets: [a] }', /^friday\.yaml:2: .*slow-head/],
  ['an impossible number of a fault', 'events:\n  - { at: 1s, fault: status(99), targets: [a] }', /:2: .*400 to 599/],
  [
    'an impossible rate',
    'callers:\n  - kind: plain\n    per-second: -3',
    /:3: per-second is -3; expected a number from/,
  ],
  ['an impossible share', 'events:\n  - { at: 1s, fault: refuse, targets: [a], share: 7 }', /:2: share is 7/],
  ['an unknown deed', 'events:\n  - { at: 1s, do: freze, targets: [a] }', /:2: do is "freze".*did you mean "freeze"/],
  [
    'an unknown target',
    'targets: { a: {} }\nevents:\n  - { at: 1s, do: freeze, targets: [b] }',
    /:3: targets is "b"; expected one of a/,
  ],
  ['a time after the end', 'lasts: 10s\nevents:\n  - { at: 20s, do: restart }', /:3: at is "20s"; .*from 0ms to 10s/],
  ['a setting that is none', 'nmae: friday', /:1: "nmae" is not known here; did you mean "name"\?/],
  ['an unknown kind of caller', 'callers: [{ kind: poisson }]', /:1: kind is "poisson".*did you mean "poison"/],
  ['a text that is no YAML', 'events: [', /^friday\.yaml:1/],
] as const) {
  test(`a scenario file with ${what} is refused with its line`, async () => {
    const lines = await faultsOf(text);
    assert.match(lines.join('\n'), expected);
  });
}
