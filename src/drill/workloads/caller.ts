import type { Address, Chance, Wire, WireHearer, World } from '../../world/world.ts';
import { EventReader, wordIn } from './events.ts';
import { ResponseReader } from './response.ts';
import type { Ending, Seen } from './seen.ts';
import { textOf, type Wish } from './wish.ts';

/** How a caller behaves besides what it asks. Milliseconds; Infinity is never. */
export type Manners = {
  /** It goes away after this, whatever has come. */
  readonly leavesMs: number;
  /** It gives up on an answer that is not whole after this, as SDKs do. */
  readonly patienceMs: number;
  /** It looks at what came only this often, and takes a little of it. */
  readonly readsEveryMs: number;
  /** Header fields of its own. */
  readonly headers: Readonly<Record<string, string>>;
};

/** What a slow reader takes at a glance, at most: in so many milliseconds, and so many bytes. */
const GLANCE_MS = 20;
const GLANCE_BYTES = 65_536;

/** Callers of one machine, who keep their connections for the next call as SDKs do. */
export class CallerSite {
  readonly world: World;
  readonly #gateway: Address;
  readonly #idle: Wire[] = [];
  readonly #placed = new Set<PlacedCall>();
  readonly #chance: Chance;

  constructor(world: World, gateway: Address, chance: Chance) {
    this.world = world;
    this.#gateway = gateway;
    this.#chance = chance;
  }

  /** Places one call; `ended` is told once. */
  place(wish: Wish, seen: Seen, manners: Manners, ended: (seen: Seen) => void): void {
    const call = new PlacedCall(this, wish, seen, manners, (done) => {
      this.#placed.delete(call);
      ended(done);
    });
    this.#placed.add(call);
    call.begin();
  }

  /** A connection: one kept from before, or a new one. */
  take(hearer: WireHearer): { readonly wire: Wire; readonly isKept: boolean } {
    const kept = this.#idle.pop();
    if (kept?.isOpen) {
      kept.hearer = hearer;
      return { wire: kept, isKept: true };
    }
    return { wire: this.world.net.connect(this.#gateway, hearer), isKept: false };
  }

  /** One connection in four is not kept: scripts and phones come and go. */
  give(wire: Wire): void {
    if (this.#chance.float() < 0.25) {
      wire.end();
      wire.hearer = closing(wire);
      return;
    }
    wire.hearer = { ...closing(wire), close: () => void this.#drop(wire), end: () => this.#drop(wire) };
    this.#idle.push(wire);
  }

  #drop(wire: Wire): void {
    const at = this.#idle.indexOf(wire);
    if (at !== -1) this.#idle.splice(at, 1);
    wire.destroy();
  }

  /** Whoever still waits goes away. */
  leave(): void {
    for (const call of [...this.#placed]) call.leave('left');
  }

  /** Everybody hangs up what is idle. */
  hangUp(): void {
    for (const wire of [...this.#idle]) this.#drop(wire);
  }
}

/** Reads on until the other side closes as well. */
function closing(wire: Wire): WireHearer {
  return { open() {}, data() {}, end: () => wire.destroy(), drain() {}, close() {} };
}

class PlacedCall implements WireHearer {
  readonly #site: CallerSite;
  readonly #wish: Wish;
  readonly #seen: Seen;
  readonly #manners: Manners;
  readonly #ended: (seen: Seen) => void;
  readonly #events: EventReader;
  #plain = '';
  #reader: ResponseReader;
  #wire: Wire | undefined;
  #isKept = false;
  #isOver = false;
  #timers: { disarm(): void }[] = [];
  /** Of a slow reader: what it may still take at this glance, and all it took. */
  #glanceBytes = 0;
  #taken = 0;

  constructor(site: CallerSite, wish: Wish, seen: Seen, manners: Manners, ended: (seen: Seen) => void) {
    this.#site = site;
    this.#wish = wish;
    this.#seen = seen;
    this.#manners = manners;
    this.#ended = ended;
    this.#events = new EventReader(seen, wish.tongue);
    this.#reader = this.#newReader();
  }

  begin(): void {
    const { leavesMs, patienceMs, readsEveryMs } = this.#manners;
    const { timers } = this.#site.world;
    if (Number.isFinite(leavesMs)) this.#timers.push(timers.after(leavesMs, () => this.leave('left')));
    if (Number.isFinite(patienceMs)) this.#timers.push(timers.after(patienceMs, () => this.leave('gave-up')));
    this.#dial();
    if (Number.isFinite(readsEveryMs)) this.#glance(readsEveryMs);
  }

  #newReader(): ResponseReader {
    return new ResponseReader((piece) => {
      if (this.#seen.isStream && this.#reader.status === 200) this.#events.follow(piece, this.#nowMs);
      else this.#plain += piece;
    });
  }

  get #nowMs(): number {
    return this.#site.world.clock.now();
  }

  #dial(): void {
    const { wire, isKept } = this.#site.take(this);
    this.#wire = wire;
    this.#isKept = isKept;
    if (isKept) this.#send();
  }

  /** A slow reader pauses, and looks now and then. */
  #glance(everyMs: number): void {
    if (this.#isOver) return;
    this.#glanceBytes = GLANCE_BYTES;
    this.#wire?.resume();
    this.#site.world.timers.after(GLANCE_MS, () => {
      if (!this.#isOver) this.#wire?.pause();
    });
    this.#timers.push(this.#site.world.timers.after(everyMs, () => this.#glance(everyMs)));
  }

  open(): void {
    this.#send();
  }

  #send(): void {
    this.#seen.sentMs = this.#nowMs;
    const { path, body, raw } = this.#wish;
    if (raw !== undefined) {
      this.#wire?.write(raw);
      return;
    }
    const { headers } = this.#manners;
    const { key, kind, again, askedFor, lastEventId } = this.#seen;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const common = `host: gateway.drill\r\nauthorization: Bearer sk-${kind}\r\ndrill-call: ${key}\r\n${lines.join('')}`;
    if (again?.way === 'events') {
      const head = `GET /goodgate/calls/${askedFor ?? ''}/stream HTTP/1.1\r\n${common}`;
      this.#wire?.write(`${head}last-event-id: ${lastEventId ?? ''}\r\n\r\n`);
      return;
    }
    const length = Buffer.byteLength(body);
    const own = `anthropic-version: 2023-06-01\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;
    this.#wire?.write(`POST ${path} HTTP/1.1\r\n${common}${own}`);
    this.#wire?.write(Buffer.from(body));
  }

  data(bytes: Uint8Array): void {
    if (this.#isOver) return;
    const seen = this.#seen;
    seen.firstByteMs ??= this.#nowMs;
    if (Number.isFinite(this.#manners.readsEveryMs)) this.#take(bytes.length);
    const wasSeen = this.#reader.isHeadSeen;
    this.#reader.feed(bytes);
    if (!wasSeen && this.#reader.isHeadSeen) this.#heardHead();
    if (this.#reader.fault !== undefined) seen.malformed ??= this.#reader.fault;
    if (this.#reader.isWhole || seen.malformed !== undefined) this.#finish('clean');
  }

  /** A slow reader writes down what it takes, and soon looks away. */
  #take(bytes: number): void {
    this.#taken += bytes;
    this.#glanceBytes -= bytes;
    this.#seen.takes.push({ atMs: this.#nowMs, bytes: this.#taken });
    if (this.#glanceBytes <= 0) this.#wire?.pause();
  }

  #heardHead(): void {
    const { status, fields } = this.#reader;
    const seen = this.#seen;
    seen.status = status;
    seen.code ??= fields.get('goodgate-code');
    seen.requestId = fields.get('x-request-id');
    seen.attempts = Number(fields.get('goodgate-attempts') ?? 0);
    seen.target = fields.get('goodgate-target');
  }

  end(): void {
    if (this.#isOver) return;
    if (this.#reader.isUntilClose) this.#finish('clean');
    else if (this.#reader.hasBegun) this.#finish('cut');
    else this.#unheard();
  }

  drain(): void {}

  close(): void {
    if (this.#isOver) return;
    if (this.#reader.hasBegun) this.#finish('cut');
    else if (this.#seen.sentMs === undefined) this.#finish('unreachable');
    else this.#unheard();
  }

  /** A kept connection that died before a byte of answer is the race of every keep-alive: asked again on another, as every client does. */
  #unheard(): void {
    if (!this.#isKept) {
      this.#finish('unheard');
      return;
    }
    this.#reader = this.#newReader();
    this.#seen.sentMs = undefined;
    // The end of the old connection may be told twice, as its half and then as its whole.
    if (this.#wire !== undefined) {
      this.#wire.hearer = closing(this.#wire);
      this.#wire.destroy();
    }
    this.#dial();
  }

  leave(ending: Ending): void {
    this.#finish(ending);
  }

  #finish(ending: Ending): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const timer of this.#timers) timer.disarm();
    const seen = this.#seen;
    seen.ending = ending;
    seen.endMs = this.#nowMs;
    if (this.#plain !== '') this.#readPlain();
    const wire = this.#wire;
    const isKept = this.#reader.fields.get('connection') !== 'close' && !this.#reader.isUntilClose;
    if (wire !== undefined) {
      if (ending === 'clean' && isKept && seen.malformed === undefined) {
        wire.resume();
        this.#site.give(wire);
      } else {
        wire.hearer = closing(wire);
        wire.destroy();
      }
    }
    this.#ended(seen);
  }

  #readPlain(): void {
    const seen = this.#seen;
    if (seen.status === 200) {
      seen.text = textOf(this.#wish.path, this.#plain) ?? '';
      return;
    }
    seen.said = this.#plain.slice(0, 500);
    try {
      const body: unknown = JSON.parse(this.#plain);
      seen.code ??= wordIn(body, 'goodgate_code');
      seen.safety ??= wordIn(body, 'message_safety');
    } catch {
      if (seen.status !== 0 && seen.ending === 'clean') seen.malformed ??= 'an error body that is no JSON';
    }
  }
}
