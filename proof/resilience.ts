/**
 * `npm run test:resilience`: two equal targets on real sockets behind the whole gateway with all its defaults, each fault of the vocabulary
 * on every answer of one of them, and a steady stream of callers who count what they see.
 *
 * Options after `--`: `--seconds N` of each fault (default 60), `--rate N` calls a second (default 200), `--only NAME` one fault,
 * `--jobs N` faults side by side, each in a process of its own (default 1; one to two cores each), `--json` one line of JSON for each fault,
 * `--write` keeps the table in docs/reference/resilience.md.
 * Exit code: 0 when no caller saw a failure, 1 otherwise, 2 when the machine was too busy to judge: calls began later than they should.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { entryOf, FAULT_WORDS, type Fault } from '../src/drill/faults.ts';
import { parseFault } from '../src/drill/parse-fault.ts';
import { SURVIVABLE } from '../src/drill/survive.testing.ts';
import { startUpstream } from '../src/drill/upstream.ts';
import { serve } from '../src/serve.ts';
import { realWorld } from '../src/world/real.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '200' },
    only: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

/** What is usual must be learned before it can be told from what is not: two seconds of ordinary calls, twenty of each kind at least. */
const WARM_MS = 3_000;
/** Hard faults must have moved the calls away by then. */
const SETTLED_MS = 2_000;
/** A call that takes longer is a failure of its own: two soft limits and the answer. */
const CALL_MS_MAX = 60_000;
/** Who begins later than this was not held up by the gateway alone: nothing is judged by a machine that is as busy. */
const BEHIND_MS_MAX = 1_000;
const PAGE = join(import.meta.dirname, '..', 'docs', 'reference', 'resilience.md');
const [BEGIN, END] = ['<!-- table -->', '<!-- end of table -->'];

const world = realWorld();
const folder = mkdtempSync(join(tmpdir(), 'goodgate-resilience-'));
const ms = { fault: Number(options.seconds) * 1000, gap: 1000 / Number(options.rate) };

type Row = {
  readonly name: string;
  readonly calls: number;
  readonly failures: number;
  readonly complaint: string;
  readonly addedP50: number;
  readonly addedP99: number;
  /** Of the calls after two seconds of the fault, the part that still reached the faulty target. */
  readonly lateShare: number;
  /** How late the latest call began, in ms: the machine, not the gateway. */
  readonly behindMs: number;
};

/** Those that strike before the first part, and those that strike in the middle of an answer. */
const FAULTS: readonly { readonly name: string; readonly fault: Fault }[] = [
  ...SURVIVABLE,
  ...FAULT_WORDS.filter((word) => !entryOf(word).isBeforeFirstPart).flatMap((name) => {
    const parsed = parseFault(name);
    return parsed.ok ? [{ name, fault: parsed.value }] : [];
  }),
];

const wanted = FAULTS.filter(({ name }) => options.only === undefined || options.only === name);
const jobs = Number(options.jobs);
if (!Number.isInteger(jobs) || jobs < 1) throw new Error(`--jobs is a whole number from 1 on, not "${options.jobs}"`);
const rows: Row[] = [];
// In the order of the list, whoever is done first.
const pending = wanted.map(({ name, fault }) => ({ name, fault, row: undefined as Row | undefined }));
const queue = [...pending];
await Promise.all(Array.from({ length: Math.min(jobs, pending.length) }, () => takeTurns()));
for (const { row } of pending) if (row !== undefined) rows.push(row);
rmSync(folder, { recursive: true, force: true });
if (options.json) process.exit(0);
const failures = rows.reduce((sum, row) => sum + row.failures, 0);
const calls = rows.reduce((sum, row) => sum + row.calls, 0);
console.log(`${rows.length} faults, ${calls} calls, ${failures} failures seen by callers`);
const behind = rows.filter(({ behindMs }) => behindMs > BEHIND_MS_MAX);
if (behind.length > 0) {
  const names = behind.map(({ name, behindMs }) => `${name} (${Math.round(behindMs)} ms)`).join(', ');
  console.error(
    `the machine was too busy to judge by: calls began late under ${names}. Run fewer jobs, or a lower --rate.`,
  );
  process.exit(2);
}
if (options.write) write();
process.exit(failures === 0 && rows.length > 0 ? 0 : 1);

/** Plays one fault after the other until none is left; beside others, each in its own process, so that none waits in another's loop. */
async function takeTurns(): Promise<void> {
  for (let each = queue.shift(); each !== undefined; each = queue.shift()) {
    const row = jobs === 1 ? await play(each.name, each.fault) : await playApart(each.name);
    each.row = row;
    console.log(options.json ? JSON.stringify(row) : line(row));
  }
}

function playApart(name: string): Promise<Row> {
  const { seconds, rate } = options;
  const own = [import.meta.filename, '--seconds', seconds, '--rate', rate, '--only', name, '--json'];
  const child = spawn(process.execPath, [...process.execArgv, ...own], { stdio: ['ignore', 'pipe', 'inherit'] });
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => {
      const text = told.trim().split('\n').at(-1) ?? '';
      if (code === 0 && text.startsWith('{')) done(JSON.parse(text));
      else failed(new Error(`the process that played ${name} ended with ${code} and told nothing`));
    });
  });
}

async function play(name: string, fault: Fault): Promise<Row> {
  const voice = { voice: 'proof', recordsMax: 1_000_000 };
  const [a, b] = await Promise.all([
    startUpstream(world, { name: 'a', ...voice }),
    startUpstream(world, { name: 'b', ...voice }),
  ]);
  const config = join(folder, 'goodgate.yaml');
  writeFileSync(
    config,
    `listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nlog: { level: off }\ntargets:\n  a: { dialect: openai, url: "${a.baseUrl}" }\n  b: { dialect: openai, url: "${b.baseUrl}" }\n`,
  );
  const serving = await serve(world, { config, say: () => undefined });
  const agent = new Agent({ keepAlive: true, maxSockets: 1024 });
  const site: Site = { port: serving.address.port, agent, expected: '' };
  try {
    site.expected = (await ask(site, false)).text;
    const usual = await offer(site, WARM_MS);
    await a.setFault(fault);
    const faultMs = world.clock.now();
    const seen = await offer(site, ms.fault);
    const late = a.records.filter(({ startMs }) => startMs > faultMs + SETTLED_MS).length;
    const lateCalls = Math.max(1, ((ms.fault - SETTLED_MS) / ms.fault) * seen.tookMs.length);
    return {
      name,
      calls: seen.tookMs.length,
      failures: seen.complaints.length,
      complaint: seen.complaints[0] ?? '',
      addedP50: quantile(seen.tookMs, 0.5) - quantile(usual.tookMs, 0.5),
      addedP99: quantile(seen.tookMs, 0.99) - quantile(usual.tookMs, 0.99),
      lateShare: late / lateCalls,
      behindMs: Math.max(usual.behindMs, seen.behindMs),
    };
  } finally {
    agent.destroy();
    await serving.stop();
    await Promise.all([a.close(), b.close()]);
  }
}

type Site = { readonly port: number; readonly agent: Agent; expected: string };
type Tally = { readonly tookMs: readonly number[]; readonly complaints: readonly string[]; readonly behindMs: number };

/** Calls at an even rate, plain and streamed in turn, each heard to its end. */
async function offer(site: Site, forMs: number): Promise<Tally> {
  const beginMs = world.clock.now();
  const tookMs: number[] = [];
  const complaints: string[] = [];
  const running: Promise<void>[] = [];
  let behindMs = 0;
  for (let n = 0; n * ms.gap < forMs; n++) {
    const waitMs = beginMs + n * ms.gap - world.clock.now();
    if (waitMs > 1) await new Promise((done) => setTimeout(done, waitMs));
    const isStream = n % 2 === 0;
    const startMs = world.clock.now();
    behindMs = Math.max(behindMs, startMs - (beginMs + n * ms.gap));
    running.push(
      ask(site, isStream).then(({ status, text }) => {
        tookMs.push(world.clock.now() - startMs);
        if (text !== site.expected)
          complaints.push(`${isStream ? 'stream' : 'plain'}: ${status} ${text.slice(0, 200)}`);
      }),
    );
  }
  await Promise.all(running);
  return { tookMs, complaints, behindMs };
}

/** One call, and the text that its reader reads; of a broken or failed one the error in it. */
function ask(site: Site, isStream: boolean): Promise<{ readonly status: number; readonly text: string }> {
  const messages = [{ role: 'user', content: 'Why is the sky blue?' }];
  const body = JSON.stringify({ model: 'm', stream: isStream, max_tokens: 20, messages });
  return new Promise((done) => {
    const wish = {
      port: site.port,
      agent: site.agent,
      method: 'POST',
      path: '/v1/chat/completions',
      timeout: CALL_MS_MAX,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    };
    const asked = request(wish, (response) => {
      const parts: Buffer[] = [];
      const status = response.statusCode ?? 0;
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', (error) => done({ status, text: `broken: ${error.message}` }));
      response.on('end', () => done({ status, text: said(status, Buffer.concat(parts).toString(), isStream) }));
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.on('error', (error) => done({ status: 0, text: `no answer: ${error.message}` }));
    asked.end(body);
  });
}

function said(status: number, body: string, isStream: boolean): string {
  if (status !== 200 || (isStream && !body.includes('data: [DONE]'))) return `failed: ${body}`;
  if (!isStream) return String(JSON.parse(body).choices?.[0]?.message?.content);
  return body
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)).choices?.[0]?.delta?.content ?? '')
    .join('');
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function line({ name, calls, failures, complaint, addedP50, addedP99, lateShare }: Row): string {
  const cells = [name, calls, failures, addedP50.toFixed(1), addedP99.toFixed(1), `${(lateShare * 100).toFixed(2)} %`];
  return `| ${cells.join(' | ')} |${complaint === '' ? '' : ` ${complaint}`}`;
}

function write(): void {
  const head =
    '| fault on one of two targets | calls | failures | added p50, ms | added p99, ms | its share after 2 s |';
  const table = [head, '|---|--:|--:|--:|--:|--:|', ...rows.map((row) => line({ ...row, complaint: '' }))].join('\n');
  const how = `${options.seconds} s of each fault at ${options.rate} calls a second: ${calls} calls, ${failures} failures seen by callers.`;
  const page = readFileSync(PAGE, 'utf8');
  const [before = '', rest = ''] = page.split(BEGIN);
  writeFileSync(PAGE, `${before}${BEGIN}\n${how}\n\n${table}\n${END}${rest.split(END)[1] ?? '\n'}`);
}
