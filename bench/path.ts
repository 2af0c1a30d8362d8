import { scratchFile } from '../proof/processes.ts';
import { serve } from '../src/serve.ts';
import { realWorld } from '../src/world/real.ts';
import type { Net, Wire, WireHearer, World } from '../src/world/world.ts';
import { requestBody } from './callers.ts';

/**
 * The path of a call without kernel, event loop and Node's streams: the whole gateway on wires that answer at once. Prints JavaScript microseconds
 * a plain call and a streamed event, steady enough to see a change of 2 %. `node --cpu-prof bench/path.ts` shows where they go.
 */
const CALLS = Number(process.argv[2] ?? 200_000);
const ROUNDS = 4;

const ANSWER_BODY = JSON.stringify({
  id: 'chatcmpl-0123456789abcdef0123456789',
  object: 'chat.completion',
  created: 1_760_000_000,
  model: 'bench',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'The sky is blue because air scatters it.' },
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 12, completion_tokens: 12, total_tokens: 24 },
});
const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sun, 22 Nov 2026 00:00:00 GMT\r\nContent-Type: application/json\r\nContent-Length: ${ANSWER_BODY.length}\r\nConnection: keep-alive\r\n\r\n${ANSWER_BODY}`,
);
const STREAM_HEAD = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n',
);
const EVENT_TEXT =
  'data: {"id":"chatcmpl-0123456789abcdef","object":"chat.completion.chunk","created":1760000000,"model":"bench","choices":[{"index":0,"delta":{"content":" scattering"},"finish_reason":null}]}\n\n';
const EVENT = Buffer.from(`${EVENT_TEXT.length.toString(16)}\r\n${EVENT_TEXT}\r\n`);
const LAST_TEXT = `${EVENT_TEXT.replace('"finish_reason":null', '"finish_reason":"stop"')}data: [DONE]\n\n`;
const LAST = Buffer.from(`${LAST_TEXT.length.toString(16)}\r\n${LAST_TEXT}\r\n0\r\n\r\n`);

const NOBODY = { ip: '127.0.0.1', port: 1 };

/** A wire without anything behind it; `wrote` hears each write. */
class LooseWire implements Wire {
  hearer: WireHearer;
  bytesWritten = 0;
  bytesRead = 0;
  readonly bytesQueued = 0;
  isOpen = true;
  readonly remote = NOBODY;
  readonly local = NOBODY;
  readonly tls = undefined;
  readonly #wrote: (wire: LooseWire) => void;

  constructor(hearer: WireHearer, wrote: (wire: LooseWire) => void) {
    this.hearer = hearer;
    this.#wrote = wrote;
  }

  write(bytes: Uint8Array | string): boolean {
    this.bytesWritten += bytes.length;
    this.#wrote(this);
    return true;
  }
  hear(bytes: Uint8Array): void {
    this.bytesRead += bytes.length;
    this.hearer.data(bytes);
  }
  end(): void {}
  reset(): void {}
  destroy(): void {
    this.isOpen = false;
  }
  pause(): void {}
  resume(): void {}
}

let accept: ((wire: Wire) => WireHearer) | undefined;
const asked: LooseWire[] = [];
const net: Net = {
  async listen(options, take) {
    accept ??= take;
    return { address: options.address, close: async () => undefined };
  },
  connect(_address, hearer) {
    const wire = new LooseWire(hearer, (each) => {
      if (!asked.includes(each)) asked.push(each);
    });
    setImmediate(() => wire.hearer.open());
    return wire;
  },
  startTls() {
    throw new Error('no TLS here');
  },
};
const world: World = { ...realWorld(), net };
const config = scratchFile(
  'path.yaml',
  'listen: 127.0.0.1:1\nadmin: 127.0.0.1:2\nlimits: { requests-per-connection: 1000000000 }\ntargets: { o: { dialect: openai, url: "http://127.0.0.1:3/v1" } }\nroutes: [{ match: { models: ["*"] }, pools: [{ targets: [o] }] }]\n',
);
await serve(world, { config, say: () => undefined });
if (accept === undefined) throw new Error('nothing listens');

let written = 0;
const caller = new LooseWire({ open() {}, data() {}, end() {}, drain() {}, close() {} }, () => {
  written += 1;
});
caller.hearer = accept(caller);
caller.hearer.open();

function request(isStream: boolean): Buffer {
  const body = requestBody(isStream);
  return Buffer.from(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:5020\r\ncontent-type: application/json\r\nauthorization: Bearer bench\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

const turn = (): Promise<void> => new Promise((fulfil) => setImmediate(fulfil));

async function upstream(): Promise<LooseWire> {
  for (;;) {
    const wire = asked.pop();
    if (wire !== undefined) return wire;
    await turn();
  }
}

async function plainCalls(count: number): Promise<void> {
  const bytes = request(false);
  for (let i = 0; i < count; i += 1) {
    const before = written;
    caller.hear(bytes);
    // Microtasks carry the call to its target and its answer back: no turn of the loop is needed in between.
    let wire = asked.pop();
    if (wire === undefined) wire = await upstream();
    wire.hear(ANSWER);
    for (let hops = 0; written === before && hops < 50; hops += 1) await undefined;
    if (written === before) await turn();
    if (i % 1000 === 0) await turn();
  }
}

async function streamedEvents(count: number): Promise<void> {
  caller.hear(request(true));
  const wire = await upstream();
  wire.hear(STREAM_HEAD);
  for (let i = 0; i < count; i += 1) {
    wire.hear(EVENT);
    if (i % 1000 === 0) await turn();
  }
  wire.hear(LAST);
  await turn();
}

async function timed(what: string, count: number, run: (count: number) => Promise<void>): Promise<void> {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const from = process.cpuUsage();
    await run(count);
    const used = process.cpuUsage(from);
    rounds.push((used.user + used.system) / count);
  }
  process.stdout.write(`${what}: ${rounds.map((us) => us.toFixed(2)).join('  ')} µs\n`);
}

if (process.argv[3] !== 'stream') await timed('plain call', CALLS, plainCalls);
if (process.argv[3] !== 'plain') await timed('streamed event', CALLS, streamedEvents);
process.exit(0);
