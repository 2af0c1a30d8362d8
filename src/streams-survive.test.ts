/** Thousands of streams through the whole gateway in a simulated world, when a target dies under them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { rawExchange } from './drill/raw-client.ts';
import { Universe } from './drill/sim/universe.ts';
import { startUpstream, type Upstream } from './drill/upstream.ts';
import { chatRequest, staged } from './gateway.testing.ts';
import { serve } from './serve.ts';
import { realWorld } from './world/real.ts';

const STREAMS = 2_000;
const WORDS = 30;
/** Nine of ten are at the one that dies. */
const DYING = STREAMS * 0.9;
/** A word in two seconds: the streams are a minute long. */
const PACE_WORDS_PER_S = 0.5;
const GATEWAY = { ip: '10.0.0.1', port: 5020 };
const PATIENCE = { firstMs: 600_000, quietMs: 600_000 };

const BODY = JSON.stringify({
  model: 'm',
  stream: true,
  max_tokens: WORDS,
  messages: [{ role: 'user', content: 'Tell a long story.' }],
});
const REQUEST = `POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;

/** What a reader of the stream has read; undefined when it does not end as a whole one. */
function textOf(reply: string): string | undefined {
  if (!reply.includes('data: [DONE]')) return undefined;
  const texts = [...reply.matchAll(/"content":"((?:\\.|[^"\\])*)"/g)].map(([, text]) => text);
  return texts.join('');
}

const times = ({ records }: Upstream): number[] => records.map(({ startMs }) => startMs);

/** The most in any ten seconds. */
function mostInTenSeconds(at: readonly number[]): number {
  const sorted = [...at].sort((one, other) => one - other);
  let from = 0;
  let most = 0;
  for (let i = 0; i < sorted.length; i++) {
    while ((sorted[from] ?? 0) <= (sorted[i] ?? 0) - 10_000) from += 1;
    most = Math.max(most, i - from + 1);
  }
  return most;
}

test(`${STREAMS} streams are open when one of two targets is killed: every one is completed by the other, within the budget`, async () => {
  const universe = new Universe('streams');
  const real = realWorld();
  let isOver = false;
  const play = async (): Promise<void> => {
    const { world } = universe.host('gateway', GATEWAY.ip);
    const stations = [];
    for (const [nth, name] of ['a', 'b'].entries()) {
      const ip = `10.1.0.${nth + 1}`;
      const { host, world: own } = universe.host(name, ip);
      const paceWordsPerS = PACE_WORDS_PER_S;
      const address = { ip, port: 8080 };
      const upstream = await startUpstream(own, { name, voice: 'one', address, paceWordsPerS, recordsMax: 100_000 });
      stations.push({ host, upstream, url: `http://${ip}:8080/v1` });
    }
    const [a, b] = stations;
    assert.ok(a !== undefined && b !== undefined);
    const config = `listen: 10.0.0.1:5020\nlog: { level: off }\ntargets:\n  a: { dialect: openai, url: "${a.url}" }\n  b: { dialect: openai, url: "${b.url}" }\nroutes:\n  - pools: [{ targets: [a, b], weights: { a: 9 } }]\n`;
    await world.files.write('goodgate.yaml', config);
    const serving = await serve(world, { config: 'goodgate.yaml', say: () => undefined });
    const { world: callers } = universe.host('callers', '10.9.0.1');
    const sleep = (ms: number) => new Promise<void>((done) => void callers.timers.after(ms, done));
    const replies: ReturnType<typeof rawExchange>[] = [];
    for (let n = 0; n < STREAMS; n++) {
      replies.push(rawExchange(callers, GATEWAY, REQUEST, PATIENCE));
      // A hundred a second.
      if (n % 10 === 9) await sleep(100);
    }
    await sleep(15_000);
    assert.equal(times(a.upstream).length + times(b.upstream).length, STREAMS);
    const killedMs = callers.clock.now();
    await a.upstream.setFault({ word: 'refuse', values: { ms: undefined } });
    universe.network.resetAll(a.host);
    const texts = (await Promise.all(replies)).map(({ text }) => textOf(text));
    const [whole] = texts;
    assert.ok(whole !== undefined && whole.length > WORDS);
    assert.equal(texts.filter((text) => text === whole).length, STREAMS);
    const further = times(b.upstream).filter((at) => at >= killedMs);
    assert.equal(further.length, DYING);
    // P4: nobody calls any more, so that only the floor is left to pay, ten a second.
    assert.ok(mostInTenSeconds(further) <= 111 + 0.2 * STREAMS, `${mostInTenSeconds(further)} in ten seconds`);
    await serving.stop();
    await Promise.all(stations.map(({ upstream }) => upstream.close()));
  };
  const playing = play().finally(() => {
    isOver = true;
  });
  playing.catch(() => undefined);
  assert.equal(await universe.run(real.timers, () => isOver, 3_600_000), 'done');
  await playing;
  assert.deepEqual(universe.strangers, []);
});

test('streams that a dying target leaves to the other one take no memory with them: after four rounds no more than after two', async () => {
  const heapAfter: number[] = [];
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  await staged({ targets: 2, paceWordsPerS: 2 }, async ({ upstreams, hosts, universe, callers, sleep }) => {
    const [dying] = upstreams;
    const [host] = hosts;
    assert.ok(dying !== undefined && host !== undefined);
    for (let round = 0; round < 4; round++) {
      const replies = Array.from({ length: 400 }, () =>
        rawExchange(callers, GATEWAY, chatRequest({ isStream: true, words: 20 }), PATIENCE),
      );
      await sleep(4_000);
      await dying.setFault({ word: 'refuse', values: { ms: undefined } });
      universe.network.resetAll(host);
      const texts = (await Promise.all(replies)).map(({ text }) => textOf(text));
      assert.equal(new Set(texts).size, 1, 'every stream is whole');
      await dying.setFault(undefined);
      for (const upstream of upstreams) upstream.forget();
      // Beyond all that is kept for a while: journals, rests, windows.
      await sleep(600_000);
      collect();
      heapAfter.push(process.memoryUsage().heapUsed);
    }
  });
  const [, second = 0, , fourth = 0] = heapAfter;
  assert.ok(fourth - second < 524_288, heapAfter.join());
});
