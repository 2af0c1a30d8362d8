import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BodySink, IncomingRequest, RequestHandler, Responder } from './contract.ts';
import { answerIn, RawCaller, serving, statusesIn } from './raw-caller.testing.ts';

/** Reads the whole body, then calls back. */
function whole(request: IncomingRequest, done: (body: string, trailers: readonly string[] | undefined) => void): void {
  let body = '';
  const sink: BodySink = {
    part(bytes) {
      body += Buffer.from(bytes).toString('latin1');
    },
    end: (trailers) => done(body, trailers),
    fail() {},
  };
  request.read(sink);
}

/** Answers with the target and the body it was asked with. */
const echo: RequestHandler = (request, response) => {
  whole(request, (body) => response.send(200, ['x-target', request.target], `${request.method} ${body}`));
};

/** Serves with the handler, connects, and runs the test; then nothing is left open. */
function wireTest(
  name: string,
  handler: RequestHandler,
  run: (caller: RawCaller, server: Awaited<ReturnType<typeof serving>>) => Promise<void>,
  options: Parameters<typeof serving>[1] = {},
): void {
  test(name, { timeout: 10_000 }, async () => {
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
  });
}

const GET = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';

wireTest('a request is answered with length, date and how long the connection stays', echo, async (caller) => {
  caller.say('POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello');
  const answer = answerIn(await caller.untilHeard('POST hello'));
  assert.equal(answer.status, 200);
  assert.equal(answer.body, 'POST hello');
  assert.equal(answer.fields.get('content-length'), '10');
  assert.equal(answer.fields.get('x-target'), '/a?b');
  assert.equal(answer.fields.get('connection'), 'keep-alive');
  assert.equal(answer.fields.get('keep-alive'), 'timeout=64');
  assert.match(answer.fields.get('date') ?? '', /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
});

wireTest('a connection carries one request after the other', echo, async (caller, server) => {
  for (let i = 1; i <= 3; i += 1) {
    caller.say(`POST /${i} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n${i}\r\n0\r\n\r\n`);
    await caller.untilHeard(`POST ${i}`);
  }
  assert.equal(server.stats.requests, 3);
  assert.equal(server.stats.connectionsAccepted, 1);
});

test('pipelined requests are handed over one at a time and answered in their order', { timeout: 10_000 }, async () => {
  const waiting: { request: IncomingRequest; response: Responder }[] = [];
  const server = await serving((request, response) => void waiting.push({ request, response }));
  const caller = await RawCaller.connect(server);
  caller.say(['/1', '/2', '/3'].map((path) => GET.replace('/a', path)).join(''));
  for (const path of ['/1', '/2', '/3']) {
    while (waiting.length === 0) await new Promise((fulfil) => setImmediate(fulfil));
    await new Promise((fulfil) => setImmediate(fulfil));
    assert.equal(waiting.length, 1, 'the next waits for the answer to this');
    const one = waiting.shift();
    assert.equal(one?.request.target, path);
    one?.response.send(200, [], path);
  }
  assert.deepEqual((await caller.untilHeard('/3')).match(/\/\d$|\/\d(?=HTTP)/g), ['/1', '/2', '/3']);
  caller.leave();
  await server.drain(0);
});

wireTest(
  'ten thousand pipelined requests need no deeper stack than one',
  (_request, response) => response.send(204, [], ''),
  async (caller, server) => {
    caller.say(GET.repeat(10_000));
    await caller.untilHeard('HTTP/1.1 204', 10_000);
    assert.equal(server.stats.requests, 10_000);
  },
  {},
);

wireTest(
  'a longer answer is chunked, each part one chunk, and its trailers follow',
  (_request, response) => {
    response.head(200, ['content-type', 'text/plain']);
    response.part('one');
    response.part(Buffer.alloc(300, 'x'));
    response.part('');
    response.part(new Uint8Array(20_000).fill(121));
    response.end(['x-sum', '1']);
  },
  async (caller) => {
    caller.say(GET);
    const answer = answerIn(await caller.untilHeard('x-sum: 1\r\n\r\n'));
    assert.equal(answer.fields.get('transfer-encoding'), 'chunked');
    assert.equal(
      answer.body,
      `3\r\none\r\n12c\r\n${'x'.repeat(300)}\r\n4e20\r\n${'y'.repeat(20_000)}\r\n0\r\nx-sum: 1\r\n\r\n`,
    );
  },
);

wireTest(
  'texts are written as UTF-8, with their length in bytes',
  (request, response) => {
    if (request.target === '/a') return response.send(200, [], 'grüße €');
    response.head(200, ['content-length', '4']);
    response.part('ß');
    response.part('ß');
    response.end();
  },
  async (caller) => {
    caller.say(`${GET}GET /b HTTP/1.1\r\nHost: a\r\n\r\n`);
    await caller.until((text) => Buffer.from(text, 'latin1').toString().endsWith('ßß'));
    const [first, second] = Buffer.from(caller.text, 'latin1')
      .toString()
      .split(/HTTP\/1\.1 200 OK\r\n/)
      .slice(1);
    assert.match(first ?? '', /content-length: 11\r\n[\s\S]*\r\n\r\ngrüße €$/);
    assert.match(second ?? '', /content-length: 4\r\n/);
  },
);

wireTest(
  'an announced length is held to: too little or too much is a cut, never a clean end',
  (request, response) => {
    response.head(200, ['content-length', '5']);
    response.part('abc');
    if (request.target === '/a') response.end();
    else response.part('defgh');
  },
  async (caller, server) => {
    caller.say(GET);
    assert.equal(answerIn(await caller.untilEnded()).body, 'abc');
    const other = await RawCaller.connect(server);
    other.say(GET.replace('/a', '/b'));
    assert.equal(answerIn(await other.untilEnded()).body, 'abc');
    other.leave();
  },
);

wireTest(
  "what the engine says about a connection is not the handler's to say",
  (_request, response) => {
    response.send(
      200,
      ['connection', 'x', 'keep-alive', 'y', 'transfer-encoding', 'gzip', 'content-length', '99', 'a', 'b'],
      'ok',
    );
  },
  async (caller) => {
    caller.say(GET);
    const text = await caller.untilHeard('ok');
    assert.equal(text.match(/^(?:connection|keep-alive|content-length):/gm)?.length, 3, 'each is said once');
    const { fields } = answerIn(text);
    assert.deepEqual(
      [fields.get('connection'), fields.get('transfer-encoding'), fields.get('content-length'), fields.get('a')],
      ['keep-alive', undefined, '2', 'b'],
    );
  },
);

wireTest(
  'a field that would split the answer throws before anything is written',
  (request, response) => {
    assert.throws(() => response.send(200, ['a', 'b\r\nc: d'], ''), TypeError);
    assert.throws(() => response.head(200, ['a\n', 'b']), TypeError);
    assert.throws(() => response.head(200, ['content-length', '-1']), TypeError);
    assert.throws(() => response.send(42, [], ''), RangeError);
    assert.throws(() => response.send(101, [], ''), RangeError);
    response.send(200, [], request.target);
  },
  async (caller) => {
    caller.say(GET);
    assert.equal(answerIn(await caller.untilHeard('/a')).status, 200);
  },
);

wireTest(
  'HEAD gets the head of the answer and nothing of its body, however it is written',
  (request, response) => {
    if (request.target === '/send') return response.send(200, [], 'hello');
    response.head(200, request.target === '/length' ? ['content-length', '5'] : []);
    response.part('hello');
    response.end();
  },
  async (caller) => {
    for (const path of ['/send', '/length', '/flow']) caller.say(`HEAD ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    caller.say(GET.replace('/a', '/send'));
    const text = await caller.untilHeard('hello');
    assert.equal(text.split('hello').length, 2, 'only the GET has a body');
    assert.equal(text.match(/content-length: 5/g)?.length, 3);
    assert.equal(text.includes('chunked'), false);
  },
);

wireTest(
  '204 and 304 have no body and no length of their own',
  (request, response) => {
    response.send(Number(request.target.slice(1)), [], 'ignored');
  },
  async (caller) => {
    caller.say(GET.replace('/a', '/204') + GET.replace('/a', '/304') + GET.replace('/a', '/200'));
    const text = await caller.untilHeard('ignored');
    assert.deepEqual(statusesIn(text), [204, 304, 200]);
    assert.equal(text.match(/content-length/g)?.length, 1);
  },
);

wireTest(
  'interim answers come before the answer, and not to HTTP/1.0',
  (_request, response) => {
    response.informational(103, ['link', '</a.css>']);
    assert.throws(() => response.informational(200, []), RangeError);
    response.send(200, [], 'done');
  },
  async (caller, server) => {
    caller.say(GET);
    assert.deepEqual(statusesIn(await caller.untilHeard('done')), [103, 200]);
    const old = await RawCaller.connect(server);
    old.say('GET / HTTP/1.0\r\n\r\n');
    assert.deepEqual(statusesIn(await old.untilEnded()), server.stats.requests === 2 ? [200] : []);
  },
);

wireTest(
  'HTTP/1.0 closes unless asked otherwise, and gets no chunks',
  (request, response) => {
    if (request.target === '/send') return response.send(200, [], 'whole');
    response.head(200, []);
    response.part('flow');
    response.end();
  },
  async (caller, server) => {
    caller.say('GET /send HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n');
    assert.equal(answerIn(await caller.untilHeard('whole')).fields.get('connection'), 'keep-alive');
    caller.say('GET /flow HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n');
    const text = await caller.untilEnded();
    assert.equal(text.endsWith('connection: close\r\n\r\nflow'), true, text);
    const other = await RawCaller.connect(server);
    other.say('GET /send HTTP/1.0\r\n\r\n');
    assert.equal(answerIn(await other.untilEnded()).fields.get('connection'), 'close');
    assert.equal(other.ending, 'fin');
  },
);

wireTest(
  'an answer that ends with the connection is cut by a reset, as a FIN would make it whole',
  (_request, response) => {
    response.head(200, []);
    response.part('half');
    setImmediate(() => response.abort());
  },
  async (caller) => {
    caller.say('GET / HTTP/1.0\r\n\r\n');
    await caller.untilEnded();
    assert.equal(caller.ending, 'reset');
  },
);

wireTest(
  'a cut of a chunked answer brings what was written, and no last chunk',
  (_request, response) => {
    response.head(200, []);
    response.part('half');
    response.abort();
    response.part('late');
    response.end();
    response.send(200, [], 'late');
  },
  async (caller) => {
    caller.say(GET);
    assert.equal(answerIn(await caller.untilEnded()).body, '4\r\nhalf\r\n');
  },
);

wireTest(
  'an answer that is aborted before its head is a closed connection',
  (_request, response) => response.abort(),
  async (caller) => {
    caller.say(GET);
    assert.equal(await caller.untilEnded(), '');
  },
);

wireTest('a caller that says close is answered and closed', echo, async (caller, server) => {
  caller.say(`GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n${GET}`);
  const text = await caller.untilEnded();
  assert.deepEqual(statusesIn(text), [200]);
  assert.equal(answerIn(text).fields.get('connection'), 'close');
  assert.equal(server.stats.requests, 1, 'what was pipelined behind it is not read');
});

wireTest(
  'after as many requests as a connection may have it closes',
  echo,
  async (caller) => {
    caller.say(GET.repeat(3));
    const text = await caller.untilEnded();
    assert.deepEqual(text.match(/connection: [a-z-]+/g), ['connection: keep-alive', 'connection: close']);
  },
  { limits: { requestsPerConnectionMax: 2 } },
);

wireTest(
  'trailers of a request reach its reader, dangerous ones do not',
  (request, response) => {
    whole(request, (_body, trailers) => response.send(200, [], JSON.stringify(trailers)));
  },
  async (caller) => {
    caller.say('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: 1\r\nHost: b\r\n\r\n');
    assert.equal(answerIn(await caller.untilHeard(']')).body, '["x-a","1"]');
  },
);

wireTest(
  'a request without a body is read to its end at once',
  (request, response) => {
    assert.equal(request.bodyLength, 0);
    whole(request, (body) => response.send(200, [], `[${body}]`));
  },
  async (caller) => {
    caller.say(`${GET}POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`);
    assert.deepEqual(statusesIn(await caller.untilHeard('[]', 2)), [200, 200]);
  },
);

wireTest(
  'a body that nobody reads yet waits, and so does what is behind it',
  (request, response) => {
    setImmediate(() => setImmediate(() => echo(request, response)));
  },
  async (caller) => {
    const body = 'x'.repeat(200_000);
    caller.say(`POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}${GET}`);
    await caller.untilHeard('GET ');
    assert.equal(caller.text.includes(body), true);
    assert.deepEqual(statusesIn(caller.text), [200, 200]);
  },
);

wireTest(
  'a paused body stops the caller, and goes on when resumed',
  (request, response) => {
    let seen = 0;
    let most = 0;
    request.read({
      part(bytes) {
        seen += bytes.length;
        request.pause();
        most = Math.max(most, bytes.length);
        setImmediate(() => request.resume());
      },
      end: () => response.send(200, [], `${seen} ${most <= 65_536}`),
      fail() {},
    });
  },
  async (caller) => {
    caller.say(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n${'x'.repeat(3_000_000)}`);
    assert.equal(answerIn(await caller.untilHeard(' true')).body, '3000000 true');
  },
);

wireTest(
  'a handler that throws costs its own connection only',
  (request, response) => {
    if (request.target === '/a') throw new Error('oops');
    echo(request, response);
  },
  async (caller, server) => {
    caller.say(GET);
    assert.deepEqual(statusesIn(await caller.untilEnded()), [500]);
    const other = await RawCaller.connect(server);
    other.say(GET.replace('/a', '/b'));
    assert.deepEqual(statusesIn(await other.untilHeard('GET ')), [200]);
    other.leave();
    assert.equal(server.stats.faults.get('gateway-bug'), 1);
  },
);
