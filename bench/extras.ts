import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort, start, stop } from '../proof/processes.ts';
import { requestText } from './callers.ts';
import { HELD, heldStreams, heldTable } from './held.ts';
import { median } from './measure.ts';
import { plainOrigin } from './origins.ts';
import { addedLatency } from './pace.ts';
import { goodgateConfig, PATH } from './peers.ts';

type Extras = { readonly text: string; readonly json: Record<string, unknown> };

const STARTS = 5;

/** What is not a ratio: latency added, streams held, memory, start. */
export async function extras(say: (line: string) => void): Promise<Extras> {
  say('  latency at a constant rate');
  const plain = await plainOrigin();
  const added = await addedLatency(plain.port, ['haproxy', 'goodgate']);
  say('  start to first answer');
  const starts: number[] = [];
  for (let i = 0; i < STARTS; i += 1) starts.push(await startToAnswerMs(plain.port));
  await stop(plain.process);
  say(`  ${HELD} streams held`);
  const held = await heldStreams(HELD, say, false);
  const text = [
    '| added latency, ms | callers | rate/s | p50 | p99 |',
    '|---|--:|--:|--:|--:|',
    ...added.map(
      (row) => `| ${row.peer} | ${row.callers} | ${row.ratePerS} | ${row.p50Ms.toFixed(3)} | ${row.p99Ms.toFixed(3)} |`,
    ),
    '',
    `Start to first answer: ${median(starts).toFixed(0)} ms (${Math.min(...starts).toFixed(0)}–${Math.max(...starts).toFixed(0)}).`,
    '',
    heldTable(held, HELD),
  ].join('\n');
  return { text, json: { added, startMs: starts, held } };
}

/** From the start of the command to the last byte of the first answer. */
async function startToAnswerMs(origin: number): Promise<number> {
  const port = await freePort();
  const config = goodgateConfig(origin, port);
  const fromMs = performance.now();
  const child = start(join(import.meta.dirname, '../bin/goodgate'), ['serve', '--config', config]);
  const text = requestText({ name: 'goodgate', port, process: child, path: PATH }, false);
  while (!(await isAnswered(port, text))) await new Promise((fulfil) => setTimeout(fulfil, 2));
  const tookMs = performance.now() - fromMs;
  await stop(child);
  return tookMs;
}

function isAnswered(port: number, request: string): Promise<boolean> {
  return new Promise((fulfil) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.once('error', () => fulfil(false));
    socket.once('data', (bytes: Buffer) => {
      socket.destroy();
      fulfil(bytes.latin1Slice(0, 12) === 'HTTP/1.1 200');
    });
  });
}
