import { timingSafeEqual } from 'node:crypto';
import type { Control, WindowView } from '../call/control.ts';
import { type Fields, fieldOf } from '../call/fields.ts';
import { isLoopback } from '../config/address.ts';
import type { IncomingRequest, RequestHandler, Responder } from '../http1/contract.ts';
import { BodyGatherer } from './gather-body.ts';

export type AdminOptions = {
  /** That of the gateway in force: a reload makes a new one. */
  readonly control: () => Control;
  /** Asked of whoever does not come from loopback; undefined lets only loopback in. */
  readonly token: () => string | undefined;
  readonly wallMs: () => number;
};

type AdminAnswer = { readonly status: number; readonly body: object };

/** A month: longer rests and windows are mistakes. */
const SPELL_MS_MAX = 31 * 24 * 3_600_000;
const WEIGHT_MAX = 1000;
const NOTE_MAX = 200;
const FIELDS: Fields = ['content-type', 'application/json', 'cache-control', 'no-store'];

const HELP = [
  'GET /targets',
  'GET /maintenance',
  'POST /targets/NAME/rest {"forMs":60000}',
  'POST /targets/NAME/wake',
  'PUT /targets/NAME/weight {"weight":2}',
  'PUT /maintenance/{gateway|pools/NAME|targets/NAME} {"word":"maintenance"|"draining","fromMs":…,"untilMs":…,"note":"…"}',
  'DELETE /maintenance/{gateway|pools/NAME|targets/NAME}',
];

/** The admin API: rest, wake, weight, drain and maintenance, live. Bodies and answers are JSON. */
export function adminHandler(options: AdminOptions): RequestHandler {
  return (request, response) => {
    if (!isLetIn(request, options.token())) {
      send(response, {
        status: 401,
        body: { error: 'this port wants "authorization: Bearer TOKEN" with the admin token' },
      });
      return;
    }
    const serve = (body: Uint8Array): void => {
      let answer: AdminAnswer;
      try {
        answer = answered(request.method, request.target, body, options);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        answer = { status: 400, body: { error: error.message } };
      }
      send(response, answer);
    };
    if (request.bodyLength === 0) serve(new Uint8Array(0));
    else request.read(new BodyGatherer(request.bodyLength, { whole: serve }));
  };
}

/** What was asked cannot be done as written; the message says what to write. */
class Refusal extends Error {}

function isLetIn(request: IncomingRequest, token: string | undefined): boolean {
  if (token === undefined) return isLoopback(request.peer.ip) || request.peer.ip === '::ffff:127.0.0.1';
  const given = Buffer.from(fieldOf(request.fields, 'authorization') ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  // Compared in constant time, or the token could be guessed a byte at a time.
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function answered(method: string, path: string, body: Uint8Array, options: AdminOptions): AdminAnswer {
  const control = options.control();
  const [room = '', ...rest] = (path.split('?', 1)[0] ?? '').split('/').slice(1).map(decoded);
  if (method === 'GET' && room === 'targets' && rest.length === 0) return { status: 200, body: control.seats() };
  if (method === 'GET' && room === 'maintenance' && rest.length === 0) return { status: 200, body: control.windows() };
  if (room === 'targets' && rest.length === 2) return onTarget(method, rest[0] ?? '', rest[1] ?? '', body, control);
  if (room === 'maintenance' && rest.length > 0) return onMaintenance(method, scopeOf(rest), body, options);
  return { status: 404, body: { error: `there is no ${method} ${path.slice(0, 100)} here`, paths: HELP } };
}

function onTarget(method: string, name: string, verb: string, body: Uint8Array, control: Control): AdminAnswer {
  switch (`${method} ${verb}`) {
    case 'POST rest':
      return done(control.rest(name, numberIn(body, 'forMs', 1, SPELL_MS_MAX)), name, control);
    case 'POST wake':
      return done(control.wake(name), name, control);
    case 'PUT weight':
      return done(control.weigh(name, numberIn(body, 'weight', 0, WEIGHT_MAX)), name, control);
    default:
      return { status: 404, body: { error: `a target has no "${method} ${verb}"`, paths: HELP } };
  }
}

function onMaintenance(
  method: string,
  scope: WindowView['scope'],
  body: Uint8Array,
  options: AdminOptions,
): AdminAnswer {
  const control = options.control();
  if (method === 'DELETE') return done(control.putBack(scope), scope, control);
  if (method !== 'PUT') return { status: 405, body: { error: 'maintenance is set with PUT and ended with DELETE' } };
  const asked = objectIn(body);
  const word = Reflect.get(asked, 'word') ?? 'maintenance';
  if (word !== 'maintenance' && word !== 'draining') throw new Refusal('"word" is "maintenance" or "draining"');
  const nowMs = options.wallMs();
  const fromMs = timeIn(asked, 'fromMs') ?? nowMs;
  const untilMs = timeIn(asked, 'untilMs');
  if (untilMs !== undefined && untilMs <= Math.max(fromMs, nowMs))
    throw new Refusal('"untilMs" must come after "fromMs" and now');
  const note = String(Reflect.get(asked, 'note') ?? '').slice(0, NOTE_MAX);
  return done(control.takeOut({ scope, word, fromMs, untilMs, note }), scope, control);
}

function scopeOf([kind, name]: readonly string[]): WindowView['scope'] {
  if (kind === 'gateway') return 'gateway';
  if (kind === 'pools' && name !== undefined) return `pool:${name}`;
  if (kind === 'targets' && name !== undefined) return `target:${name}`;
  throw new Refusal('maintenance is of "gateway", "pools/NAME" or "targets/NAME"');
}

function done(isDone: boolean, name: string, control: Control): AdminAnswer {
  if (isDone) return { status: 200, body: { targets: control.seats(), maintenance: control.windows() } };
  const known = [...new Set(control.seats().flatMap((seat) => [seat.target, `pool ${seat.pool}`]))];
  return { status: 404, body: { error: `nothing here is called "${name}"`, known } };
}

function objectIn(body: Uint8Array): object {
  if (body.length === 0) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(body));
  } catch {
    parsed = undefined;
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw new Refusal('the body must be a JSON object');
}

function numberIn(body: Uint8Array, name: string, min: number, max: number): number {
  const value: unknown = Reflect.get(objectIn(body), name);
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw new Refusal(`the body must be {"${name}": a number from ${min} to ${max}}`);
}

function timeIn(asked: object, name: string): number | undefined {
  const value: unknown = Reflect.get(asked, name);
  if (value === undefined || value === null) return undefined;
  const ms = typeof value === 'string' ? Date.parse(value) : value;
  if (typeof ms === 'number' && Number.isFinite(ms)) return ms;
  throw new Refusal(`"${name}" must be Unix milliseconds or a date such as 2026-01-31T22:00:00Z`);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Refusal('the path is not well encoded');
  }
}

function send(response: Responder, answer: AdminAnswer): void {
  response.send(answer.status, [...FIELDS], `${JSON.stringify(answer.body, undefined, 2)}\n`);
}
