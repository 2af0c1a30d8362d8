import { type Fields, fieldOf } from '../call/fields.ts';
import type { Target } from '../call/target.ts';
import { isNear } from '../config/address.ts';
import { classify } from '../diagnosis/classify.ts';
import type { Evidence } from '../diagnosis/evidence.ts';
import type { IncomingRequest, Origin, Responder } from '../http1/contract.ts';
import { createRequester } from '../http1/requester.ts';
import type { World } from '../world/world.ts';
import { checkBudget, isInside, mayCheck } from './check-guard.ts';
import { BodyGatherer } from './gather-body.ts';

/** What the control check needs of the process. */
export type CheckOptions = {
  readonly world: Pick<World, 'clock' | 'timers' | 'chance' | 'net' | 'names'>;
  readonly targets: () => readonly Target[];
  /** The admin token in force. */
  readonly token: () => string | undefined;
};

/** What the gateway found when it tried a target from where it stands. */
export type Checked = {
  readonly target: string;
  readonly url: string;
  readonly at: string;
  readonly tookMs: number;
  /** An HTTP answer came, whatever its status. */
  readonly isReached: boolean;
  readonly status: number | null;
  readonly code: string | null;
  readonly phase: string;
  readonly addresses: readonly string[];
  readonly errno: string | null;
};

const CHECK_PATH = '/goodgate/check';
const TICKS_PATH = '/goodgate/ticks';
/** The doctor waits less than four seconds, and a check that comes too late tells nothing: a silent host is given up before. */
const CHECK_MS = 3_000;
/** A SYN lost once is sent again after 1 s. */
const STEP_MS = 2_000;
/** 1 KiB: a name or a URL. */
const BODY_BYTES_MAX = 1_024;
/** At the same time: more would be somebody using the gateway as a scanner. */
const RUNNING_MAX = 3;
const JSON_FIELDS: Fields = ['content-type', 'application/json', 'cache-control', 'no-store'];

/** `POST /goodgate/check` and `GET /goodgate/ticks`, for the doctor. False for any other path. */
export function controlChecks(options: CheckOptions): (request: IncomingRequest, response: Responder) => boolean {
  const budget = checkBudget(() => options.world.clock.now());
  const state = { running: 0, ticking: 0 };
  return (request, response) => {
    const path = request.target.split('?', 1)[0];
    if (path === TICKS_PATH) tick(request, response, options, state);
    else if (path === CHECK_PATH) receive(request, response, options, budget, state);
    else return false;
    return true;
  };
}

type Refusal = { readonly status: number; readonly error: string; readonly more?: Fields };

function send(response: Responder, { status, error, more }: Refusal): void {
  response.send(status, [...JSON_FIELDS, ...(more ?? [])], `${JSON.stringify({ error })}\n`);
}

/** Why a request is no check that may be made; undefined when it may. */
function refusalOf(request: IncomingRequest, token: string | undefined): Refusal | undefined {
  if (request.method !== 'POST')
    return { status: 405, error: 'a check is asked for with POST', more: ['allow', 'POST'] };
  if (!mayCheck(request, token)) {
    const error =
      'a check is made for programs on the same machine, and with the admin token: "authorization: Bearer TOKEN"';
    return { status: 403, error };
  }
  if (fieldOf(request.fields, 'content-type')?.split(';', 1)[0] !== 'application/json')
    return { status: 415, error: 'the body must be JSON: {"target": "name"} or {"url": "https://…"}' };
  if (request.bodyLength < 1 || request.bodyLength > BODY_BYTES_MAX)
    return { status: 413, error: `the body has a length of 1 to ${BODY_BYTES_MAX} bytes, and says so` };
  return undefined;
}

function receive(
  request: IncomingRequest,
  response: Responder,
  options: CheckOptions,
  budget: { take(): number },
  state: { running: number },
): void {
  const refusal = refusalOf(request, options.token());
  if (refusal !== undefined) {
    send(response, refusal);
    return;
  }
  const begin = (body: Uint8Array): void => {
    const target = targetIn(body, options.targets());
    if (target === undefined) {
      send(response, { status: 404, error: 'no configured target has this name or URL' });
      return;
    }
    const waitS = state.running < RUNNING_MAX ? budget.take() : 1;
    if (waitS > 0) {
      send(response, { status: 429, error: 'too many checks', more: ['retry-after', String(waitS)] });
      return;
    }
    state.running += 1;
    check(options.world, target).then((checked) => {
      state.running -= 1;
      response.send(200, JSON_FIELDS, `${JSON.stringify(checked)}\n`);
    });
  };
  request.read(new BodyGatherer(request.bodyLength, { whole: begin }));
}

/** The configured target that is meant, by name or by scheme, host and port. What comes back is ours alone: nothing of the caller's text is used. */
function targetIn(body: Uint8Array, targets: readonly Target[]): Target | undefined {
  let asked: unknown;
  try {
    asked = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
  if (typeof asked !== 'object' || asked === null) return undefined;
  const name: unknown = Reflect.get(asked, 'target');
  const url: unknown = Reflect.get(asked, 'url');
  if (typeof name === 'string') return targets.find((target) => target.name === name);
  if (typeof url !== 'string' || !URL.canParse(url)) return undefined;
  const { origin } = new URL(url);
  return targets.find((target) => target.origin.socketPath === undefined && originText(target.origin) === origin);
}

function originText({ host, port, isSecure }: Origin): string {
  const place = host.includes(':') ? `[${host}]` : host;
  const url = `${isSecure ? 'https' : 'http'}://${place}:${port}`;
  return URL.canParse(url) ? new URL(url).origin : url;
}

/** Tries a target once, on a connection of its own, without its key. Never rejects. */
async function check(world: CheckOptions['world'], target: Target): Promise<Checked> {
  const startMs = world.clock.now();
  const at = new Date(world.clock.wallMs()).toISOString();
  const addresses = await addressesFor(world, target.origin);
  const told = await (addresses === 'forbidden' ? Promise.resolve(FORBIDDEN) : exchange(world, target, addresses));
  const { evidence } = told;
  return {
    target: target.name,
    url: `${originText(target.origin)}${target.basePath}`,
    at,
    tookMs: Math.round(world.clock.now() - startMs),
    isReached: told.status !== undefined,
    status: told.status ?? null,
    code: evidence === undefined ? null : told.status === undefined ? classify(evidence).code : null,
    phase: told.status === undefined ? (evidence?.phase ?? 'dns') : 'done',
    addresses: addresses === 'forbidden' ? [] : addresses,
    errno: evidence?.errno ?? null,
  };
}

type Tried = { readonly status: number | undefined; readonly evidence: Evidence | undefined };

/** A public name that leads inside: not followed, and said as a connection that is not allowed. */
const FORBIDDEN: Tried = { status: undefined, evidence: { phase: 'connect', firstEvent: 'errno', errno: 'EACCES' } };

/**
 * Where the target is, looked up here and now; empty where a proxy looks it up, or the look-up failed. The connection is then made to these
 * addresses and to no others, so that a second answer of the name server changes nothing. Names that the operator himself wrote as local are
 * his own affair; a public name may not lead inside.
 */
async function addressesFor(
  world: CheckOptions['world'],
  { host, via, socketPath }: Origin,
): Promise<readonly string[] | 'forbidden'> {
  if (via !== undefined || socketPath !== undefined || isNear(host)) return [];
  const addresses = await world.names.lookup(host).catch(() => []);
  if (addresses.length === 0) return [];
  const outside = addresses.filter((ip) => !isInside(ip));
  return outside.length === 0 ? 'forbidden' : outside.slice(0, 8);
}

function exchange(world: CheckOptions['world'], target: Target, addresses: readonly string[]): Promise<Tried> {
  const names =
    addresses.length === 0
      ? world.names
      : { ...world.names, lookup: () => Promise.resolve(addresses), servers: () => [] };
  const requester = createRequester({ ...world, names }, {});
  const clocks = {
    dnsMs: STEP_MS,
    connectMs: STEP_MS,
    tlsMs: STEP_MS,
    writeMs: CHECK_MS,
    headMs: CHECK_MS,
    betweenBytesMs: CHECK_MS,
  };
  return new Promise((fulfil) => {
    const over = (tried: Tried): void => {
      alarm.disarm();
      running.cancel();
      requester.close();
      fulfil(tried);
    };
    const alarm = world.timers.after(CHECK_MS, () => {
      const facts = running.facts();
      over({ status: undefined, evidence: { ...facts, firstEvent: 'our-timer', clock: clockOf(facts.phase) } });
    });
    const running = requester.exchange(
      target.origin,
      {
        method: 'GET',
        target: `${target.basePath}/models`,
        // No credential: whether the way is open shows without it, and nothing is given to whoever asks.
        fields: ['accept', 'application/json', 'user-agent', 'goodgate-check/1'],
        body: undefined,
        clocks,
        isReplayable: false,
      },
      {
        informational() {},
        // The status is all that is told: the body is not read, and a redirect is an answer that nobody follows.
        head: (status) => over({ status, evidence: undefined }),
        part() {},
        end() {},
        fail: (evidence) => over({ status: undefined, evidence }),
      },
    );
  });
}

function clockOf(phase: Evidence['phase']): NonNullable<Evidence['clock']> {
  if (phase === 'dns' || phase === 'connect' || phase === 'tls') return phase;
  return phase === 'proxy-connect' ? 'connect' : 'head';
}

const TICKS = 8;
const TICK_MS = 250;
const TICKING_MAX = 32;

/** Eight events, a quarter of a second apart: whoever reads them knows whether something on the way holds a stream back. */
function tick(
  request: IncomingRequest,
  response: Responder,
  { world }: CheckOptions,
  state: { ticking: number },
): void {
  if (request.method !== 'GET' || state.ticking >= TICKING_MAX) {
    const refusal: Refusal =
      request.method === 'GET'
        ? { status: 429, error: 'too many streams of ticks', more: ['retry-after', '2'] }
        : { status: 405, error: 'ticks are only read', more: ['allow', 'GET'] };
    send(response, refusal);
    return;
  }
  state.ticking += 1;
  let sent = 0;
  const over = (): void => {
    timer.disarm();
    response.onLeave = undefined;
    state.ticking -= 1;
  };
  const timer = world.timers.timer(() => {
    sent += 1;
    response.part(`data: {"tick":${sent}}\n\n`);
    if (sent < TICKS) {
      timer.arm(TICK_MS);
      return;
    }
    over();
    response.end();
  });
  response.onLeave = over;
  response.head(200, ['content-type', 'text/event-stream', 'cache-control', 'no-store', 'x-accel-buffering', 'no']);
  timer.arm(TICK_MS);
}
