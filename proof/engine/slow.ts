/**
 * `npm run test:engine -- slow`: slowhttptest against the gateway in its three modes, with more connections than the gateway takes. No more than the
 * configured connections may be held, and a caller that behaves must get every answer. Writes docs/reference/slow-clients.md.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { accepting, freePort, isInstalled, pause, start, stop } from '../processes.ts';
import { gateway, machine, writePage } from './gate.ts';

const CONNECTIONS = 400;
/** What may stand beside them for a moment: those that are answered 503, until that has left. */
const REFUSED_MAX = 64;
const ATTACKERS = 6000;
const ATTACKERS_PER_S = 300;
const SECONDS = 20;
const CALLS_PER_S = 10;

const MODES = [
  { name: 'slow head (slowloris)', args: ['-H', '-i', '2'], path: '/file' },
  { name: 'slow body', args: ['-B', '-i', '2', '-s', '65536', '-t', 'POST'], path: '/file' },
  {
    name: 'slow read',
    args: ['-X', '-i', '2', '-n', '2', '-w', '16', '-y', '64', '-z', '8'],
    path: '/large',
  },
] as const;

if (!(await isInstalled('slowhttptest', ['-h']))) {
  console.error('slow: slowhttptest is not installed; on Debian: apt-get install slowhttptest');
  process.exit(2);
}

const servicePort = await freePort();
const service = start(process.execPath, [join(import.meta.dirname, 'file-service.ts'), String(servicePort)]);

type Result = { name: string; held: number; calls: number; good: number; p99Ms: number; worstMs: number };

/** The connections that a process holds on its port, as the kernel has them: those that still wait to be accepted are no file of anybody's. */
function held(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, address, , state, , , , , , inode]) => address?.endsWith(local) && state === '01' && inode !== '0')
    .length;
}

/** One call on a connection of its own; the time to its whole answer, undefined when there was none. */
function call(port: number): Promise<number | undefined> {
  return new Promise((fulfil) => {
    const fromMs = performance.now();
    let heard = '';
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('connect', () => socket.write('GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'));
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      const isGood = heard.startsWith('HTTP/1.1 200') && heard.endsWith('ok');
      fulfil(isGood ? performance.now() - fromMs : undefined);
    });
    setTimeout(() => socket.destroy(), 10_000).unref();
  });
}

async function attack({ name, args, path }: (typeof MODES)[number]): Promise<Result> {
  const gate = await gateway(`limits: { connections: ${CONNECTIONS} }
timeouts: { caller-head: 5s, caller-body: 5s, caller-write: 5s }
targets: { a: { dialect: openai, url: "http://127.0.0.1:${servicePort}/v1", key: k } }`);
  await call(gate.port);
  const url = `http://127.0.0.1:${gate.port}${path}`;
  const common = ['-c', String(ATTACKERS), '-r', String(ATTACKERS_PER_S), '-l', String(SECONDS), '-v', '0', '-p', '3'];
  const attacker = start('slowhttptest', [...args, ...common, '-u', url], {}, 'dropped');
  let isOver = false;
  attacker.on('exit', () => {
    isOver = true;
  });
  let most = 0;
  const times: Promise<number | undefined>[] = [];
  for (let i = 0; !isOver && i < SECONDS * CALLS_PER_S; i += 1) {
    times.push(call(gate.port));
    // Once a second: the kernel walks all of its tables for it.
    if (i % CALLS_PER_S === 0) most = Math.max(most, held(gate.port));
    await pause(1000 / CALLS_PER_S);
  }
  const done = await Promise.all(times);
  await stop(attacker);
  await stop(gate.process);
  const good = done.filter((ms) => ms !== undefined).sort((a, b) => a - b);
  return {
    name,
    held: most,
    calls: done.length,
    good: good.length,
    p99Ms: good[Math.floor(good.length * 0.99)] ?? Number.NaN,
    worstMs: good.at(-1) ?? Number.NaN,
  };
}

await accepting(servicePort);
const results: Result[] = [];
for (const mode of MODES) {
  results.push(await attack(mode));
  console.log(`slow: ${JSON.stringify(results.at(-1))}`);
}
await stop(service);
const table = [
  '| attack | connections held at most | well-behaved calls | answered | p99, ms | slowest, ms |',
  '|---|--:|--:|--:|--:|--:|',
  ...results.map(
    ({ name, held, calls, good, p99Ms, worstMs }) =>
      `| ${name} | ${held} | ${calls} | ${good} | ${p99Ms.toFixed(0)} | ${worstMs.toFixed(0)} |`,
  ),
].join('\n');
console.log(table);
const isGood = results.every(
  ({ held, calls, good }) => good === calls && calls > 0 && held <= CONNECTIONS + REFUSED_MAX,
);
if (isGood) {
  writePage(
    'slow-clients.md',
    `<!-- Written by \`npm run test:engine -- slow\`. -->
# Slow clients

\`slowhttptest\` opens ${ATTACKERS_PER_S} connections a second, at most ${ATTACKERS} at once, against a gateway that takes ${CONNECTIONS} (\`limits: { connections: ${CONNECTIONS} }\`,
caller clocks of 5 s), for ${SECONDS} s in each mode; slow readers ask for a file of 1 MiB. Beside it a well-behaved caller makes ${CALLS_PER_S} calls a
second, each on a connection of its own. Attacker, service, caller and gateway share one machine of ${cpus().length} cores.

${table}

${machine()}.

*Held* are established connections that the gateway has accepted. A few above the limit are newcomers at the moment in which they are answered
503 or somebody gives way to them.

When all places are taken, a newcomer gets that of the oldest connection that only holds one: on which no request is under way, or whose
request or answer crawls at less than 500 bytes a second. When there is none, that of the oldest file that has been fetched for a second or
more; streams of events and answers of a usual size are never cut for a newcomer. Only when there is no such either is the newcomer answered 503.
What all files together may read in one turn of the loop is bounded, so that newcomers are let in at the same pace whoever fetches what.`,
  );
}
process.exit(isGood ? 0 : 1);
