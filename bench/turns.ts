import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { accepting, freePort, start, stop } from '../proof/processes.ts';
import { plainLoad, streamLoad } from './callers.ts';
import { cpuUs, median, quantile } from './measure.ts';
import { plainOrigin, streamOrigin } from './origins.ts';
import { goodgateConfig, PATH, type Peer, startPeer } from './peers.ts';

/**
 * Whether a change made it faster: sides take turns of a second each, so that a slow moment of the machine meets them all, and each round gives
 * one ratio. A side is a peer of the bench (`haproxy`, `floor`, …), or a checkout:
 * `npm run bench:turns -- haproxy ../before .`. Ratios are to the first side. `--stream` measures events, `--rounds=N` as many rounds.
 */
const isStream = process.argv.includes('--stream');
const rounds = Number(process.argv.find((arg) => arg.startsWith('--rounds='))?.slice(9) ?? 15);
const sides = process.argv.slice(2).filter((arg) => !/^--(?:stream$|rounds=)/.test(arg));
if (sides.length < 2 || !Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write('usage: npm run bench:turns -- [--stream] [--rounds=N] SIDE SIDE…, each a peer or a checkout\n');
  process.exit(2);
}

const CONNECTIONS = 64;
const STREAMS = 100;
/** After it the code is compiled: see `WARM_S` of run.ts. */
const WARM_S = 8;
const WARM_STREAMS = 500;

async function begin(side: string, origin: number): Promise<Peer> {
  const launcher = join(resolve(side), 'bin/goodgate');
  if (!existsSync(launcher)) return startPeer(side, origin);
  const port = await freePort();
  const child = start(launcher, ['serve', '--config', goodgateConfig(origin, port)]);
  await accepting(port);
  return { name: side, port, process: child, path: PATH };
}

async function load(peer: Peer, isWarmUp: boolean): Promise<number> {
  if (!isStream) return plainLoad(peer, CONNECTIONS, isWarmUp ? WARM_S : 1);
  return (await streamLoad(peer, isWarmUp ? WARM_STREAMS : STREAMS)).events;
}

async function cost(peer: Peer, isWarmUp: boolean): Promise<number> {
  const pid = peer.process.pid ?? 0;
  const before = cpuUs(pid);
  const units = await load(peer, isWarmUp);
  return (cpuUs(pid) - before) / units;
}

const origin = await (isStream ? streamOrigin(110, 10) : plainOrigin());
const peers: Peer[] = [];
for (const side of sides) peers.push(await begin(side, origin.port));
for (const peer of peers) await cost(peer, true);
const costs: number[][] = peers.map(() => []);
for (let round = 0; round < rounds; round += 1) {
  for (const [at, peer] of peers.entries()) costs[at]?.push(await cost(peer, false));
}
const first = costs[0] ?? [];
for (const [at, peer] of peers.entries()) {
  const values = costs[at] ?? [];
  const ratios = values.map((value, round) => value / (first[round] ?? Number.NaN));
  const parts = [
    `${median(values).toFixed(1)} µs`,
    `least ${Math.min(...values).toFixed(1)}`,
    `× ${median(ratios).toFixed(3)}`,
    `(${quantile(ratios, 0.25).toFixed(3)} to ${quantile(ratios, 0.75).toFixed(3)})`,
  ];
  process.stdout.write(`${parts.join('  ')}  ${peer.name}\n`);
}
for (const peer of peers) await stop(peer.process);
await stop(origin.process);
