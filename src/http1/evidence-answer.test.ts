import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify } from '../diagnosis/classify.ts';
import { realWorld } from '../world/real.ts';
import { ANSWER_LIMITS } from './answer.ts';
import type { OutgoingRequest } from './contract.ts';
import { asking, CLOCKS, type Heard, hearing } from './hearing.testing.ts';
import { type RawPeer, type RawScript, rawServer } from './raw-server.testing.ts';
import { signature } from './recipes.testing.ts';
import { createRequester } from './requester.ts';

const world = realWorld();

type Recipe = {
  readonly row: string;
  /** What the upstream does once a request has come; the answer of the first exchange is always good where `isReused`. */
  readonly plays: (peer: RawPeer) => void;
  readonly isReused?: boolean;
  readonly request?: Partial<OutgoingRequest>;
  readonly expected: string;
};

const GOOD = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const POST = { method: 'POST', body: Buffer.from('{}'), isReplayable: false } as const;

/** Runs one recipe on real sockets. */
async function run(recipe: Recipe): Promise<Heard> {
  let requests = 0;
  const script: RawScript = {
    data(peer, piece) {
      if (!piece.includes('\r\n\r\n')) return;
      requests += 1;
      if (recipe.isReused === true && requests === 1) peer.wire.write(GOOD);
      else recipe.plays(peer);
    },
  };
  const server = await rawServer(world.net, script);
  const requester = createRequester(world, {
    answer: { ...ANSWER_LIMITS, bodyBytesMax: 1000, headBytesMax: 4096, trailerBytesMax: 100 },
  });
  if (recipe.isReused === true) {
    const first = hearing();
    requester.exchange(server.origin, asking(), first.receiver);
    await first.done;
  }
  const heard = hearing();
  requester.exchange(server.origin, asking({ isReplayable: false, ...recipe.request }), heard.receiver);
  await heard.done;
  requester.close();
  await server.close();
  return heard;
}

const says =
  (text: string, then?: 'fin' | 'reset') =>
  ({ wire }: RawPeer): void => {
    wire.write(text);
    if (then === 'fin') wire.end();
    // What was said must have left before the RST, which drops what waits.
    if (then === 'reset') world.timers.after(30, () => wire.reset());
  };

const RECIPES: readonly Recipe[] = [
  {
    row: 'F2 stale keep-alive, FIN',
    isReused: true,
    request: POST,
    plays: ({ wire }) => wire.destroy(),
    expected: 'wait-head fin reused written sent → stale-connection',
  },
  {
    row: 'F2 stale keep-alive, RST',
    isReused: true,
    request: POST,
    plays: ({ wire }) => wire.reset(),
    expected: 'wait-head reset ECONNRESET read reused written sent → stale-connection',
  },
  {
    row: 'F3 fresh, FIN before the head',
    plays: ({ wire }) => wire.end(),
    expected: 'wait-head fin written sent → closed-before-answer',
  },
  {
    row: 'F3 fresh, RST before the head',
    plays: ({ wire }) => wire.reset(),
    expected: 'wait-head reset ECONNRESET read written sent → closed-before-answer',
  },
  {
    row: 'F6 upstream does not read',
    request: { ...POST, body: Buffer.alloc(32_000_000), clocks: { ...CLOCKS, writeMs: 100 } },
    plays: ({ wire }) => wire.pause(),
    expected: 'send our-timer clock=write written → write-timeout',
  },
  {
    row: 'F7 no head in time',
    request: { clocks: { ...CLOCKS, headMs: 60 } },
    plays: () => {},
    expected: 'wait-head our-timer clock=head written sent → answer-timeout',
  },
  {
    row: 'F7 half a head in time',
    request: { clocks: { ...CLOCKS, headMs: 60 } },
    plays: says('HTTP/1.1 200 OK\r\n'),
    expected: 'head our-timer clock=head written read sent → answer-timeout',
  },
  {
    row: 'F8 another protocol',
    plays: says('220 mail.example ESMTP\r\n'),
    expected: 'head parse parse=start-line written read sent → not-http',
  },
  {
    row: 'F8 TLS on a plain port',
    plays: says('\x15\x03\x03\x00\x02\x02\x28'),
    expected: 'head parse parse=tls written read sent → not-http',
  },
  {
    row: 'F9 bad field',
    plays: says('HTTP/1.1 200 OK\r\nno colon here\r\n\r\n'),
    expected: 'head parse parse=no-colon written read sent → bad-head',
  },
  {
    row: 'F9 two lengths',
    plays: says('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n'),
    expected: 'head parse parse=content-lengths written read sent → bad-head',
  },
  {
    row: 'F9 bad transfer coding',
    plays: says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, gzip\r\n\r\n'),
    expected: 'head parse parse=transfer-encoding written read sent → bad-head',
  },
  {
    row: 'F10 head too large',
    plays: says(`HTTP/1.1 200 OK\r\nset-cookie: ${'x'.repeat(5000)}\r\n\r\n`),
    expected: 'head parse parse=head-size written read sent → head-too-large',
  },
  {
    row: 'F11 FIN inside the head',
    plays: says('HTTP/1.1 200 OK\r\ncontent-', 'fin'),
    expected: 'head fin written read sent → head-cut',
  },
  {
    row: 'F11 RST inside the head',
    plays: says('HTTP/1.1 200 OK\r\ncontent-', 'reset'),
    expected: 'head reset ECONNRESET read written read sent → head-cut',
  },
  {
    row: 'F13 idle 408 to what may not be sent twice',
    isReused: true,
    request: POST,
    plays: says('HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n', 'fin'),
    expected: 'head answer status=408 reused written read sent → stale-connection',
  },
  {
    row: 'F14 a switch that nobody asked for',
    plays: says('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n'),
    expected: 'head parse parse=upgrade written read sent → upgrade-failed',
  },
  {
    row: 'G1 RST in the body',
    plays: says('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc', 'reset'),
    expected: 'body reset ECONNRESET read written read sent → body-cut',
  },
  {
    row: 'G1 RST in a body that ends with the connection',
    plays: says('HTTP/1.1 200 OK\r\n\r\nabc', 'reset'),
    expected: 'body reset ECONNRESET read written read sent → body-cut',
  },
  {
    row: 'G2 FIN before the length',
    plays: says('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc', 'fin'),
    expected: 'body fin written read sent → body-incomplete',
  },
  {
    row: 'G2 FIN before the last chunk',
    plays: says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n', 'fin'),
    expected: 'body fin written read sent → body-incomplete',
  },
  {
    row: 'G3 silence in the body',
    request: { clocks: { ...CLOCKS, betweenBytesMs: 60 } },
    plays: says('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'),
    expected: 'body our-timer clock=between-bytes written read sent → body-stall',
  },
  {
    row: 'G4 bad chunk size',
    plays: says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0x1\r\n'),
    expected: 'body parse parse=chunk-size written read sent → bad-chunk',
  },
  {
    row: 'G4 bad chunk end',
    plays: says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcdef'),
    expected: 'body parse parse=chunk-end written read sent → bad-chunk',
  },
  {
    row: 'G6 body too large, announced',
    plays: says('HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n'),
    expected: 'head parse parse=body-size written read sent → body-too-large',
  },
  {
    row: 'G6 body too large, as it comes',
    plays: says(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1001)}`),
    expected: 'body parse parse=body-size written read sent → body-too-large',
  },
  {
    row: 'G7 bad trailers',
    plays: says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nno colon\r\n\r\n'),
    expected: 'trailers parse parse=no-colon written read sent → bad-trailers',
  },
  {
    row: 'G7 trailers too large',
    plays: says(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: ${'y'.repeat(200)}\r\n\r\n`),
    expected: 'trailers parse parse=trailer-size written read sent → bad-trailers',
  },
];

for (const recipe of RECIPES) {
  test(`${recipe.row} is told by its evidence`, async () => {
    const heard = await run(recipe);
    assert.equal(signature(heard.evidence), recipe.expected);
    assert.equal(heard.events.at(-1), `fail ${heard.evidence?.phase}`);
    assert.match(heard.evidence?.address ?? '', /^127\.0\.0\.1:\d+$/);
    assert.ok((heard.evidence?.elapsedMs ?? -1) >= 0);
  });
}

test('F4 a reset after the silence that a box on the way allows is told apart from one that comes at once (F3)', async () => {
  // A box that cuts after 1.2 s, as was seen at this target before; those in the field wait for 30 s and more.
  const cutAfterMs = 1200;
  const request = { clocks: { ...CLOCKS, headMs: 5000 } };
  const expected = 'wait-head reset ECONNRESET read written sent → closed-before-answer';
  const cut = (afterMs: number): Recipe => ({
    row: 'F4',
    request,
    plays: ({ wire }) => void world.timers.after(afterMs, () => wire.reset()),
    expected,
  });
  const [late, early] = await Promise.all([run(cut(cutAfterMs)), run(cut(0))]);
  assert.ok(late.evidence !== undefined && early.evidence !== undefined);
  assert.equal(signature(early.evidence), expected);
  assert.equal(classify(late.evidence, { cutAfterMs }).code, 'idle-cut');
  assert.equal(classify(early.evidence, { cutAfterMs }).code, 'closed-before-answer');
});

test('no two rows have the same facts, but for those that only a peer could tell apart', () => {
  const told = new Map<string, string>();
  for (const { row, expected } of RECIPES) {
    const other = told.get(expected);
    if (other === undefined) told.set(expected, row);
    // F3 and F3, G1 and G1: one row, two recipes.
    else assert.equal(other.slice(0, 2), row.slice(0, 2), `${other} and ${row}`);
  }
});
