import type { Socket } from 'node:net';
import { cpus, release } from 'node:os';
import { opened, requestText } from './callers.ts';
import { median, rssBytes } from './measure.ts';
import { streamOrigin } from './origins.ts';
import { startPeer } from './peers.ts';
import { stop } from './processes.ts';

export type Held = {
  readonly opened: number;
  readonly whole: number;
  readonly idleBytes: number;
  readonly openBytes: number;
  readonly afterBytes: number;
  readonly bytesPerStream: number;
  /** When the replies that callers may read again are forgotten too; undefined when that was not waited for. */
  readonly forgottenBytes: number | undefined;
};

/** Twice as many sockets in the gateway: the usual limit is 20,000 files. */
export const HELD = 9000;
const HELD_QUICK = 3000;
/** Before idle is measured: code is compiled, pools and buffers are made. */
const WARM_UP = 300;
/** Opened a batch at a time, as a listener's backlog is 511. */
const BATCH = 200;
/** Memory is given back by the collector when it next runs, not when a stream ends. */
const SETTLE_S = 20;
/** Finished replies can be read again for five minutes; after that, and a turn of the collector, nothing is left of them. */
const FORGOTTEN_S = 360;
/** The streams are open, not busy, and the first still runs when the last begins. */
const EVENTS = 12;
const GAP_MS = 5000;
const GAP_QUICK_MS = 2000;

/** `npm run bench -- --held [N]`: the streams of one process, by themselves. Prints a table; with `--json` its numbers. */
export async function held(args: readonly string[], say: (line: string) => void): Promise<string> {
  const asked = Number(args[args.indexOf('--held') + 1]);
  const isQuick = args.includes('--quick');
  const count = Number.isInteger(asked) && asked > 0 ? asked : isQuick ? HELD_QUICK : HELD;
  const found = await heldStreams(count, say, isQuick);
  if (args.includes('--json')) return JSON.stringify(found, undefined, 2);
  const [cpu] = cpus();
  return `${heldTable(found, count)}\n\n${cpu?.model ?? 'unknown'} × ${cpus().length}, Linux ${release()}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}.`;
}

export function heldTable(found: Held, count: number): string {
  const mib = (bytes: number): string => `${(bytes / 1_048_576).toFixed(0)}`;
  const over = (bytes: number): string => `${(((bytes - found.idleBytes) / found.idleBytes) * 100).toFixed(0)} %`;
  const { forgottenBytes } = found;
  return [
    `| ${count} streams | RSS, MiB | |`,
    '|---|--:|---|',
    `| idle, after ${WARM_UP} streams as a warm-up | ${mib(found.idleBytes)} | |`,
    `| open: ${found.opened} at once, of which ${found.whole} ended whole | ${mib(found.openBytes)} | ${(found.bytesPerStream / 1024).toFixed(1)} KiB a stream |`,
    `| ${SETTLE_S} s after the last has ended | ${mib(found.afterBytes)} | ${over(found.afterBytes)} over idle |`,
    ...(forgottenBytes === undefined
      ? []
      : [
          `| ${FORGOTTEN_S / 60} min after: replies can no longer be read again | ${mib(forgottenBytes)} | ${over(forgottenBytes)} over idle |`,
        ]),
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
  if (!isQuick) {
    say(`  waiting ${FORGOTTEN_S / 60} min for what is kept to be forgotten`);
    await pause(FORGOTTEN_S - SETTLE_S);
  }
  const forgottenBytes = isQuick ? undefined : rssBytes(pid);
  for (const child of [peer, origin]) await stop(child.process);
  const bytesPerStream = (openBytes - idleBytes) / count;
  return { opened: begun(), whole, idleBytes, openBytes, afterBytes, bytesPerStream, forgottenBytes };
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
