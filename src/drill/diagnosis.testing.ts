import { readFileSync } from 'node:fs';
import { CATALOGUE, type CauseCode } from '../diagnosis/catalogue.ts';
import type { CallerRetry, Cause, Hop, ProxyError } from '../diagnosis/cause.ts';
import { attemptSafety, type Safety } from '../diagnosis/safety.ts';
import { serve } from '../serve.ts';
import type { World } from '../world/world.ts';
import { type AnswerKind, FAULT_WORDS, type Fault } from './faults.ts';
import { parseFault } from './parse-fault.ts';
import { causeOf, isSpared } from './true-cause.ts';
import { startUpstream, type Upstream } from './upstream.ts';

/** How the caller and the one target speak. */
export type Tongue = 'openai' | 'azure-openai' | 'anthropic';

/** One fault on the one target of one call: through the whole gateway, on real sockets, so that the failure reaches the caller. */
export type Trial = {
  readonly fault: string;
  readonly kind: AnswerKind;
  readonly tongue: Tongue;
  readonly isTls: boolean;
};

/** What is to be said of a failure, or what was. */
export type Verdict = {
  readonly code: CauseCode;
  readonly hop: Hop;
  readonly side: Cause['side'];
  readonly status: number;
  readonly proxyError: ProxyError | undefined;
  readonly retry: CallerRetry;
  readonly safety: Safety;
};

/** `observed` is undefined when the call was answered whole. */
export type Tried = {
  readonly trial: Trial;
  readonly truth: Verdict;
  readonly isSpared: boolean;
  readonly observed: Verdict | undefined;
  /** The steps shown to the person. */
  readonly steps: readonly string[];
  /** What the caller got, for whoever looks into a difference. */
  readonly got: string;
};

/** Values besides the defaults that change what is true of a fault. */
const VARIANTS = [
  ...[
    ...[400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 421, 422, 425, 426, 429, 431, 451, 494],
    ...[500, 501, 502, 503, 504, 507, 511, 529],
  ].map((each) => `status(${each})`),
  'status(429, retry-after=7)',
  'status(503, retry-after-ms=1500)',
  ...['nginx', 'cloudflare', 'cloudflare-edge'].flatMap((from) =>
    [403, 500, 502, 503, 504].map((status) => `html-error(${status}, ${from})`),
  ),
  ...[520, 521, 522, 523, 524, 525, 526, 530].map((status) => `html-error(${status}, cloudflare)`),
  'html-error(200)',
  'html-error(302)',
  ...[503, 504, 520, 522, 524].map((status) => `edge-error(${status})`),
  'captive-portal(302)',
  'captive-portal(511)',
  'quota-exhausted(402)',
  'error-event(0, overloaded)',
  'error-event(0, unnamed)',
  'error-event(3, error)',
  'error-event(3, overloaded)',
  'error-event(3, unnamed)',
  'cut-after-events(0)',
  'cut-after-events(5, fin)',
  'cut-after-events(5, reset)',
  'stall-after-events(0)',
  'reset-after-bytes(0)',
  'reset-after-bytes(100)',
  'wrong-content-length(too-short)',
  'invalid-json-event(3)',
  'bad-chunk-size(3)',
];

/** Every fault, and those of its values that mean something else. */
export const FAULTS: readonly string[] = [...FAULT_WORDS, ...VARIANTS];

const FIXTURES = new URL('../http1/fixtures/', import.meta.url);
const pem = (name: string) => readFileSync(new URL(name, FIXTURES), 'utf8');

/** Short clocks, so that silence costs a second and not the minute a person would give it; the path is the same. */
const CONFIG = `listen: 127.0.0.1:0
admin: 127.0.0.1:0
timeouts: { connect: 500ms, head: 1s, first-part: 1s, between-parts: 1s, between-bytes: 2s, deadline: 5s }
retries: { budget-per-second: 100000, resumes: 0 }
log: { level: off }
`;

/** Trials at one time: with more, two processors are late for clocks of one second, and lateness is a finding of its own. */
const LANES = 50;

/** Each trial has a target of its own behind a route of its own, so that all can run at the same time and none meets another's health. */
export async function tryAll(world: World, trials: readonly Trial[], configPath: string): Promise<Tried[]> {
  const secure: World = {
    ...world,
    net: {
      ...world.net,
      listen: (options, accept) =>
        world.net.listen({ ...options, tls: { certificate: pem('good.pem'), key: pem('good-key.pem') } }, accept),
    },
  };
  const upstreams = await Promise.all(
    trials.map((trial, index) => startUpstream(trial.isTls ? secure : world, { name: `t${index}` })),
  );
  await world.files.write(configPath, configOf(trials, upstreams));
  const serving = await serve(world, { config: configPath, say: () => undefined });
  try {
    const tried = new Array<Tried>(trials.length);
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let index = next++; index < trials.length; index = next++) {
        const trial = trials[index];
        const upstream = upstreams[index];
        if (trial === undefined || upstream === undefined) return;
        tried[index] = await tryOne(trial, index, upstream, serving.address.port);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return tried;
  } finally {
    await serving.stop();
    await Promise.all(upstreams.map((upstream) => upstream.close()));
  }
}

function configOf(trials: readonly Trial[], upstreams: readonly Upstream[]): string {
  const ca = JSON.stringify(new URL('ca.pem', FIXTURES).pathname);
  const targets = trials.map(({ tongue, isTls }, index) => {
    const plain = upstreams[index]?.baseUrl ?? '';
    const url = isTls ? plain.replace('http://127.0.0.1', 'https://localhost') : plain;
    const tls = isTls ? `, tls: { ca: ${ca} }` : '';
    const key = tongue === 'azure-openai' ? ', key: k-azure' : '';
    return `  t${index}: { dialect: ${tongue}, url: "${tongue === 'openai' ? url : url.replace(/\/v1$/, '')}"${key}${tls} }`;
  });
  const routes = trials.map((_, index) => `  - { match: { models: [m${index}] }, pools: [{ targets: [t${index}] }] }`);
  return `${CONFIG}targets:\n${targets.join('\n')}\nroutes:\n${routes.join('\n')}\n`;
}

/** A busy machine is late for our clocks, and being late is what the gateway then rightly says: such a trial is made again. */
const TRIES_MAX = 3;

async function tryOne(trial: Trial, index: number, upstream: Upstream, port: number): Promise<Tried> {
  await upstream.setFault(faultOf(trial.fault));
  for (let tries = 1; ; tries += 1) {
    const tried = await tryOnce(trial, index, upstream, port);
    if (tried.observed?.code !== 'gateway-stalled' || tries === TRIES_MAX) return tried;
  }
}

async function tryOnce(trial: Trial, index: number, upstream: Upstream, port: number): Promise<Tried> {
  const fault = faultOf(trial.fault);
  const { status, code, text } = await ask(trial, `m${index}`, port);
  const isAsked = upstream.counters.requests > 0;
  return {
    trial,
    truth: truthOf(fault, trial.kind, isAsked),
    isSpared: isSpared(fault, trial.kind),
    ...toldIn(status, code, text),
    got: `${status} ${text.slice(-1500)}`,
  };
}

/** Reads a fault as it is written. @throws Error on one that is none: the list above is wrong then. */
export function faultOf(text: string): Fault {
  const parsed = parseFault(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem}`);
  return parsed.value;
}

/** What is true: the declared cause, what the catalogue says of it, and what the target itself saw of the message. */
function truthOf(fault: Fault, kind: AnswerKind, isAsked: boolean): Verdict {
  const code = causeOf(fault, kind);
  const cause: Cause = CATALOGUE[code];
  const sent = statusSent(fault);
  const safety = isAsked
    ? attemptSafety({ phase: 'body', ...(sent === undefined ? {} : { answer: { status: sent } }) })
    : 'not-sent';
  // About the caller's own request the service's status is kept, so that SDKs raise the error they know.
  const isKept = cause.blame === 'caller' && sent !== undefined && sent >= 400 && sent < 500;
  const { hop, side, proxyError } = cause;
  return { code, hop, side, proxyError, status: isKept ? sent : cause.status, retry: cause.retry.caller, safety };
}

/** The status that the fault answers with, where it answers with one of failure. */
function statusSent(fault: Fault): number | undefined {
  switch (fault.word) {
    case 'status':
    case 'html-error':
    case 'edge-error':
      return fault.values.status;
    case 'captive-portal':
    case 'quota-exhausted':
      return Number(fault.values.status);
    case 'model-not-found':
      return 404;
    case 'context-too-long':
    case 'content-refused':
      return 400;
    default:
      return undefined;
  }
}

type Got = { readonly status: number; readonly code: string | undefined; readonly text: string };

async function ask({ kind, tongue }: Trial, model: string, port: number): Promise<Got> {
  const path = tongue === 'anthropic' ? '/v1/messages' : '/v1/chat/completions';
  const messages = [{ role: 'user', content: 'Why is the sky blue?' }];
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages, max_tokens: 30, stream: kind === 'stream' }),
  });
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const part of response.body ?? []) text += decoder.decode(part, { stream: true });
  } catch {
    // A dirty end is how a broken answer ends (P2); what came before it is what is looked at.
  }
  return { status: response.status, code: response.headers.get('goodgate-code') ?? undefined, text };
}

/** What the caller was told: the status and `goodgate-code` of the answer, and the members of the problem in it. */
export function toldIn(status: number, code: string | undefined, text: string): Pick<Tried, 'observed' | 'steps'> {
  const problem = problemIn(text);
  if (problem === undefined) return { observed: undefined, steps: [] };
  return {
    observed: { ...problem.verdict, status, code: (code ?? problem.verdict.code) as CauseCode },
    steps: problem.steps,
  };
}

/** The problem's members, of an error body or of the last event of a stream. */
function problemIn(text: string): { verdict: Omit<Verdict, 'status'>; steps: readonly string[] } | undefined {
  const at = text.lastIndexOf('"goodgate_code"');
  if (at === -1) return undefined;
  const line = text.split('\n').findLast((one) => one.includes('"goodgate_code"')) ?? '';
  const body = JSON.parse(line.slice(line.indexOf('{')));
  return {
    verdict: {
      code: body.goodgate_code,
      hop: body.hop,
      side: body.side,
      proxyError: body.proxy_error,
      retry: body.retry,
      safety: body.message_safety,
    },
    steps: body.steps,
  };
}

/** Differences of what was said from what is true, as `word: said, not true`; empty when all is right. */
export function differences({ truth, observed, isSpared: spared, trial }: Tried): string[] {
  if (observed === undefined) return spared ? [] : [`answered, not ${truth.code}`];
  const wrong: string[] = [];
  for (const name of ['code', 'hop', 'side', 'proxyError', 'retry', 'safety'] as const) {
    if (observed[name] !== truth[name]) wrong.push(`${name}: ${observed[name]}, not ${truth[name]}`);
  }
  // A stream that had begun has its status already.
  const isBegun = trial.kind === 'stream' && observed.status === 200;
  if (!isBegun && observed.status !== truth.status) wrong.push(`status: ${observed.status}, not ${truth.status}`);
  return wrong;
}
