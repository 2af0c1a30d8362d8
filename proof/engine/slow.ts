/**
 * `npm run test:engine -- slow`: slowhttptest against the gateway in its three modes, with more connections than the gateway takes. No more than the
 * configured connections may be held, and a caller that behaves must get every answer. Writes docs/reference/slow-clients.md.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { accepting, gateway, machine, output, pause, start, stop, writePage } from './gate.ts';

const CONNECTIONS = 400;
/** What may stand beside them for a moment: those over the limit that are answered 503, and closed ones that linger. */
const TURNED_AWAY_MAX = 256;
const ATTACKERS = 1000;
const ATTACKERS_PER_S = 100;
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

if ((await output('slowhttptest', ['-h'])) === undefined) {
  console.error('slow: slowhttptest is not installed; on Debian: apt-get install slowhttptest');
  process.exit(2);
}

const LARGE = Buffer.alloc(262_144, 'x');
const service = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    const body = bytes.includes(' /large ') ? LARGE : 'ok';
    socket.write(`HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\n\r\n`);
    socket.write(body);
  });
}).listen(0, '127.0.0.1');
await once(service, 'listening');
const address = service.address();
const servicePort = typeof address === 'object' && address !== null ? address.port : 0;

type Result = { name: string; held: number; calls: number; good: number; p99Ms: number; worstMs: number };

/** Sockets of a listening port that are connected, as the kernel has them. */
function established(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .filter((line) => line.trim().split(/\s+/)[1]?.endsWith(local) && line.trim().split(/\s+/)[3] === '01').length;
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
  const attacker = start('slowhttptest', [...args, ...common, '-u', url]);
  let isOver = false;
  attacker.on('exit', () => {
    isOver = true;
  });
  let held = 0;
  const times: Promise<number | undefined>[] = [];
  for (let i = 0; !isOver && i < SECONDS * CALLS_PER_S; i += 1) {
    times.push(call(gate.port));
    held = Math.max(held, established(gate.port));
    await pause(1000 / CALLS_PER_S);
  }
  const done = await Promise.all(times);
  await stop(attacker);
  await stop(gate.process);
  const good = done.filter((ms) => ms !== undefined).sort((a, b) => a - b);
  return {
    name,
    held,
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
service.close();
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
  ({ held, calls, good }) => good === calls && calls > 0 && held <= CONNECTIONS + TURNED_AWAY_MAX,
);
if (isGood) {
  writePage(
    'slow-clients.md',
    `<!-- Written by \`npm run test:engine -- slow\`. -->
# Slow clients

\`slowhttptest\` opens ${ATTACKERS} connections, ${ATTACKERS_PER_S} a second, against a gateway that takes ${CONNECTIONS} (\`limits: { connections: ${CONNECTIONS} }\`, caller clocks of
5 s), for ${SECONDS} s in each mode. Beside it a well-behaved caller makes ${CALLS_PER_S} calls a second, each on a connection of its own.

${table}

${machine()}.

When all places are taken, a newcomer gets that of the oldest connection that only holds one: on which no request is under way, or whose
request or answer crawls at less than 500 bytes a second. Only when there is none is the newcomer answered 503; up to ${TURNED_AWAY_MAX} such refusals
may stand beside the configured connections while they are read to their end.`,
  );
}
process.exit(isGood ? 0 : 1);
