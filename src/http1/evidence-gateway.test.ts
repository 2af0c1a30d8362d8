/** Rows B of the failure taxonomy that the engine sees: the gateway itself is what failed, and no service may be blamed for it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { realWorld } from '../world/real.ts';
import { asking, CLOCKS, hearing } from './hearing.testing.ts';
import { rawServer } from './raw-server.testing.ts';
import { signature } from './recipes.testing.ts';
import { createRequester } from './requester.ts';

const world = realWorld();
const HERE = import.meta.dirname;

test('B13 a process without file descriptors blames itself, not the service that it could not reach', async () => {
  const server = await rawServer(world.net, {});
  // In a process of its own, as the limit is a process's; it opens files until there is no room for a socket.
  const script = `
    import { openSync } from 'node:fs';
    const { realWorld } = await import(${JSON.stringify(join(HERE, '..', 'world', 'real.ts'))});
    const { asking, CLOCKS, hearing } = await import(${JSON.stringify(join(HERE, 'hearing.testing.ts'))});
    const { signature } = await import(${JSON.stringify(join(HERE, 'recipes.testing.ts'))});
    const { createRequester } = await import(${JSON.stringify(join(HERE, 'requester.ts'))});
    const heard = hearing();
    const requester = createRequester(realWorld(), {});
    try { for (;;) openSync('/dev/null'); } catch {}
    requester.exchange({ host: '127.0.0.1', port: ${server.port}, isSecure: false }, asking({ clocks: CLOCKS }), heard.receiver);
    await heard.done;
    process.stdout.write(signature(heard.evidence));
    process.exit(0);`;
  const told = execFileSync(
    'sh',
    ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, script],
    {
      encoding: 'utf8',
    },
  );
  await server.close();
  assert.equal(told, 'connect errno EMFILE connect → gateway-exhausted');
});

test('B16 what throws while it hears an answer is the gateway, whatever the service did', async () => {
  const server = await rawServer(world.net, {
    data: ({ wire }) => void wire.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
  });
  const requester = createRequester(world, {});
  const heard = hearing(() => {
    throw new TypeError('a slip');
  });
  requester.exchange(server.origin, asking(), heard.receiver);
  await heard.done;
  requester.close();
  await server.close();
  assert.match(signature(heard.evidence), /^queue errno .*→ gateway-bug$/);
});

test('B23 a clock that runs out while the loop stands still is the gateway, and no service that was given no time', async () => {
  const server = await rawServer(world.net, {
    // Both live in this process: once the request is there, nothing moves until long after its clock.
    data() {
      const untilMs = performance.now() + 2500;
      while (performance.now() < untilMs);
    },
  });
  const requester = createRequester(world, {});
  const heard = hearing();
  requester.exchange(server.origin, asking({ clocks: { ...CLOCKS, headMs: 1000 } }), heard.receiver);
  await heard.done;
  requester.close();
  await server.close();
  assert.equal(signature(heard.evidence), 'wait-head our-timer clock=head written sent → gateway-stalled');
});
