import { fieldOf } from '../call/fields.ts';
import type { Address, Chance, Listener, Wire, World } from '../world/world.ts';
import type { Ask, Prefill, Speaker } from './answers/answer.ts';
import { answerTo, readAsk } from './answers/route.ts';
import { Connection, type Deed, type Host, type WholeRequest } from './connection.ts';
import { control, isControl } from './control.ts';
import type { Fault } from './faults.ts';
import { type Counters, Ledger, RECORDS_MAX, type Received } from './ledger.ts';
import { type FaultOrder, formatFault, type Parsed, parseFault } from './parse-fault.ts';
import { faultNotUnderstood, keyRefused } from './refusals.ts';
import type { Scene } from './script.ts';
import { perform, strike } from './strike.ts';

export type UpstreamOptions = {
  /** Shows as `system_fingerprint` and as the owner of the models. */
  readonly name: string;
  /** Loopback on any free port by default. */
  readonly address?: Address;
  /** Words per second of a stream; 0, the default, is all at once. Plain answers never wait. */
  readonly paceWordsPerS?: number;
  /** Upstreams of one voice say the same to the same prompt and model, so that one can finish what another began. */
  readonly voice?: string;
  readonly models?: readonly string[];
  /** What it makes of a last message from the assistant: `continue` by default, as prefill-able models and engines do. */
  readonly prefill?: Prefill;
  /** Keys that are let in; without any, every request is. */
  readonly keys?: readonly string[];
  /** A fault that a request brings upon itself, whatever is in force: an input the service cannot bear. */
  readonly faultFor?: (ask: Ask) => Fault | undefined;
  /** How long this request waits for its turn before anything is done about it: a service that is busy. None by default. */
  readonly queueMs?: () => number;
  /** Requests remembered one by one. */
  readonly recordsMax?: number;
  /** Upstreams that may be controlled through each other's port: one that refuses connections cannot be told to stop by itself. */
  readonly family?: Map<string, Upstream>;
};

/** How large a part of the requests a fault strikes, and the chance that decides. */
export type Striking = { readonly share?: number; readonly from?: Chance };

/** A provider of AI answers that speaks the real wire formats and fails in any way it is told to. */
export type Upstream = {
  readonly name: string;
  /** As bound: the port is the real one. */
  readonly address: Address;
  /** `http://127.0.0.1:40123/v1`; empty on a Unix socket. */
  readonly baseUrl: string;
  readonly order: FaultOrder | undefined;
  readonly counters: Readonly<Counters>;
  /** The last requests, oldest first. */
  readonly records: readonly Received[];
  /** From the next request on; undefined heals. Settles when the listener has stopped or listens again, where that is needed. */
  setFault(fault: Fault | undefined, striking?: Striking): Promise<void>;
  setPace(wordsPerS: number): void;
  /** Forgets records and counters. */
  forget(): void;
  /** Stops listening and drops all connections. */
  close(): Promise<void>;
};

const LOOPBACK: Address = { ip: '127.0.0.1', port: 0 };
const MODELS = ['sandbox-chat', 'sandbox-embedding'] as const;
/** Above this a connection is reset at once: more than any drill opens (9,000 streams), fewer than files a process may have. */
const CONNECTIONS_MAX = 20_000;

/** The answer to a change waits so long, in which any listener starts or stops: what is asked next already sees it. */
const LISTENER_MS = 20;

/** The name of the field by which one request asks to be struck: `goodgate-drill: slow-head(50)`, or `none`. */
export const DRILL_FIELD = 'goodgate-drill';

/** Starts a faulty upstream; it is healthy until told otherwise. @throws an errno error when it cannot listen. */
export async function startUpstream(world: World, options: UpstreamOptions): Promise<Upstream> {
  const upstream = new FaultyUpstream(world, options);
  await upstream.listen();
  options.family?.set(options.name, upstream);
  return upstream;
}

class FaultyUpstream implements Upstream, Host {
  readonly name: string;
  readonly clock: World['clock'];
  readonly timers: World['timers'];
  readonly ledger: Ledger;
  readonly #world: World;
  readonly #options: UpstreamOptions;
  readonly #speaker: Speaker;
  readonly #connections = new Set<Connection>();
  readonly #family: Map<string, Upstream>;
  #listener: Listener | undefined;
  #address: Address;
  #order: FaultOrder | undefined;
  #chance: Chance;
  #paceMs = 0;
  #isClosed = false;
  /** Changes of the listener, one after another. */
  #changing: Promise<void> = Promise.resolve();

  constructor(world: World, options: UpstreamOptions) {
    const { name, voice = 'sandbox', models = MODELS, prefill = 'continue' } = options;
    const { chance, clock, timers } = world;
    this.name = name;
    this.clock = clock;
    this.timers = timers;
    this.ledger = new Ledger(options.recordsMax ?? RECORDS_MAX);
    this.#world = world;
    this.#options = options;
    this.#speaker = { name, voice, models, prefill, id: () => chance.id(), wallMs: () => clock.wallMs() };
    this.#family = options.family ?? new Map<string, Upstream>([[name, this]]);
    this.#address = options.address ?? LOOPBACK;
    this.#chance = chance;
    this.setPace(options.paceWordsPerS ?? 0);
  }

  get address(): Address {
    return this.#address;
  }

  get baseUrl(): string {
    const address = this.#address;
    if ('path' in address) return '';
    return `http://${address.ip.includes(':') ? `[${address.ip}]` : address.ip}:${address.port}/v1`;
  }

  get order(): FaultOrder | undefined {
    return this.#order;
  }

  get counters(): Readonly<Counters> {
    return this.ledger.counters;
  }

  get records(): readonly Received[] {
    return this.ledger.records;
  }

  forget(): void {
    this.ledger.forget();
  }

  setPace(wordsPerS: number): void {
    this.#paceMs = wordsPerS > 0 ? 1000 / wordsPerS : 0;
  }

  async setFault(fault: Fault | undefined, { share = 1, from }: Striking = {}): Promise<void> {
    const order = fault === undefined ? undefined : { fault, share };
    this.#order = order;
    this.#chance = from ?? this.#world.chance;
    this.#changing = this.#changing.then(() => (fault?.word === 'refuse' ? this.#deafen() : this.listen()));
    await this.#changing;
    if (fault?.word !== 'refuse' || fault.values.ms === undefined) return;
    this.timers.after(fault.values.ms, () => {
      if (this.#order === order) void this.setFault(undefined).catch(() => undefined);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#family.delete(this.name);
    this.#changing = this.#changing.then(() => this.#deafen());
    await this.#changing;
  }

  /** Listens, again on the same port after a refusal. */
  async listen(): Promise<void> {
    if (this.#listener !== undefined || this.#isClosed) return;
    this.#listener = await this.#world.net.listen({ address: this.#address }, (wire) => this.#accept(wire));
    this.#address = this.#listener.address;
  }

  /** As when the process has died: nobody listens, and what was connected is reset. */
  async #deafen(): Promise<void> {
    const closing = this.#listener?.close();
    this.#listener = undefined;
    for (const connection of this.#connections) connection.reset();
    await closing;
  }

  #accept(wire: Wire): Connection {
    const connection = new Connection(wire, this);
    this.#connections.add(connection);
    // A TLS handshake may end when nobody listens any more.
    if (this.#connections.size > CONNECTIONS_MAX || this.#listener === undefined) connection.reset();
    return connection;
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection);
  }

  serve(request: WholeRequest, wire: Wire): Deed {
    const { head, body, nthOnWire } = request;
    const { fields } = head;
    const ask = readAsk(head.method, head.target, fields, body);
    const paceMs = this.#paceMs;
    const { isKept } = request;
    const scene: Scene = { ask, speaker: this.#speaker, minorVersion: head.minorVersion, isKept, paceMs, nthOnWire };
    if (isControl(ask, wire.remote)) {
      const answer = control(ask, body, { own: this.name, family: this.#family, nowMs: this.clock.now() });
      const script = { ...perform(answer, { ...scene, isKept: false }), headDelayMs: LISTENER_MS };
      return { script, record: undefined, isStruck: false };
    }
    const chosen = this.#choose(fields);
    const fault = this.#options.faultFor?.(ask) ?? (chosen.ok ? chosen.value : undefined);
    const record = this.#record(request, ask, fault);
    if (!chosen.ok) {
      const answer = faultNotUnderstood(ask.shape, this.#speaker, chosen.problem);
      return { script: perform(answer, scene), record, isStruck: false };
    }
    const answer = keyRefused(ask, this.#options.keys, this.#speaker) ?? answerTo(ask, this.#speaker);
    const script = fault === undefined ? perform(answer, scene) : strike(fault, answer, scene);
    const queueMs = this.#options.queueMs?.() ?? 0;
    const headDelayMs = script.headDelayMs + queueMs;
    return { script: { ...script, headDelayMs }, record, isStruck: fault !== undefined };
  }

  /** The fault this request meets: the one it asks for, else the one in force if chance will have it so. */
  #choose(fields: readonly string[]): Parsed<Fault | undefined> {
    const asked = fieldOf(fields, DRILL_FIELD);
    if (asked === 'none') return { ok: true, value: undefined };
    if (asked !== undefined) {
      const parsed = parseFault(asked);
      if (!parsed.ok || parsed.value.word !== 'refuse') return parsed;
      return { ok: false, problem: 'refuse stops the whole upstream and cannot be asked for by one request.' };
    }
    const order = this.#order;
    const isStruck = order !== undefined && (order.share >= 1 || this.#chance.float() < order.share);
    return { ok: true, value: isStruck ? order.fault : undefined };
  }

  #record(request: WholeRequest, ask: Scene['ask'], fault: Fault | undefined): Received {
    const { fields } = request.head;
    const model = ask.body?.['model'];
    return this.ledger.begin({
      connection: request.connection,
      method: ask.method,
      path: ask.path,
      model: typeof model === 'string' ? model : undefined,
      isStream: ask.body?.['stream'] === true,
      bodyBytes: request.body.length,
      requestId: fieldOf(fields, 'x-request-id'),
      attempt: fieldOf(fields, 'goodgate-attempt'),
      idempotencyKey: fieldOf(fields, 'idempotency-key'),
      drillCall: fieldOf(fields, 'drill-call'),
      fault: fault === undefined ? undefined : formatFault(fault),
      startMs: this.clock.now(),
    });
  }
}
