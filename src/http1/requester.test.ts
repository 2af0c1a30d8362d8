import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realWorld } from '../world/real.ts';
import type { BodyOut, Origin } from './contract.ts';
import { asking, hearing } from './hearing.testing.ts';
import { playedWorld } from './played-world.testing.ts';
import { answering, type RawScript, type RawServer, rawServer } from './raw-server.testing.ts';
import { signature } from './recipes.testing.ts';
import { createRequester } from './requester.ts';

const world = realWorld();
const GOOD = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** A server and a requester for the time of one test. */
async function serving(
  script: RawScript,
  run: (server: RawServer, requester: ReturnType<typeof createRequester>) => Promise<void>,
): Promise<void> {
  const server = await rawServer(world.net, script);
  const requester = createRequester(world);
  try {
    await run(server, requester);
  } finally {
    requester.close();
    await server.close();
  }
}

test('an answer arrives with its fields and its body, and the next request takes the same connection', async () => {
  await serving(answering('HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-a: b\r\n\r\nhello'), async (server, requester) => {
    const heard = hearing();
    requester.exchange(server.origin, asking({ fields: ['accept', '*/*'] }), heard.receiver);
    await heard.done;
    assert.deepEqual(heard.events, ['head 200', 'end']);
    assert.equal(heard.body, 'hello');
    assert.deepEqual(heard.fields, ['content-length', '5', 'x-a', 'b']);
    assert.equal(server.heard[0], `GET / HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\naccept: */*\r\n\r\n`);
    const again = hearing();
    // An equal origin is the same origin.
    requester.exchange({ ...server.origin }, asking(), again.receiver);
    await again.done;
    assert.equal(server.heard.length, 1);
  });
});

test('interim answers are heard before the answer', async () => {
  await serving(answering(`HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${GOOD}`), async (server, requester) => {
    const heard = hearing();
    requester.exchange(server.origin, asking(), heard.receiver);
    await heard.done;
    assert.deepEqual(heard.events, ['informational 103', 'head 200', 'end']);
  });
});

test('F5 an early refusal is relayed although the peer closes with the upload unread', async () => {
  const script: RawScript = {
    data({ wire, text }) {
      if (text().length > 100_000) return;
      wire.write('HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 3\r\n\r\nno!');
      wire.pause();
      world.timers.after(20, () => wire.destroy());
    },
  };
  await serving(script, async (server, requester) => {
    const held = hearing();
    requester.exchange(server.origin, asking({ method: 'POST', body: Buffer.alloc(30_000_000) }), held.receiver);
    await held.done;
    assert.deepEqual([held.events, held.body], [['head 413', 'end'], 'no!'], signature(held.evidence));

    const flowing = hearing();
    let out: BodyOut | undefined;
    const pour = (): void => {
      for (let i = 0; i < 100 && out?.part(Buffer.alloc(64_000)) === true; i += 1);
    };
    requester.exchange(
      server.origin,
      asking({
        method: 'POST',
        bodyFlow: {
          length: -1,
          start(given) {
            out = given;
            out.onDrain = pour;
            pour();
          },
        },
      }),
      flowing.receiver,
    );
    await flowing.done;
    assert.deepEqual([flowing.events, flowing.body], [['head 413', 'end'], 'no!'], signature(flowing.evidence));
  });
});

test('a big upload arrives whole, over a peer that reads in fits and starts', async () => {
  let read = 0;
  const script: RawScript = {
    data({ wire }, piece) {
      read += piece.length;
      wire.pause();
      world.timers.after(1, () => wire.resume());
      if (piece.endsWith('END')) wire.write(GOOD);
    },
  };
  await serving(script, async (server, requester) => {
    const body = Buffer.alloc(5_000_000, 'x');
    body.write('END', body.length - 3);
    const heard = hearing();
    const exchange = requester.exchange(server.origin, asking({ method: 'PUT', body }), heard.receiver);
    await heard.done;
    assert.equal(heard.body, 'ok', signature(heard.evidence));
    assert.equal(exchange.facts().bytesWritten, read);
    assert.equal(exchange.facts().isRequestSent, true);
  });
});

test('a paused exchange stops the flow, and a resumed one loses nothing', async () => {
  const size = 20_000_000;
  const script: RawScript = {
    data({ wire }) {
      wire.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`);
      wire.write(Buffer.alloc(size));
    },
  };
  await serving(script, async (server, requester) => {
    let read = 0;
    const begun = Promise.withResolvers<void>();
    const heard = hearing();
    const exchange = requester.exchange(server.origin, asking(), {
      ...heard.receiver,
      part(bytes) {
        if (read === 0) exchange.pause();
        read += bytes.length;
        begun.resolve();
      },
    });
    await begun.promise;
    // One turn of the loop would bring 64 KiB more.
    for (let turn = 0; turn < 100; turn += 1) await new Promise((fulfil) => setImmediate(fulfil));
    const whilePaused = read;
    assert.ok(whilePaused > 0 && whilePaused <= 65_536, `${whilePaused}`);
    exchange.resume();
    await heard.done;
    assert.equal(read, size);
    assert.deepEqual(heard.events, ['head 200', 'end']);
  });
});

test('an origin that cannot be written fails its own calls only', async () => {
  const played = playedWorld();
  const heard = hearing();
  createRequester(played).exchange({ host: 'a\r\nb', port: 80, isSecure: false }, asking(), heard.receiver);
  await played.turn();
  assert.equal(signature(heard.evidence), 'queue errno → gateway-bug');
});

test('F12 an idle connection that hears a byte is not used again', async () => {
  const script: RawScript = {
    data({ wire, index }) {
      wire.write(GOOD);
      if (index === 0) world.timers.after(20, () => wire.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison'));
    },
  };
  await serving(script, async (server, requester) => {
    const first = hearing();
    requester.exchange(server.origin, asking(), first.receiver);
    await first.done;
    await new Promise<void>((fulfil) => world.timers.after(60, fulfil));
    const second = hearing();
    requester.exchange(server.origin, asking(), second.receiver);
    await second.done;
    assert.equal(second.body, 'ok');
    assert.equal(server.heard.length, 2);
  });
});

test('F15 statuses that say "not here" or "not yet" are answers like any other', async () => {
  for (const status of [421, 425]) {
    await serving(answering(`HTTP/1.1 ${status} x\r\ncontent-length: 0\r\n\r\n`), async (server, requester) => {
      const heard = hearing();
      requester.exchange(server.origin, asking(), heard.receiver);
      await heard.done;
      assert.deepEqual(heard.events, [`head ${status}`, 'end']);
    });
  }
});

test('after 101 the wire changes hands with the first bytes of the new protocol', async () => {
  const script: RawScript = {
    data({ wire }, piece) {
      if (piece.includes('upgrade')) wire.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: echo\r\n\r\nhello');
      else wire.write(`echo ${piece}`);
    },
  };
  await serving(script, async (server, requester) => {
    const heard = hearing();
    const text = await new Promise<string>((fulfil) => {
      requester.upgrade(
        server.origin,
        asking({ fields: ['upgrade', 'echo'] }),
        heard.receiver,
        (fields, wire, early) => {
          let all = `${fields.join(' ')}|${Buffer.from(early).toString()}|`;
          wire.hearer = {
            open() {},
            data(bytes) {
              all += Buffer.from(bytes).toString();
              wire.destroy();
              fulfil(all);
            },
            end() {},
            drain() {},
            close() {},
          };
          wire.write('there');
        },
      );
    });
    assert.equal(text, 'upgrade echo|hello|echo there');
    assert.match(
      server.heard[0] ?? '',
      /^GET \/ HTTP\/1\.1\r\nhost: [^\r]+\r\nconnection: upgrade\r\nupgrade: echo\r\n/,
    );
    assert.deepEqual(heard.events, []);
  });
});

test('F14 a refused upgrade is an answer', async () => {
  await serving(answering(GOOD), async (server, requester) => {
    const heard = hearing();
    requester.upgrade(server.origin, asking(), heard.receiver, () => assert.fail('nothing was switched'));
    await heard.done;
    assert.deepEqual(heard.events, ['head 200', 'end']);
  });
});

test('an upgrade through a forward proxy asks for a tunnel, although plain requests need none', async () => {
  const script: RawScript = {
    data({ wire }, piece) {
      if (piece.startsWith('CONNECT')) wire.write('HTTP/1.1 200 OK\r\n\r\n');
      else wire.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
    },
  };
  await serving(script, async (server, requester) => {
    const origin: Origin = {
      host: 'ws.example',
      port: 80,
      isSecure: false,
      via: { host: '127.0.0.1', port: server.port, isSecure: false },
    };
    await new Promise<void>((fulfil) => {
      requester.upgrade(origin, asking({ target: '/chat' }), hearing().receiver, (_, wire) => {
        wire.destroy();
        fulfil();
      });
    });
    assert.match(
      server.heard[0] ?? '',
      /^CONNECT ws\.example:80 HTTP\/1\.1\r\nhost: ws\.example:80\r\n\r\nGET \/chat /,
    );
  });
});

test('connections are warmed up to the count, and used as reused ones', async () => {
  await serving(answering(GOOD), async (server, requester) => {
    requester.warm(server.origin, 3);
    await new Promise<void>((fulfil) => world.timers.after(60, fulfil));
    assert.equal(server.heard.length, 3);
    requester.warm(server.origin, 3);
    const heard = hearing();
    const exchange = requester.exchange(server.origin, asking(), heard.receiver);
    await heard.done;
    assert.equal(server.heard.length, 3);
    assert.equal(exchange.facts().isReused, true);
    assert.equal(exchange.facts().timings?.connectMs, undefined);
  });
});

test('a server that ignores what ALPN offered is not spoken to in HTTP/1.1', async () => {
  const played = playedWorld();
  const requester = createRequester(played);
  const heard = hearing();
  requester.exchange({ host: 'a.example', port: 443, isSecure: true }, asking(), heard.receiver);
  await played.turn();
  played.wires[0]?.opens();
  const secure = played.wires[1];
  assert.ok(secure !== undefined);
  assert.deepEqual(secure.tlsOptions?.alpn, ['http/1.1']);
  assert.equal(secure.tlsOptions?.serverName, 'a.example');
  secure.tls = { alpn: 'h2', protocol: 'TLSv1.3', isResumed: false };
  secure.opens();
  assert.equal(signature(heard.evidence), 'tls parse parse=alpn → upgrade-failed');
  assert.equal(secure.isDestroyed, true);
});
