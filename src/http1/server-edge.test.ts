import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import type { IncomingRequest, RequestHandler, Responder } from './contract.ts';
import { answerIn, RawCaller, serving, statusesIn } from './raw-caller.testing.ts';
import type { HttpServer } from './server.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';

/** Serves, connects, runs, and sees that nothing is left. */
async function withServer(
  handler: RequestHandler,
  run: (caller: RawCaller, server: HttpServer) => Promise<void>,
  options: Parameters<typeof serving>[1] = {},
): Promise<void> {
  const server = await serving(handler, options);
  const caller = await RawCaller.connect(server);
  try {
    await run(caller, server);
  } finally {
    caller.leave();
    await server.drain(0);
  }
  assert.equal(server.stats.requestsOpen, 0, 'no request is left open');
  assert.equal(server.stats.connections, 0, 'no connection is left');
}

function discard(request: IncomingRequest, done: () => void): void {
  request.read({ part() {}, end: done, fail() {} });
}

const pem = (name: string) => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8');

const turn = () => new Promise<void>((fulfil) => setImmediate(fulfil));

const EXPECTING = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n';

test('a caller that awaits it is told to go on when its body is read, not before', async () => {
  let request: IncomingRequest | undefined;
  let response: Responder | undefined;
  await withServer(
    (asked, answer) => {
      request = asked;
      response = answer;
    },
    async (caller) => {
      caller.say(EXPECTING);
      while (request === undefined) await turn();
      assert.equal(caller.text, '');
      assert.equal(request.fields.includes('expect'), false, 'the expectation is answered here and goes no further');
      discard(request, () => response?.send(200, [], 'done'));
      assert.equal(await caller.untilHeard('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n');
      caller.say('ok');
      assert.deepEqual(statusesIn(await caller.untilHeard('done')), [100, 200]);
      assert.equal(caller.text.includes('connection: close'), false);
    },
  );
});

test('a caller that did not wait is not told to go on', async () => {
  await withServer(
    (request, response) => discard(request, () => response.send(200, [], 'done')),
    async (caller) => {
      caller.say(`${EXPECTING}ok`);
      assert.deepEqual(statusesIn(await caller.untilHeard('done')), [200]);
    },
  );
});

test('an answer without reading the awaited body closes, as the body may or may not come', async () => {
  await withServer(
    (_request, response) => response.send(401, [], 'no'),
    async (caller) => {
      caller.say(EXPECTING);
      const text = await caller.untilEnded();
      assert.equal(answerIn(text).fields.get('connection'), 'close');
      assert.deepEqual(statusesIn(text), [401]);
    },
  );
});

test('another expectation is refused with 417, one in HTTP/1.0 is ignored', async () => {
  await withServer(
    (request, response) => discard(request, () => response.send(200, [], 'done')),
    async (caller, server) => {
      caller.say(EXPECTING.replace('100-Continue', 'tea'));
      assert.deepEqual(statusesIn(await caller.untilEnded()), [417]);
      const old = await RawCaller.connect(server);
      old.say('POST / HTTP/1.0\r\nExpect: tea\r\nContent-Length: 2\r\n\r\nok');
      assert.deepEqual(statusesIn(await old.untilEnded()), [200]);
    },
  );
});

test('after an early answer the little that is left of the body is dropped, and the connection stays', async () => {
  await withServer(
    (request, response) => response.send(200, ['x', request.method], 'early'),
    async (caller) => {
      caller.say(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n`);
      await caller.untilHeard('early');
      caller.say(
        `123456789${GET}POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n${GET}`,
      );
      const text = await caller.untilHeard('early', 4);
      assert.deepEqual(text.match(/x: [A-Z]+/g), ['x: POST', 'x: GET', 'x: POST', 'x: GET']);
    },
  );
});

test('after an early answer a long rest of the body closes the connection, and the caller can read the answer', async () => {
  await withServer(
    (_request, response) => response.send(413, [], 'too long'),
    async (caller, server) => {
      const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n';
      caller.say(head + 'x'.repeat(900_000));
      const text = await caller.untilEnded();
      assert.equal(caller.ending, 'fin');
      assert.equal(answerIn(text).body, 'too long');
      assert.equal(answerIn(text).fields.get('connection'), 'close');

      const endless = await RawCaller.connect(server);
      endless.say('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
      endless.say(`1000\r\n${'x'.repeat(4096)}\r\n`.repeat(20));
      assert.equal(answerIn(await endless.untilEnded()).body, 'too long');
      endless.leave();
    },
  );
});

test('an answer that ends while its body still flows hears no more of that body', async () => {
  const heard: string[] = [];
  await withServer(
    (request, response) => {
      request.read({
        part(bytes) {
          heard.push(Buffer.from(bytes).toString());
          response.send(200, [], 'enough');
        },
        end: () => heard.push('end'),
        fail: (fault) => heard.push(fault.word),
      });
    },
    async (caller) => {
      caller.say('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n');
      await caller.untilHeard('enough');
      caller.say(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nc\r\nbroken`);
      await caller.untilEnded();
      assert.deepEqual(heard, ['a', 'c']);
    },
  );
});

test('an upgrade hands the wire over, with what came behind the head, and it still counts as a connection', async () => {
  await withServer(
    (request, response) => {
      const { wire, early } = response.upgrade(['upgrade', 'echo']);
      assert.equal(request.target, '/a');
      wire.write(early);
      wire.hearer = {
        open() {},
        data: (bytes) => void wire.write(bytes),
        end: () => wire.end(),
        drain() {},
        close() {},
      };
    },
    async (caller, server) => {
      caller.say('GET /a HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly');
      const { status, fields, body } = answerIn(await caller.untilHeard('early'));
      assert.deepEqual(
        [status, fields.get('connection'), fields.get('upgrade'), body],
        [101, 'upgrade', 'echo', 'early'],
      );
      caller.say(GET);
      assert.equal((await caller.untilHeard(GET)).endsWith(GET), true, 'what looks like a request is not read as one');
      assert.equal(server.stats.connections, 1);
      assert.equal(server.stats.requestsOpen, 0);
      caller.socket.end();
      await caller.untilEnded();
      assert.equal(caller.ending, 'fin');
    },
  );
});

test('an upgrade that comes later takes what was pipelined behind it as its first bytes', async () => {
  await withServer(
    (_request, response) => {
      setImmediate(() =>
        setImmediate(() => setImmediate(() => void response.upgrade(['upgrade', 'x']).wire.write('go'))),
      );
    },
    async (caller) => {
      caller.say(`${GET}one`);
      await turn();
      caller.say('two');
      await caller.untilHeard('go');
    },
  );
});

test('a handler that throws after an upgrade does not write into the tunnel', async () => {
  const strangers: unknown[] = [];
  await withServer(
    (_request, response) => {
      response.upgrade(['upgrade', 'x']).wire.write('tunnelled');
      throw new Error('oops');
    },
    async (caller) => {
      caller.say(GET);
      assert.deepEqual(statusesIn(await caller.untilHeard('tunnelled')), [101]);
      await turn();
      assert.equal(caller.text.endsWith('tunnelled'), true);
      assert.equal(strangers.length, 1);
    },
    { onStranger: (error) => void strangers.push(error) },
  );
});

test('an upgrade is refused while the request is not whole', async () => {
  await withServer(
    (_request, response) => {
      assert.throws(() => response.upgrade(['upgrade', 'x']));
      response.send(400, [], 'no');
    },
    async (caller) => {
      caller.say('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n');
      assert.deepEqual(statusesIn(await caller.untilHeard('no')), [400]);
    },
  );
});

test('a tunnel outlives the grace of a drain by nothing', async () => {
  const server = await serving((_request, response) => void response.upgrade(['upgrade', 'x']));
  const caller = await RawCaller.connect(server);
  caller.say(GET);
  await caller.untilHeard('101');
  await server.drain(20);
  await caller.untilEnded();
  assert.equal(server.stats.connections, 0);
});

test('a caller that closes its half after asking is answered, and only then closed', async () => {
  let response: Responder | undefined;
  let hasLeft = false;
  await withServer(
    (_request, answer) => {
      response = answer;
      answer.onLeave = () => {
        hasLeft = true;
      };
    },
    async (caller) => {
      caller.say(GET);
      caller.socket.end();
      while (response === undefined) await turn();
      await turn();
      await turn();
      response.send(200, [], 'still here');
      const text = await caller.untilEnded();
      const asks = 'HTTP/1.1 100 Continue\r\n\r\n';
      assert.ok(text.startsWith(asks), 'it was asked whether it is still there');
      const answer = answerIn(text.slice(asks.length));
      assert.equal(answer.body, 'still here');
      assert.equal(answer.fields.get('connection'), 'close', 'nothing more can be asked');
      assert.equal(hasLeft, false);
    },
  );
});

test('pipelined requests before a closed half are all answered', async () => {
  await withServer(
    (_request, response) => setImmediate(() => response.send(200, [], 'x')),
    async (caller) => {
      caller.say(GET.repeat(3));
      caller.socket.end();
      const statuses = statusesIn(await caller.untilEnded()).filter((status) => status !== 100);
      assert.deepEqual(statuses, [200, 200, 200]);
    },
  );
});

test('a caller that resets while it waits has left: the owner hears it once', async () => {
  let leaves = 0;
  let isAsked = false;
  const server = await serving((_request, response) => {
    isAsked = true;
    response.onLeave = () => {
      leaves += 1;
    };
  });
  const caller = await RawCaller.connect(server);
  caller.say(GET);
  while (!isAsked) await turn();
  caller.socket.resetAndDestroy();
  while (server.stats.connections > 0) await turn();
  assert.equal(leaves, 1);
  assert.equal(server.stats.requestsOpen, 0);
  await server.drain(0);
});

test('a request that is cut in its body fails for its reader, whether by FIN or by reset', async () => {
  for (const cut of ['fin', 'reset'] as const) {
    const heard: string[] = [];
    await withServer(
      (request, response) => {
        response.onLeave = () => heard.push('left');
        request.read({
          part: (bytes) => heard.push(`part ${bytes.length}`),
          end: () => heard.push('end'),
          fail: ({ word, status }) => heard.push(`${word} ${status}`),
        });
      },
      async (caller, server) => {
        caller.say('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
        while (heard.length === 0) await turn();
        if (cut === 'fin') caller.socket.end();
        else caller.socket.resetAndDestroy();
        while (server.stats.requestsOpen > 0) await turn();
        assert.deepEqual(heard, cut === 'fin' ? ['part 4', 'cut 0'] : ['part 4', 'cut 0', 'left']);
        assert.equal(server.stats.faults.get('cut'), 1);
      },
    );
  }
});

test('a request cut before anyone read its body: the owner hears that the caller left, a late reader that it was cut', async () => {
  const heard: string[] = [];
  let request: IncomingRequest | undefined;
  await withServer(
    (asked, response) => {
      request = asked;
      response.onLeave = () => heard.push('left');
    },
    async (caller, server) => {
      caller.say('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n');
      caller.socket.end();
      while (server.stats.requests === 0 || server.stats.requestsOpen > 0) await turn();
      request?.read({ part() {}, end() {}, fail: (fault) => heard.push(fault.word) });
      assert.deepEqual(heard, ['left', 'cut']);
    },
  );
});

test('a whole connection gives the same answers however its bytes are cut', { timeout: 30_000 }, async () => {
  const session = [
    'POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
    '\r\nGET /2 HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n',
    'POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nT: u\r\n\r\n',
    'HEAD /4 HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /5 HTTP/1.1\r\nHost: a\r\nBad Field: x\r\n\r\nGET /6 HTTP/1.1\r\nHost: a\r\n\r\n',
  ].join('');
  const answers = async (pieces: readonly string[]): Promise<string> => {
    let text = '';
    await withServer(
      (request, response) => {
        let body = '';
        request.read({
          part: (bytes) => {
            body += Buffer.from(bytes).toString();
          },
          end: (trailers) => response.send(200, ['date', 'x'], `${request.target}${body}${trailers ?? ''}`),
          fail() {},
        });
      },
      async (caller) => {
        for (const piece of pieces) {
          caller.say(piece);
          await turn();
        }
        text = await caller.untilEnded();
      },
    );
    return text.replace(/date: [^\r]*/g, '');
  };
  const expected = await answers([session]);
  assert.deepEqual(statusesIn(expected), [200, 200, 200, 200, 400]);
  for (const length of [1, 2, 3, 7, 16, 61]) {
    const pieces: string[] = [];
    for (let at = 0; at < session.length; at += length) pieces.push(session.slice(at, at + length));
    assert.equal(await answers(pieces), expected, `in pieces of ${length}`);
  }
});

test('TLS: the request is secure, ALPN says http/1.1, and a failed handshake is counted', async () => {
  await withServer(
    (request, response) => response.send(200, [], `secure ${request.isSecure}`),
    async (plain, server) => {
      const socket = tlsConnect({
        host: '127.0.0.1',
        port: server.address.port,
        rejectUnauthorized: false,
        ALPNProtocols: ['h2', 'http/1.1'],
      });
      await new Promise<void>((fulfil) => socket.once('secureConnect', fulfil));
      assert.equal(socket.alpnProtocol, 'http/1.1');
      socket.write(GET);
      const answer = await new Promise<string>((fulfil) =>
        socket.once('data', (bytes: Buffer) => fulfil(bytes.toString())),
      );
      assert.equal(answerIn(answer).body, 'secure true');
      socket.destroy();
      plain.say(GET);
      const refusal = answerIn(await plain.untilEnded());
      assert.deepEqual([refusal.status, refusal.body], [400, 'no-tls']);
      while (server.stats.tlsFaults === 0 || server.stats.connections > 0) await turn();
    },
    { tls: { certificate: pem('good.pem'), key: pem('good-key.pem') } },
  );
});
