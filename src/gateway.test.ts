/** What only the whole path of a call shows: that the parts which are tested alone are in it, in the right places. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatRequest, field, readStream, staged } from './gateway.testing.ts';

const NO_VALUES = { ms: undefined };

test('with four of five targets broken, whatever breaks them, the fifth answers every call', async () => {
  for (const fault of [
    { word: 'refuse', values: NO_VALUES },
    { word: 'reset-before-head', values: {} },
    {
      word: 'status',
      values: { status: 503, 'retry-after': undefined, 'retry-after-date': undefined, 'retry-after-ms': undefined },
    },
  ] as const) {
    await staged({ targets: 5 }, async ({ upstreams, chat }) => {
      for (const upstream of upstreams.slice(0, 4)) await upstream.setFault(fault);
      for (let n = 0; n < 20; n++) {
        const { status, head } = await chat({});
        assert.equal(status, 200, fault.word);
        assert.equal(field(head, 'goodgate-target'), 'e');
      }
    });
  }
});

test('the hints of a caller hold within bounds, and what was not granted is in the story', async () => {
  await staged({}, async ({ upstreams, chat, get, nowMs }) => {
    for (const upstream of upstreams) await upstream.setFault({ word: 'accept-and-hang', values: {} });
    const fromMs = nowMs();
    const short = await chat({ fields: ['goodgate-deadline-ms: 500'] });
    assert.equal(short.status, 504);
    assert.ok(nowMs() - fromMs < 800, `${nowMs() - fromMs}`);
    for (const upstream of upstreams) await upstream.setFault(undefined);
    const { head } = await chat({ fields: ['goodgate-deadline-ms: 1', 'goodgate-priority: 99'] });
    const story = await get(`/goodgate/why/${field(head, 'x-request-id')}`, ['accept: text/plain']);
    assert.match(story.body, /goodgate-deadline-ms of 1 is out of bounds and taken as 100/);
    assert.match(story.body, /goodgate-priority of 99 is out of bounds and taken as 0/);
  });
});

test('a stream whose target dies is finished by the other, and by the same one where there is no other', async () => {
  for (const targets of [2, 1]) {
    await staged({ targets }, async ({ universe, hosts, chat, sleep }) => {
      const { text: whole } = readStream((await chat({ isStream: true })).body);
      const reply = chat({ isStream: true });
      await sleep(500);
      for (const host of hosts) universe.network.resetAll(host);
      const { text, isWhole } = readStream((await reply).body);
      assert.ok(isWhole);
      assert.equal(text, whole);
    });
  }
});

test('a stream that may not be resumed ends broken, never as a whole one', async () => {
  const broken = async (config: string, fields: readonly string[]) =>
    staged({ config }, async ({ universe, hosts, chat, sleep }) => {
      const reply = chat({ isStream: true, fields });
      await sleep(500);
      for (const host of hosts) universe.network.resetAll(host);
      assert.equal(readStream((await reply).body).isWhole, false);
    });
  await broken('streams: { resume: off }\n', []);
  await broken('retries: { resumes: 0 }\n', []);
  await broken('', ['goodgate-resume: off']);
});

test('when its caller leaves and may not come back, the upstream is cancelled within 100 ms', async () => {
  for (const isStream of [true, false]) {
    await staged({ targets: 1 }, async ({ upstreams, callers, sleep, nowMs }) => {
      const [upstream] = upstreams;
      assert.ok(upstream !== undefined);
      if (!isStream) await upstream.setFault({ word: 'slow-head', values: { ms: 60_000 } });
      const hearer = { open() {}, data() {}, end() {}, drain() {}, close() {} };
      const wire = callers.net.connect({ ip: '10.0.0.1', port: 5020 }, hearer);
      wire.hearer = { ...hearer, open: () => void wire.write(chatRequest({ isStream, words: 1000 })) };
      await sleep(1_000);
      const leftMs = nowMs();
      wire.destroy();
      await sleep(200);
      const [record] = upstream.records;
      assert.equal(record?.fate, 'aborted');
      assert.ok((record?.endMs ?? Number.POSITIVE_INFINITY) - leftMs <= 100, `${(record?.endMs ?? 0) - leftMs}`);
    });
  }
});

test('a caller that lost its connection reads on from where it was, and nobody else does', async () => {
  await staged({ targets: 1 }, async ({ upstreams, chat, get, callers, sleep }) => {
    const { body: whole } = await chat({ isStream: true, fields: ['authorization: Bearer one'] });
    let heard = '';
    const hearer = { open() {}, data() {}, end() {}, drain() {}, close() {} };
    const wire = callers.net.connect({ ip: '10.0.0.1', port: 5020 }, hearer);
    const fields = ['authorization: Bearer one', 'goodgate-replay: ids'];
    wire.hearer = {
      ...hearer,
      open: () => void wire.write(chatRequest({ isStream: true, fields })),
      data: (bytes) => {
        heard += Buffer.from(bytes).toString();
      },
    };
    await sleep(500);
    wire.destroy();
    const id = field(heard.split('\r\n\r\n', 1)[0] ?? '', 'x-request-id');
    const last = [...heard.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1];
    assert.ok(id !== undefined && last !== undefined);
    const path = `/goodgate/calls/${id}/stream`;
    await sleep(5_000);
    const again = await get(path, ['authorization: Bearer one', `last-event-id: ${last}`]);
    assert.equal(again.status, 200);
    const whole2 = readStream(heard).text + readStream(again.body).text;
    assert.equal(whole2, readStream(whole).text);
    assert.ok(readStream(again.body).isWhole);
    assert.equal(upstreams[0]?.records.length, 2);
    const strange = await get(path, ['authorization: Bearer two']);
    assert.equal(strange.status, 404);
    assert.equal((await get(path)).status, 404);
    assert.equal((await get(`/goodgate/calls/${'0'.repeat(32)}/stream`)).status, 404);
    assert.equal((await get(path, ['authorization: Bearer one', 'last-event-id: 99999'])).status, 400);
    assert.equal((await get(path, ['authorization: Bearer one', 'last-event-id: nonsense'])).status, 400);
  });
});

test('the same Idempotency-Key joins the reply that is kept, a second upstream call is not made', async () => {
  await staged({ targets: 1 }, async ({ upstreams, chat }) => {
    const fields = ['idempotency-key: "one"'];
    const first = await chat({ fields });
    const second = await chat({ fields });
    assert.equal(first.body, second.body);
    assert.equal(upstreams[0]?.records.length, 1);
    assert.equal((await chat({ fields, words: 3 })).status, 400);
  });
});

test('plain answers are asked for as streams where the config says so, and come whole', async () => {
  await staged({ targets: 1, config: 'streams: { plain-as-streams: true }\n' }, async ({ upstreams, chat }) => {
    const { status, body, head } = await chat({});
    assert.equal(status, 200);
    assert.match(field(head, 'content-type') ?? '', /json/);
    assert.ok(JSON.parse(body).choices[0].message.content.length > 20);
    assert.equal(upstreams[0]?.records[0]?.isStream, true);
  });
});

test('a conversation too long for one model goes to the pool that the config names for it, once', async () => {
  const config = 'routes:\n  - pools: [{ targets: [a] }]\n    larger-context: { targets: [b], model: long }\n';
  await staged({ config }, async ({ upstreams, chat }) => {
    await upstreams[0]?.setFault({ word: 'context-too-long', values: {} });
    const { status, head } = await chat({});
    assert.equal(status, 200);
    assert.equal(field(head, 'goodgate-target'), 'b');
    assert.equal(upstreams[1]?.records[0]?.model, 'long');
    await upstreams[1]?.setFault({ word: 'context-too-long', values: {} });
    assert.equal((await chat({})).status, 400);
    assert.equal(upstreams[1]?.records.length, 2);
  });
});

test('a hot standby is probed and has connections open before anybody needs it; a broken one rests before a call meets it', async () => {
  const config =
    'routes:\n  - pools:\n      - { targets: [a] }\n      - { targets: [b], redundancy: hot-standby, probe: { interval: 5s } }\n';
  await staged({ config }, async ({ upstreams, admin, sleep }) => {
    const [, b] = upstreams;
    await sleep(60_000);
    const probes = b?.records.filter(({ path }) => path === '/v1/models').length ?? 0;
    assert.ok(probes >= 10 && probes <= 14, `${probes} probes in a minute`);
    assert.ok((b?.counters.connections ?? 0) >= 2);
    await b?.setFault({ word: 'refuse', values: NO_VALUES });
    await sleep(60_000);
    const seats: { target: string; fitness: string }[] = JSON.parse((await admin('GET', '/targets')).body);
    assert.equal(seats.find(({ target }) => target === 'b')?.fitness, 'resting');
  });
});

test('a stream that waits for a free target is told its place', async () => {
  const config = 'overload: { concurrency: 1 }\ntimeouts: { heartbeat: 3s }\n';
  await staged({ targets: 1, config, paceWordsPerS: 4 }, async ({ chat }) => {
    const replies = await Promise.all([chat({ isStream: true }), chat({ isStream: true })]);
    const told = replies.filter(({ body }) => body.includes(': waiting for a free target: place 1'));
    assert.equal(told.length, 1);
    assert.ok(replies.every(({ body }) => readStream(body).isWhole));
  });
});

test('the admin port says what is wrong with what it is asked', async () => {
  await staged({}, async ({ admin }) => {
    const wrongs: readonly (readonly [method: string, path: string, body: string, status: number, told: RegExp])[] = [
      ['POST', '/targets/nobody/rest', '{"forMs":1000}', 404, /nothing here is called \\"nobody\\".*"a"/s],
      ['POST', '/targets/a/rest', '{"forMs":-1}', 400, /forMs/],
      ['POST', '/targets/a/rest', '', 400, /forMs/],
      ['POST', '/targets/a/rest', 'not json', 400, /JSON object/],
      ['PUT', '/targets/a/weight', '{"weight":"heavy"}', 400, /weight/],
      ['PUT', '/targets/a/weight', '{"weight":1e9}', 400, /weight/],
      ['POST', '/targets/a/dance', '', 404, /no \\"POST dance\\"/],
      ['PUT', '/maintenance/targets/nobody', '{}', 404, /nothing here/],
      ['PUT', '/maintenance/targets/a', '{"word":"holiday"}', 400, /maintenance/],
      ['PUT', '/maintenance/targets/a', '{"untilMs":1}', 400, /untilMs/],
      ['PUT', '/maintenance/targets/a', '{"fromMs":"soon"}', 400, /fromMs/],
      ['PUT', '/maintenance/somewhere', '{}', 400, /targets\/NAME/],
      ['PATCH', '/maintenance/gateway', '{}', 405, /PUT/],
      ['DELETE', '/maintenance/gateway', '', 404, /nothing here/],
      ['GET', '/nowhere', '', 404, /POST \/targets\/NAME\/rest/],
      ['GET', '/targets/%E0%A4%A', '', 400, /encoded/],
    ];
    for (const [method, path, body, status, told] of wrongs) {
      const answer = await admin(method, path, body);
      assert.equal(answer.status, status, `${method} ${path}`);
      assert.match(answer.body, told);
    }
  });
});

test('an operator rests, wakes, weighs, drains and maintains targets live, and a reload forgets no maintenance', async () => {
  const config = 'routes:\n  - pools: [{ targets: [a, b], name: both }]\n';
  await staged({ config }, async ({ admin, chat, reload, sleep }) => {
    const answering = async () => {
      const targets = new Set<string | undefined>();
      for (let n = 0; n < 8; n++) targets.add(field((await chat({})).head, 'goodgate-target'));
      return [...targets].sort().join();
    };
    assert.equal(await answering(), 'a,b');
    assert.equal((await admin('POST', '/targets/a/rest', '{"forMs":60000}')).status, 200);
    assert.equal(await answering(), 'b');
    assert.equal((await admin('POST', '/targets/a/wake')).status, 200);
    assert.equal((await admin('PUT', '/targets/b/weight', '{"weight":0}')).status, 200);
    assert.equal(await answering(), 'a');
    assert.equal((await admin('PUT', '/targets/b/weight', '{"weight":1}')).status, 200);
    assert.equal((await admin('PUT', '/maintenance/targets/a', '{"word":"draining"}')).status, 200);
    assert.equal(await answering(), 'b');
    assert.equal((await admin('DELETE', '/maintenance/targets/a')).status, 200);
    const untilMs = Date.UTC(2027, 0, 1);
    const body = JSON.stringify({ untilMs, note: 'moving house' });
    assert.equal((await admin('PUT', '/maintenance/pools/both', body)).status, 200);
    assert.equal((await chat({})).status, 503);
    assert.equal((await admin('DELETE', '/maintenance/pools/both')).status, 200);
    assert.equal((await admin('PUT', '/maintenance/gateway', body)).status, 200);
    await reload('retries: { attempts: 2 }\n');
    await sleep(1_000);
    const refused = await chat({});
    assert.equal(refused.status, 503);
    assert.ok(Number(field(refused.head, 'retry-after')) > 1000);
    assert.deepEqual(JSON.parse((await admin('GET', '/maintenance')).body)[0].scope, 'gateway');
    assert.equal((await admin('DELETE', '/maintenance/gateway')).status, 200);
    assert.equal(await answering(), 'a,b');
  });
});
