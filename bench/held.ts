import type { Socket } from 'node:net';
import { opened, requestText } from './callers.ts';
import { median, rssBytes } from './measure.ts';
import { startPeer } from './peers.ts';
import { stop } from './processes.ts';

export type Held = {
  readonly opened: number;
  readonly whole: number;
  readonly idleBytes: number;
  readonly openBytes: number;
  readonly afterBytes: number;
  readonly bytesPerStream: number;
};

/** Opened a batch at a time, as a listener's backlog is 511. */
const BATCH = 200;
/** Memory is given back by the collector when it next runs, not when a stream ends. */
const SETTLE_S = 20;

/** Opens streams through Goodgate until all are open at once, then reads each to its end. */
export async function heldStreams(origin: number, count: number, say: (line: string) => void): Promise<Held> {
  const peer = await startPeer('goodgate', origin);
  const pid = peer.process.pid ?? 0;
  const text = requestText(peer, true);
  await pause(2);
  const idleBytes = rssBytes(pid);
  const streams: Promise<boolean>[] = [];
  let begun = 0;
  for (let from = 0; from < count; from += BATCH) {
    const size = Math.min(BATCH, count - from);
    const sockets = await Promise.all(Array.from({ length: size }, () => opened(peer.port)));
    for (const socket of sockets) streams.push(readToDone(socket, text, () => (begun += 1)));
  }
  for (let i = 0; i < 100 && begun < count; i += 1) await pause(0.1);
  const samples: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    samples.push(rssBytes(pid));
    await pause(0.5);
  }
  const openBytes = median(samples);
  say(`  ${begun} streams open`);
  const whole = (await Promise.all(streams)).filter(Boolean).length;
  await pause(SETTLE_S);
  const afterBytes = rssBytes(pid);
  await stop(peer.process);
  return { opened: begun, whole, idleBytes, openBytes, afterBytes, bytesPerStream: (openBytes - idleBytes) / count };
}

function readToDone(socket: Socket, request: string, began: () => void): Promise<boolean> {
  return new Promise((fulfil) => {
    let isWhole = false;
    socket.once('data', began);
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
