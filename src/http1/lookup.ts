import type { NameAnswer, Names, Timers } from '../world/world.ts';
import { type Lost, race } from './race.ts';

/** Whom names are asked of, and how patiently. Milliseconds but for the TTL. */
export type LookupSettings = {
  /** Name servers to ask instead of the system, best first, `ip` or `ip:port`. Empty: the system's own way (hosts file, nsswitch). */
  readonly servers: readonly string[];
  /** Silence of a server before the next is asked beside it: 300 ms is longer than nearly every honest answer. */
  readonly serverStaggerMs: number;
  /** Silence of the system before its name servers are asked directly: the system itself waits 5 s for a dead one. */
  readonly systemStaggerMs: number;
  /** Silence of one server before it counts as failed. */
  readonly queryMs: number;
  /** Resolution Delay of RFC 8305 §3: how long the answer for one family waits for the other. */
  readonly familyDelayMs: number;
  /** What an answer of the system is good for, as it has no TTL. */
  readonly systemTtlS: number;
};

/** The system first; its TTL of 30 s is what other proxies and resolver libraries assume where none is told. */
export const LOOKUP_DEFAULTS: LookupSettings = {
  servers: [],
  serverStaggerMs: 300,
  systemStaggerMs: 1000,
  queryMs: 3000,
  familyDelayMs: 50,
  systemTtlS: 30,
};

/** Why a name gave no address. */
export type NameFault = {
  readonly code: string;
  readonly syscall: string | undefined;
  /** True when a source that must know says that there is no such name or address; asking again will not help. */
  readonly isFinal: boolean;
  /** What the other sources said. */
  readonly note: string | undefined;
};

/** A place that knows names. */
type Source =
  | { readonly kind: 'system' }
  // A stand-in is asked when the system is silent: it knows nothing of search domains, so its "no such name" is not final.
  | { readonly kind: 'server' | 'stand-in'; readonly server: string };

type Found = { readonly answer: NameAnswer } | { readonly missing: NameFault };

/** Asks the sources for a name in a staggered race; exactly one of the two is called, later. Returns what gives up. */
export function lookUp(
  world: { readonly names: Names; readonly timers: Timers },
  settings: LookupSettings,
  host: string,
  found: (answer: NameAnswer) => void,
  failed: (fault: NameFault) => void,
): () => void {
  const asked = race<Source, Found, NameFault>(world.timers, {
    items: sourcesOf(world.names, settings),
    staggerMs: (source) => (source.kind === 'system' ? settings.systemStaggerMs : settings.serverStaggerMs),
    start(source, win, lose) {
      const ends = (fault: NameFault): void => {
        if (fault.isFinal && source.kind !== 'stand-in') win({ missing: fault });
        else lose(fault);
      };
      const finds = (answer: NameAnswer): void => win({ answer });
      if (source.kind === 'system') return askSystem(world.names, settings, host, finds, ends);
      return askServer(world, settings, source.server, host, finds, ends);
    },
    won(result) {
      if ('answer' in result) found(result.answer);
      else failed(result.missing);
    },
    lost: (faults) => failed(summary(faults)),
  });
  return () => void asked.cancel();
}

function sourcesOf(names: Names, settings: LookupSettings): Source[] {
  if (settings.servers.length > 0) return settings.servers.map((server) => ({ kind: 'server', server }));
  return [{ kind: 'system' }, ...names.servers().map((server): Source => ({ kind: 'stand-in', server }))];
}

/** The first source is the one that was meant to know; what the others said is told beside it. */
function summary(lost: readonly Lost<Source, NameFault>[]): NameFault {
  const first = lost[0];
  if (first === undefined)
    return { code: 'ESERVFAIL', syscall: undefined, isFinal: false, note: 'no name server is set' };
  const others = lost
    .slice(1)
    .map(({ item, fault }) => `${item.kind === 'system' ? 'system' : item.server} ${fault.code}`);
  return { ...first.fault, isFinal: false, note: others.length === 0 ? undefined : `also asked ${others.join(', ')}` };
}

function askSystem(
  names: Names,
  settings: LookupSettings,
  host: string,
  found: (answer: NameAnswer) => void,
  failed: (fault: NameFault) => void,
): () => void {
  names.lookup(host).then(
    (addresses) => {
      const usable = addresses.filter(isSomewhere);
      if (usable.length > 0) found({ addresses: usable, ttlS: settings.systemTtlS });
      else if (addresses.length > 0) failed(nowhere('getaddrinfo'));
      else failed({ code: 'ENODATA', syscall: 'getaddrinfo', isFinal: true, note: undefined });
    },
    (error: unknown) => failed(nameFault(error, 'getaddrinfo')),
  );
  // The platform's look-up cannot be stopped; the race forgets its answer.
  return () => {};
}

/** Asks one server for both families at once. */
function askServer(
  world: { readonly names: Names; readonly timers: Timers },
  settings: LookupSettings,
  server: string,
  host: string,
  found: (answer: NameAnswer) => void,
  failed: (fault: NameFault) => void,
): () => void {
  const answers: { A?: NameAnswer | NameFault; AAAA?: NameAnswer | NameFault } = {};

  const settle = (): void => {
    delay.disarm();
    // IPv6 first, as RFC 6724 sorts by default; a family without an answer is left out.
    const given = [answers.AAAA, answers.A].filter((one) => one !== undefined);
    const good = given.filter((one) => 'addresses' in one);
    const addresses = good.flatMap((answer) => answer.addresses);
    const usable = addresses.filter(isSomewhere);
    if (usable.length > 0) found({ addresses: usable, ttlS: Math.min(...good.map((answer) => answer.ttlS)) });
    else failed(addresses.length > 0 ? nowhere('queryA') : emptyFault(given));
  };
  const delay = world.timers.timer(settle);
  const ask = (kind: 'A' | 'AAAA'): void => {
    const heard = (answer: NameAnswer | NameFault): void => {
      answers[kind] = answer;
      if (answers.A !== undefined && answers.AAAA !== undefined) settle();
      else if ('addresses' in answer && answer.addresses.length > 0) delay.arm(settings.familyDelayMs);
    };
    const failedOne = (error: unknown): void => heard(nameFault(error, kind === 'A' ? 'queryA' : 'queryAaaa'));
    world.names.query(server, host, kind, settings.queryMs).then(heard, failedOne);
  };
  ask('AAAA');
  ask('A');
  return () => delay.disarm();
}

/** False for the unspecified address, which leads to this very machine and is what filters answer for names that they block. */
function isSomewhere(address: string): boolean {
  return address !== '0.0.0.0' && address !== '::' && address !== '::ffff:0.0.0.0';
}

function nowhere(syscall: string): NameFault {
  return {
    code: 'EFORBIDDEN',
    syscall,
    isFinal: true,
    note: 'the name leads nowhere (0.0.0.0): a filter of names may block it',
  };
}

/** No family has an address: a failure outweighs an honest "none", because it may hide addresses. */
function emptyFault(given: readonly (NameAnswer | NameFault)[]): NameFault {
  const faults = given.filter((one) => 'code' in one);
  return (
    faults.findLast((fault) => !fault.isFinal) ??
    faults.at(-1) ?? { code: 'ENODATA', syscall: 'queryA', isFinal: true, note: undefined }
  );
}

const FINAL = new Set(['ENOTFOUND', 'ENODATA']);

function nameFault(error: unknown, syscall: string): NameFault {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'ESERVFAIL';
  const own =
    error instanceof Error && 'syscall' in error && typeof error.syscall === 'string' ? error.syscall : syscall;
  return { code, syscall: own, isFinal: FINAL.has(code), note: undefined };
}
