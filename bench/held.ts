import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { stop } from '../proof/processes.ts';
import { opened, requestText } from './callers.ts';
import { median, rssBytes } from './measure.ts';
import { streamOrigin } from './origins.ts';
import { startPeer } from './peers.ts';

export type Held = {
  readonly opened: number;
  readonly whole: number;
  readonly idleBytes: number;
  readonly openBytes: number;
  readonly afterBytes: number;
  readonly bytesPerStream: number;
};

/** Twice as many sockets in the gateway: the usual limit is 20,000 files. */
export const HELD = 9000;
const HELD_QUICK = 3000;
/** Before idle is measured: code is compiled, pools and buffers are made. */
const WARM_UP = 300;
/** Opened a batch at a time, as a listener's backlog is 511. */
const BATCH = 200;
/** Memory is given back some seconds after a peak has passed, not when a stream ends. */
const SETTLE_S = 20;
/** The streams are open, not busy, and the first still runs when the last begins. */
const EVENTS = 12;
const GAP_MS = 5000;
const GAP_QUICK_MS = 2000;

/** What the page states of a run that it is written from. */
const BYTES_PER_STREAM_MAX = 24_000;
const OVER_IDLE_MAX = 0.1;
const PAGE = join(import.meta.dirname, '..', 'docs', 'reference', 'held-streams.md');

/**
 * `npm run bench -- --held [N]`: the streams of one process, by themselves. Prints a table; with `--json` its numbers; with `--write` it writes
 * docs/reference/held-streams.md.
 */
export async function held(args: readonly string[], say: (line: string) => void): Promise<string> {
  const asked = Number(args[args.indexOf('--held') + 1]);
  const isQuick = args.includes('--quick');
  const count = Number.isInteger(asked) && asked > 0 ? asked : isQuick ? HELD_QUICK : HELD;
  const found = await heldStreams(count, say, isQuick);
  if (args.includes('--json')) return JSON.stringify(found, undefined, 2);
  const [cpu] = cpus();
  const text = `${heldTable(found, count)}\n\n${cpu?.model ?? 'unknown'} × ${cpus().length}, Linux ${release()}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}.`;
  if (args.includes('--write')) writeFileSync(PAGE, pageOf(text, found, count, isQuick));
  return text;
}

function pageOf(text: string, found: Held, count: number, isQuick: boolean): string {
  const isAllOpen = found.opened === count && found.whole === count;
  const isLight = found.bytesPerStream <= BYTES_PER_STREAM_MAX;
  const isBack = found.afterBytes <= found.idleBytes * (1 + OVER_IDLE_MAX);
  const met = (is: boolean): string => (is ? 'met' : 'missed');
  return `<!-- Written by \`npm run bench -- --held ${count}${isQuick ? ' --quick' : ''} --write\`. -->
# Open streams

One process of Goodgate with every default on, a service behind it that streams ${EVENTS} events to each caller, one every ${(isQuick ? GAP_QUICK_MS : GAP_MS) / 1000} s, and callers that
open ${count} streams as fast as they are let in. RSS is what the system holds in memory for the process, as \`/proc\` tells it.

${text}

| bar | |
|---|---|
| all open at once, none dropped | ${met(isAllOpen)} |
| at most ${BYTES_PER_STREAM_MAX / 1000} KB each | ${met(isLight)}: ${(found.bytesPerStream / 1000).toFixed(1)} KB |
| back to within ${OVER_IDLE_MAX * 100} % of idle | ${met(isBack)} |

Each stream is two sockets. What it weighs besides them is the request, kept for as long as it may have to be asked again; what was said so
far, for a caller that loses its connection (\`streams.replay-memory\`) and for a target that goes on from it; and the clocks. The last
2,000 replies are kept for five minutes. After a peak the process collects and gives its memory back (\`src/server/give-back.ts\`).
`;
}

export function heldTable(found: Held, count: number): string {
  const mib = (bytes: number): string => `${(bytes / 1_048_576).toFixed(0)}`;
  const over = (bytes: number): string => `${(((bytes - found.idleBytes) / found.idleBytes) * 100).toFixed(0)} %`;
  return [
    `| ${count} streams | RSS, MiB | |`,
    '|---|--:|---|',
    `| idle, after ${WARM_UP} streams as a warm-up | ${mib(found.idleBytes)} | |`,
    `| open: ${found.opened} at once, of which ${found.whole} ended whole | ${mib(found.openBytes)} | ${(found.bytesPerStream / 1024).toFixed(1)} KiB a stream |`,
    `| ${SETTLE_S} s after the last has ended | ${mib(found.afterBytes)} | ${over(found.afterBytes)} over idle |`,
  ].join('\n');
}

/** Opens streams through Goodgate until all are open at once, then reads each to its end. */
export async function heldStreams(count: number, say: (line: string) => void, isQuick: boolean): Promise<Held> {
  const origin = await streamOrigin(EVENTS, isQuick ? GAP_QUICK_MS : GAP_MS);
  const peer = await startPeer('goodgate', origin.port);
  const pid = peer.process.pid ?? 0;
  const text = requestText(peer, true);
  say('  warming up');
  await Promise.all((await open(peer.port, text, WARM_UP)).streams);
  await pause(SETTLE_S);
  const idleBytes = rssBytes(pid);
  const { streams, begun } = await open(peer.port, text, count);
  for (let i = 0; i < 100 && begun() < count; i += 1) await pause(0.1);
  const samples: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    samples.push(rssBytes(pid));
    await pause(0.5);
  }
  const openBytes = median(samples);
  say(`  ${begun()} streams open`);
  const whole = (await Promise.all(streams)).filter(Boolean).length;
  say(`  ${whole} streams ended whole`);
  await pause(SETTLE_S);
  const afterBytes = rssBytes(pid);
  for (const child of [peer, origin]) await stop(child.process);
  const bytesPerStream = (openBytes - idleBytes) / count;
  return { opened: begun(), whole, idleBytes, openBytes, afterBytes, bytesPerStream };
}

/** Opens so many streams; `streams` say of each whether it came whole. */
async function open(
  port: number,
  text: string,
  count: number,
): Promise<{ readonly streams: Promise<boolean>[]; begun(): number }> {
  const streams: Promise<boolean>[] = [];
  let begun = 0;
  for (let from = 0; from < count; from += BATCH) {
    const size = Math.min(BATCH, count - from);
    const sockets = await Promise.all(Array.from({ length: size }, () => opened(port)));
    for (const socket of sockets) streams.push(readToDone(socket, text, () => (begun += 1)));
  }
  return { streams, begun: () => begun };
}

function readToDone(socket: Socket, request: string, began: () => void): Promise<boolean> {
  return new Promise((fulfil) => {
    let isWhole = false;
    socket.once('data', (bytes: Buffer) => {
      if (bytes.latin1Slice(0, 12) === 'HTTP/1.1 200') began();
    });
    socket.on('data', (bytes: Buffer) => {
      if (!bytes.includes('data: [DONE]')) return;
      isWhole = true;
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => fulfil(isWhole));
    socket.write(request);
  });
}

function pause(seconds: number): Promise<void> {
  return new Promise((fulfil) => setTimeout(fulfil, seconds * 1000));
}
