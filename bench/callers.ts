import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { output, scratchFile } from '../proof/processes.ts';
import type { Peer } from './peers.ts';

/** 1 KB in, as a short conversation. */
export function requestBody(isStream: boolean): string {
  const content = 'Why is the sky blue? '.repeat(43);
  return JSON.stringify({ model: 'bench', stream: isStream, messages: [{ role: 'user', content }] });
}

export function requestText(peer: Peer, isStream: boolean): string {
  const body = requestBody(isStream);
  return `POST ${peer.path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nauthorization: Bearer bench\r\nx-portkey-provider: openai\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** Closed-loop load by wrk; returns calls done. Ceilings and CPU per call only: latencies of a closed loop mean nothing. */
export async function plainLoad(peer: Peer, connections: number, seconds: number): Promise<number> {
  const script = scratchFile(
    'post.lua',
    `wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer bench"
wrk.body = [[${requestBody(false)}]]
`,
  );
  const url = `http://127.0.0.1:${peer.port}${peer.path}`;
  const text = await output('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url]);
  const bad = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  const failed = /Socket errors: (.*)/.exec(text)?.[1];
  if (bad > 0 || failed !== undefined)
    throw new Error(`${peer.name}: ${bad} bad answers, socket errors: ${failed ?? 'none'}`);
  return Number(/(\d+) requests in/.exec(text)?.[1] ?? 0);
}

/** What streams brought. `lateMs`: of each event of the first stream, from when the origin had it until its caller had it. */
export type StreamTally = { readonly events: number; readonly whole: number; readonly lateMs: readonly number[] };

/** Opens streams at once and reads each to its `[DONE]`. */
export async function streamLoad(peer: Peer, streams: number): Promise<StreamTally> {
  const text = requestText(peer, true);
  const tallies = await Promise.all(
    Array.from({ length: streams }, async (_, nth) => {
      const socket = await opened(peer.port);
      return readStream(socket, text, nth === 0);
    }),
  );
  return {
    events: tallies.reduce((sum, tally) => sum + tally.events, 0),
    whole: tallies.reduce((sum, tally) => sum + tally.whole, 0),
    lateMs: tallies[0]?.lateMs ?? [],
  };
}

export async function opened(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

function readStream(socket: Socket, request: string, isTimed: boolean): Promise<StreamTally> {
  return new Promise((fulfil) => {
    const lateMs: number[] = [];
    let events = 0;
    let tail = '';
    let isWhole = false;
    socket.on('data', (bytes: Buffer) => {
      const text = tail + bytes.latin1Slice();
      if (isTimed) lateMs.push(...lateness(bytes));
      for (let at = text.indexOf('data: {', 0); at !== -1; at = text.indexOf('data: {', at + 7)) events += 1;
      if (text.includes('data: [DONE]')) {
        isWhole = true;
        socket.destroy();
      }
      // An event cut by a read is counted when its beginning is seen whole, once.
      tail = text.slice(-6).replace(/.*data: \{/, '');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => fulfil({ events, whole: isWhole ? 1 : 0, lateMs }));
    socket.write(request);
  });
}

/** Of the events that begin and end in one read; those that a read cuts are few. */
function lateness(bytes: Buffer): number[] {
  const nowUs = Number(process.hrtime.bigint() / 1000n);
  return Array.from(bytes.latin1Slice().matchAll(/written-at (\d+)"/g), ([, atUs]) => (nowUs - Number(atUs)) / 1000);
}
