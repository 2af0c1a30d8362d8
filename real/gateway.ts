import { createWriteStream, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ended, start } from './child.ts';
import type { Llama } from './llama.ts';

const root = join(import.meta.dirname, '..');
const readyMsMax = 60_000; // a first run installs

/** The gateway in front of the servers, as a user starts it: `bin/goodgate serve --config FILE`. Resolves with its base URL once it is ready. */
export async function startGateway(llamas: readonly Llama[], folder: string): Promise<string> {
  const [listen, admin] = await freePorts(2);
  const config = join(folder, 'goodgate.yaml');
  writeFileSync(
    config,
    [
      `listen: 127.0.0.1:${listen}`,
      `admin: 127.0.0.1:${admin}`,
      'targets:',
      ...llamas.map((llama) => `  ${llama.name}: { dialect: openai, url: ${llama.url} }`),
      'routes:',
      '  - match: { models: ["*"] }',
      '    pools:',
      `      - { targets: [${llamas.map((llama) => llama.name).join(', ')}], balance: round-robin }`,
      '',
    ].join('\n'),
  );
  const lines: string[] = [];
  createWriteStream(join(folder, 'gateway.log')).end();
  // Its folder is an ignored one: whatever it keeps stays out of the checkout.
  const child = start('sh', [join(root, 'bin', 'goodgate'), 'serve', '--config', config], {
    cwd: folder,
    log: join(folder, 'gateway.log'),
    onLine: (line) => {
      lines.push(line);
      if (lines.length > 20) lines.shift();
    },
  });
  const origin = `http://127.0.0.1:${listen}`;
  const until = Date.now() + readyMsMax;
  let gone: number | string | undefined;
  ended(child).then((end) => {
    gone = end;
  });
  while (Date.now() < until) {
    if (gone !== undefined) throw new Error(`the gateway ended (${gone}) before it was ready: ${wordOf(lines)}`);
    if (await isHealthy(origin)) return `${origin}/v1`;
    await wait(100);
  }
  throw new Error(`the gateway was not ready after ${readyMsMax / 1000} s: ${wordOf(lines)}`);
}

/** The line that says why, where one does; else the last. */
function wordOf(lines: readonly string[]): string {
  return lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? 'it said nothing';
}

async function isHealthy(origin: string): Promise<boolean> {
  try {
    const answer = await fetch(`${origin}/goodgate/health`, { signal: AbortSignal.timeout(1_000) });
    await answer.text();
    return answer.status === 200;
  } catch {
    return false;
  }
}

/** Ports free a moment ago: held together, so that they differ, and let go together. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a listener without a port');
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
