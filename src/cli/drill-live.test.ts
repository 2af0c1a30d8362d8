import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SCENARIOS } from '../drill/scenarios.ts';
import { realWorld } from '../world/real.ts';
import { type LiveOptions, liveDrill } from './drill-live.ts';

const USAGE = 2;
const folder = mkdtempSync(join(tmpdir(), 'goodgate-live-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What a drill says against a gateway whose admin port tells of one target on a strange machine; `isUp` false: nobody is there. */
async function said(options: LiveOptions, isUp = true): Promise<{ code: number; text: string }> {
  const world = realWorld();
  const body = JSON.stringify([{ pool: 'p', target: 'far', host: 'api.example.com', port: 443, fitness: 'serving' }]);
  const answer = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`;
  const listener = await world.net.listen({ address: { ip: '127.0.0.1', port: 0 } }, (wire) => ({
    open() {},
    data() {
      wire.write(answer);
      wire.end();
    },
    end() {},
    drain() {},
    close() {},
  }));
  const port = 'port' in listener.address ? listener.address.port : 0;
  if (!isUp) await listener.close();
  const config = join(folder, 'goodgate.yaml');
  writeFileSync(config, `admin: 127.0.0.1:${port}\n`);
  const lines: string[] = [];
  const code = await liveDrill(world, config, SCENARIOS.slice(0, 1), options, (line) => void lines.push(line));
  if (isUp) await listener.close();
  return { code, text: lines.join('\n') };
}

test('a target that is no sandbox and not on this machine is refused, with what to do', async () => {
  const { code, text } = await said({});
  assert.equal(code, USAGE);
  assert.match(text, /far is no sandbox and not on this machine: a drill would send real calls there/);
  assert.match(text, /use --shadow .* or say both --real-targets and --real-costs/);
});

test('to be told once is not enough', async () => {
  for (const options of [{ realTargets: true }, { realCosts: true }]) {
    const { code, text } = await said(options);
    assert.equal(code, USAGE);
    assert.match(text, /say both/);
  }
});

test('told twice it is not refused for that, but nothing can be made to fail there', async () => {
  const { code, text } = await said({ realTargets: true, realCosts: true });
  assert.equal(code, USAGE);
  assert.match(text, /none of the targets is a sandbox, so nothing can be made to fail; use --shadow/);
});

test('where no gateway runs, it says how to start one', async () => {
  const { code, text } = await said({}, false);
  assert.equal(code, USAGE);
  assert.match(
    text,
    /no gateway answers at its admin address 127\.0\.0\.1:\d+; start it with "goodgate serve --config /,
  );
});
