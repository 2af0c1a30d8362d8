/**
 * `npm run bench:faults`: nginx, HAProxy and Goodgate, each in front of the same two targets of which one fails in one way on every request;
 * chat completions, plain and streamed. Counts what the callers get, fault by fault, prints it, and writes docs/reference/faults-compared.md.
 *
 * Words after `--` play only the faults whose names hold one of them, and write no page.
 * Exit code 0 when no caller of Goodgate saw a failure that another target could have spared it, 1 when one did, 2 when it cannot begin.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stop } from '../proof/processes.ts';
import { parseFault } from '../src/drill/parse-fault.ts';
import { CALLERS_TO_MEND, type Named, SURVIVABLE } from '../src/drill/survive.testing.ts';
import { startUpstream, type Upstream } from '../src/drill/upstream.ts';
import { realWorld } from '../src/world/real.ts';
import { ask, call, type Expected, type Got, KINDS, type Kind } from './faults-callers.ts';
import { type Cell, page, type Row } from './faults-page.ts';
import { type Door, PROXIES, type ProxyName, startProxy } from './faults-proxies.ts';

const PAGE = join(import.meta.dirname, '..', 'docs', 'reference', 'faults-compared.md');
/** Of each kind: half of them begin at the failing target. */
const CALLS = 20;
/** Callers at a time. */
const PARALLEL = 10;
/** Trials at a time and proxy: most of a trial is waiting. */
const LANES = 4;
const RUN_MS_MAX = 10 * 60_000;
/** So that a stream is under way when it breaks, and does not arrive in one piece with the break. */
const PACE_WORDS_PER_S = 200;

/** What strikes after the first part of a stream has left: no other server can be asked without the caller's knowing, unless it goes on with the answer. */
const MIDSTREAM = [
  'reset-after-bytes(2000)',
  'stall-after-events',
  'cut-after-events',
  'cut-after-events(fin)',
  'cut-after-events(reset)',
  'error-event(5)',
  'invalid-json-event(5)',
  'bad-chunk-size(5)',
  'truncated-json',
  'wrong-content-length',
  'wrong-content-length(too-short)',
  'missing-done',
];

type Plan = { readonly name: string; readonly group: Row['group']; readonly fault: Named['fault'] };

const world = realWorld();
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const versions = versionsOrExit();
const wanted = process.argv.slice(2);
const plans = plansOf().filter(({ name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)));
if (plans.length === 0) {
  say(`bench: no fault is named like ${wanted.join(' or ')}`);
  process.exit(2);
}
setTimeout(() => {
  say(`bench: given up after ${RUN_MS_MAX / 60_000} minutes`);
  process.exit(1);
}, RUN_MS_MAX).unref();

const rows = await playAll();
const text = page(rows, { calls: CALLS, versions });
process.stdout.write(`${text}\n`);
if (wanted.length === 0 && !('CI' in process.env)) {
  writeFileSync(PAGE, text);
  say('bench: written: docs/reference/faults-compared.md');
}
const isClean = rows.every(({ group, cells }) => group === 'mend' || cells.Goodgate.failures === 0);
process.exit(isClean ? 0 : 1);

function plansOf(): readonly Plan[] {
  const midstream = MIDSTREAM.map((name): Plan => {
    const parsed = parseFault(name);
    if (!parsed.ok) throw new Error(parsed.problem);
    return { name, group: 'midstream', fault: parsed.value };
  });
  return [
    ...SURVIVABLE.map((named): Plan => ({ ...named, group: 'early' })),
    ...midstream,
    ...CALLERS_TO_MEND.map((named): Plan => ({ ...named, group: 'mend' })),
  ];
}

/** A trial is one fault on plain calls or on streams, behind one proxy; each has two targets of its own. */
type Trial = { readonly plan: Plan; readonly kind: Kind; readonly a: Upstream; readonly b: Upstream };

/** Every plan with every proxy, some at a time; rows in the order of the plans. */
async function playAll(): Promise<readonly Row[]> {
  const seen = plans.map(() => new Map<ProxyName, Cell>());
  await Promise.all(
    PROXIES.map(async (proxy) => {
      const cells = await playBehind(proxy);
      for (const [nth, cell] of cells.entries()) seen[nth]?.set(proxy, cell);
    }),
  );
  return plans.map(({ name, group }, nth) => {
    const cells = Object.fromEntries(seen[nth] ?? []) as Record<ProxyName, Cell>;
    return { name, group, cells };
  });
}

/** All trials behind one proxy; a cell for each plan, in order. */
async function playBehind(name: ProxyName): Promise<readonly Cell[]> {
  const trials: Trial[] = [];
  for (const plan of plans) {
    for (const kind of KINDS) trials.push({ plan, kind, a: await target('a'), b: await target('b') });
  }
  const proxy = await startProxy(
    name,
    trials.map(({ a, b }) => ({ a: portOf(a), b: portOf(b) })),
  );
  const got: (readonly Got[])[] = [];
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun < trials.length) {
      const nth = begun;
      begun += 1;
      const trial = trials[nth];
      const door = proxy.doors[nth];
      if (trial === undefined || door === undefined) return;
      got[nth] = await play(trial, door);
      const failures = got[nth].filter((word) => word !== 'whole').length;
      say(`bench: ${name.padEnd(8)} ${trial.kind.padEnd(6)} ${trial.plan.name.padEnd(34)} ${failures} of ${CALLS}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: LANES }, lane));
  } finally {
    await stop(proxy.process);
    await Promise.all(trials.flatMap(({ a, b }) => [a.close(), b.close()]));
  }
  return plans.map((plan) =>
    cellOf(trials.flatMap((trial, nth) => (trial.plan === plan ? [{ trial, got: got[nth] ?? [] }] : []))),
  );
}

function target(name: string): Promise<Upstream> {
  return startUpstream(world, { name, voice: 'bench', paceWordsPerS: PACE_WORDS_PER_S });
}

async function play({ plan, kind, a, b }: Trial, door: Door): Promise<readonly Got[]> {
  const expected = await ask({ port: portOf(b), model: door.model });
  await a.setFault(plan.fault);
  return callers(door, kind, expected);
}

function cellOf(played: readonly { readonly trial: Trial; readonly got: readonly Got[] }[]): Cell {
  const got = new Map<string, number>();
  let failures = 0;
  for (const { trial, got: words } of played) {
    for (const word of words.filter((each) => each !== 'whole')) {
      failures += 1;
      const label = `${trial.kind}: ${word}`;
      got.set(label, (got.get(label) ?? 0) + 1);
    }
  }
  return { failures, got };
}

async function callers(door: Door, kind: Kind, expected: Expected): Promise<readonly Got[]> {
  const got: Got[] = [];
  let begun = 0;
  const caller = async (): Promise<void> => {
    while (begun < CALLS) {
      begun += 1;
      got.push(await call(door, kind, expected));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, caller));
  return got;
}

function portOf({ baseUrl }: Upstream): number {
  return Number(new URL(baseUrl).port);
}

function versionsOrExit(): string {
  const missing = ['nginx', 'haproxy'].filter((tool) => versionOf(tool) === undefined);
  if (missing.length > 0) {
    say(`bench: ${missing.join(' and ')} not found; on Debian: apt-get install ${missing.join(' ')}`);
    process.exit(2);
  }
  return `nginx ${versionOf('nginx')}, HAProxy ${versionOf('haproxy')}, Goodgate ${versionOf('goodgate')} on Node ${process.version}`;
}

/** Undefined when it cannot be run. */
function versionOf(tool: string): string | undefined {
  const command = tool === 'goodgate' ? join(import.meta.dirname, '..', 'bin', 'goodgate') : tool;
  try {
    // nginx answers on its error output.
    const text = execFileSync('sh', ['-c', '"$0" "$1" 2>&1', command, tool === 'goodgate' ? '--version' : '-v']);
    return /(\d+\.\d+\.\d+)/.exec(text.toString())?.[1];
  } catch {
    return undefined;
  }
}
