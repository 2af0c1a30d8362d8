import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serve } from '../serve.ts';
import { realWorld } from '../world/real.ts';
import { SCENARIOS } from './scenarios.ts';
import { swarmPlan } from './scenarios-swarm.ts';
import { drill, type Verdict } from './sim/verdict.ts';

const world = realWorld();
const ground = { timers: world.timers, serve };

/** These found something once: in the gateway, or in a check. They cost little and stay. */
const FIXED = [
  '18',
  '40',
  '103',
  '100824',
  '200787',
  '1000706',
  '1000822',
  '1005647',
  '2005382',
  '6001902',
  '6004781',
  '6008701',
  '6009950',
  '8001387',
  '8002280',
  '8003003',
  '8004722',
  '8009373',
] as const;
const FRESH = 2;
/** The healing and what follows are as long as ever. */
const SCENARIO_MINUTES = 0.25;

const strangers: unknown[] = [];
const onStranger = (error: unknown): void => void strangers.push(error);
before(() => void process.on('unhandledRejection', onStranger));
after(() => void process.off('unhandledRejection', onStranger));

function assertKept({ violations, replay }: Verdict): void {
  const found = violations.map(({ check, what }) => `${check}: ${what}`);
  assert.deepEqual(found, [], `again: ${replay}`);
  assert.deepEqual(strangers.splice(0), [], `a rejection that nobody heard; again: ${replay}`);
}

for (const seed of FIXED) {
  test(`every promise is kept in the swarm of seed ${seed}`, async () => {
    assertKept(await drill(ground, swarmPlan(seed), undefined, false));
  });
}

test('the same seed has the same journal, byte for byte', async () => {
  assertKept(await drill(ground, swarmPlan('7'), undefined, true));
});

test('every promise is kept with fresh seeds', async () => {
  for (let nth = 0; nth < FRESH; nth += 1) {
    const seed = String(world.chance.below(1e9));
    assertKept(await drill(ground, swarmPlan(seed), undefined, false));
  }
});

for (const scenario of SCENARIOS) {
  test(`every promise is kept on this bad day: ${scenario.name}`, async () => {
    assertKept(await drill(ground, scenario.make('1', SCENARIO_MINUTES), SCENARIO_MINUTES, false));
  });
}
