import { cpus, release } from 'node:os';
import { output, stop } from '../proof/processes.ts';
import { plainLoad, streamLoad } from './callers.ts';
import { apart, place } from './cores.ts';
import { extras } from './extras.ts';
import { held } from './held.ts';
import { cpuUs, median, quantile } from './measure.ts';
import { plainOrigin, streamOrigin } from './origins.ts';
import { HAPROXY_MERGING, startPeer } from './peers.ts';

/**
 * Side by side on this machine in this run: CPU microseconds of each proxy per plain call and per streamed event, as ratios to HAProxy's.
 * CPU time is used because other work on the machine changes it far less than it changes latency. Peers take turns within each round, so that a
 * slow moment of the machine meets them all. `--held [N]` measures only the memory of N streams open at once (9,000; 3,000 with `--quick`);
 * `--apart` gives each proxy a core to itself and the load the others; else the scheduler chooses who shares one.
 */
const isQuick = process.argv.includes('--quick');
const isJson = process.argv.includes('--json');
const only = process.argv
  .find((arg) => arg.startsWith('--only='))
  ?.slice(7)
  .split(',');

const PEERS = isQuick
  ? ['haproxy', 'floor', 'goodgate']
  : ['haproxy', HAPROXY_MERGING, 'nginx', 'floor', 'goodgate', 'node:http + undici', '@fastify/http-proxy', 'portkey'];
const ROUNDS = isQuick ? 3 : 5;
/** Long enough for 20,000 calls in a round. */
const PLAIN_S = isQuick ? 2 : 4;
const CONNECTIONS = 64;
const STREAMS = 100;
const EVENTS = isQuick ? 110 : 500;
/**
 * Compilers work beside what is measured until the code is warm: tens of thousands of calls or events, where native code needs none. A day has no
 * such beginning, so rounds begin after it: longer loads, and 100,000 events or more.
 */
const isNative = (name: string): boolean => name.startsWith('haproxy') || name === 'nginx';
const WARM_S = isQuick ? 3 : 8;
const WARM_STREAMS = isQuick ? 900 : 300;
const GAP_MS = 10;

/** `lateMs` where it was asked for: how late events came. */
type Row = {
  readonly peer: string;
  readonly values: number[];
  readonly lateMs?: { readonly p50: number; readonly p99: number };
};

/** Progress goes to stderr, the result to stdout. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function wanted(names: readonly string[]): string[] {
  return names.filter((name) => only === undefined || only.includes(name));
}

/** One load on every peer, round after round; returns microseconds of CPU per unit. */
async function compare(
  what: string,
  origin: number,
  peers: readonly string[],
  load: (peer: Awaited<ReturnType<typeof startPeer>>, isWarmUp: boolean) => Promise<number>,
): Promise<Row[]> {
  const started = [];
  for (const name of peers) {
    const peer = await startPeer(name, origin);
    if (cores !== undefined) await place(peer.process.pid ?? 0, cores.proxy);
    started.push(peer);
  }
  const rows: Row[] = started.map((peer) => ({ peer: peer.name, values: [] }));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [at, peer] of started.entries()) {
      const pid = peer.process.pid ?? 0;
      const before = cpuUs(pid);
      const units = await load(peer, round === 0);
      const us = (cpuUs(pid) - before) / units;
      // The first round warms caches, pools and the JIT.
      if (round > 0) rows[at]?.values.push(us);
      say(`  ${what}, round ${round === 0 ? 'warm-up' : `${round}/${ROUNDS}`}: ${peer.name} ${us.toFixed(1)} µs`);
    }
  }
  for (const peer of started) await stop(peer.process);
  return rows;
}

async function plain(): Promise<Row[]> {
  const origin = await plainOrigin();
  const rows = await compare(
    'plain call',
    origin.port,
    wanted(PEERS.filter((name) => name !== 'portkey' && name !== HAPROXY_MERGING)),
    (peer, isWarmUp) => plainLoad(peer, CONNECTIONS, isWarmUp ? (isNative(peer.name) ? 1 : WARM_S) : PLAIN_S),
  );
  await stop(origin.process);
  return rows;
}

async function streamed(): Promise<Row[]> {
  const origin = await streamOrigin(EVENTS, GAP_MS);
  const peers = wanted(PEERS.filter((name) => !name.startsWith('@') && name !== 'portkey'));
  const lateMs = new Map<string, number[]>(peers.map((name) => [name, []]));
  const rows = await compare('streamed event', origin.port, peers, async (peer, isWarmUp) => {
    const streams = isWarmUp && !isNative(peer.name) ? WARM_STREAMS : STREAMS;
    const tally = await streamLoad(peer, streams);
    if (tally.whole !== streams) throw new Error(`${peer.name}: only ${tally.whole} of ${streams} streams were whole`);
    if (!isWarmUp) lateMs.get(peer.name)?.push(...tally.lateMs);
    return tally.events;
  });
  await stop(origin.process);
  return rows.map((row) => {
    const late = lateMs.get(row.peer) ?? [];
    return { ...row, lateMs: { p50: quantile(late, 0.5), p99: quantile(late, 0.99) } };
  });
}

function table(title: string, rows: readonly Row[]): string {
  const base = median(rows.find((row) => row.peer === 'haproxy')?.values ?? []);
  const floor = median(rows.find((row) => row.peer === 'floor')?.values ?? []);
  const isTimed = rows.some(({ lateMs }) => lateMs !== undefined);
  const lines = rows.map(({ peer, values, lateMs }) => {
    const middle = median(values);
    const spread = `${Math.min(...values).toFixed(1)}–${Math.max(...values).toFixed(1)}`;
    return `| ${peer} | ${middle.toFixed(1)} | ${spread} | ${(middle / base).toFixed(2)} | ${(middle / floor).toFixed(2)} |${lateMs === undefined ? '' : ` ${lateMs.p50.toFixed(1)} / ${lateMs.p99.toFixed(1)} |`}`;
  });
  const head = `| ${title} | µs CPU | spread | × HAProxy | × floor |${isTimed ? ' late, ms, p50 / p99 |' : ''}`;
  return [head, `|---|--:|--:|--:|--:|${isTimed ? '--:|' : ''}`, ...lines].join('\n');
}

async function versions(): Promise<string> {
  const haproxy = /HAProxy version (\S+)/.exec(await output('haproxy', ['-v']))?.[1];
  const nginx = /nginx\/(\S+)/.exec(await output('nginx', ['-v']))?.[1];
  const [cpu] = cpus();
  const where =
    cores === undefined
      ? 'each proxy shares the cores with the load'
      : 'each proxy has a core to itself, the load the others';
  return `${cpu?.model ?? 'unknown'} × ${cpus().length}, Linux ${release()}; Node ${process.version}, HAProxy ${haproxy} (one thread), nginx ${nginx} (one worker); ${where}`;
}

if (process.argv.includes('--held')) {
  process.stdout.write(`${await held(process.argv, say)}\n`);
  process.exit(0);
}

const cores = process.argv.includes('--apart') ? await apart() : undefined;
const machine = await versions();
const plainRows = await plain();
const streamRows = await streamed();
// What follows is latency and memory, where all cores are everybody's.
if (cores !== undefined) await place(process.pid, cores.all);
const more = isQuick ? undefined : await extras(say);
if (isJson) {
  process.stdout.write(
    `${JSON.stringify({ machine, plain: plainRows, streamed: streamRows, ...more?.json }, undefined, 2)}\n`,
  );
} else {
  const parts = [machine, table('plain call, 1 KB in, 0.3 KB out', plainRows), table('streamed event', streamRows)];
  if (more !== undefined) parts.push(more.text);
  process.stdout.write(`${parts.join('\n\n')}\n`);
}
