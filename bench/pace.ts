import type { Socket } from 'node:net';
import { stop } from '../proof/processes.ts';
import { opened, requestText } from './callers.ts';
import { quantile } from './measure.ts';
import { PATH, type Peer, startPeer } from './peers.ts';

export type Added = {
  readonly peer: string;
  readonly callers: number;
  readonly ratePerS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

/** Rates far below saturation: what is measured is the path, not a queue. */
const LOADS = [
  { callers: 1, ratePerS: 200 },
  { callers: 64, ratePerS: 2000 },
] as const;
const SECONDS = 5;
/** Before all, at the higher rate: compilers share the cores with what is measured until the code is warm, tens of thousands of calls long. */
const WARM_UP = { callers: 64, ratePerS: 2000, seconds: 15 } as const;

/** Latency through each peer less latency to the origin itself, at a constant rate. */
export async function addedLatency(origin: number, peers: readonly string[]): Promise<Added[]> {
  const direct = { name: 'direct', port: origin, path: PATH } as Peer;
  const rows: Added[] = [];
  const started = await Promise.all(peers.map((name) => startPeer(name, origin)));
  for (const peer of started) await paced(peer, WARM_UP.callers, WARM_UP.ratePerS, WARM_UP.seconds);
  for (const { callers, ratePerS } of LOADS) {
    const base = await paced(direct, callers, ratePerS);
    for (const peer of started) {
      const through = await paced(peer, callers, ratePerS);
      rows.push({
        peer: peer.name,
        callers,
        ratePerS,
        p50Ms: quantile(through, 0.5) - quantile(base, 0.5),
        p99Ms: quantile(through, 0.99) - quantile(base, 0.99),
      });
    }
  }
  for (const peer of started) await stop(peer.process);
  return rows;
}

/** Open loop: each call has its intended start, and its latency counts from there, also when no caller was free to make it. */
async function paced(peer: Peer, callers: number, ratePerS: number, seconds: number = SECONDS): Promise<number[]> {
  const text = requestText(peer, false);
  const free = await Promise.all(Array.from({ length: callers }, () => opened(peer.port)));
  const all = [...free];
  const waiting: number[] = [];
  const latencies: number[] = [];
  const begin = (socket: Socket, intendedMs: number): void => {
    socket.once('data', () => {
      latencies.push(performance.now() - intendedMs);
      const next = waiting.shift();
      if (next === undefined) free.push(socket);
      else begin(socket, next);
    });
    socket.write(text);
  };
  const total = ratePerS * seconds;
  const fromMs = performance.now() + 20;
  for (let made = 0; made < total; ) {
    // Turned without sleeping: timers are a millisecond coarse, three times what is measured.
    await new Promise((fulfil) => setImmediate(fulfil));
    const intendedMs = fromMs + (made * 1000) / ratePerS;
    if (performance.now() < intendedMs) continue;
    made += 1;
    const socket = free.pop();
    if (socket === undefined) waiting.push(intendedMs);
    else begin(socket, intendedMs);
  }
  for (let i = 0; i < 200 && latencies.length < total; i += 1) await new Promise((fulfil) => setTimeout(fulfil, 10));
  for (const socket of all) socket.destroy();
  return latencies;
}
