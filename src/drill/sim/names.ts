import type { NameAnswer, Names } from '../../world/world.ts';
import type { SimTime } from './time.ts';

/** How the name servers behave towards one name, or towards all. */
export type NameMood = 'good' | 'nxdomain' | 'servfail' | 'silent' | 'slow';

type Zone = { addresses: readonly string[]; ttlS: number; mood: NameMood };

/** An answer from a server in the same building. */
const ANSWER_MS = 1;
const SLOW_MS = 2500;
/** The system's own patience with a silent server. */
const SYSTEM_GIVES_UP_MS = 10_000;
/** The one server that everybody is set to use. */
const SERVER = '10.0.0.53';

/** All names there are. */
export class NameServers {
  readonly #time: SimTime;
  readonly #zones = new Map<string, Zone>();
  /** Over the mood of each name. */
  mood: NameMood = 'good';
  queries = 0;

  constructor(time: SimTime) {
    this.#time = time;
  }

  set(name: string, addresses: readonly string[], ttlS: number): void {
    this.#zones.set(name, { addresses, ttlS, mood: this.#zones.get(name)?.mood ?? 'good' });
  }

  setMood(name: string, mood: NameMood): void {
    const zone = this.#zones.get(name);
    if (zone !== undefined) zone.mood = mood;
  }

  addressesOf(name: string): readonly string[] {
    return this.#zones.get(name)?.addresses ?? [];
  }

  /** As a host sees them. */
  names(): Names {
    return {
      lookup: (host) => this.#system(host),
      query: (_server, host, kind, timeoutMs) => this.#query(host, kind, timeoutMs),
      servers: () => [SERVER],
    };
  }

  #system(host: string): Promise<readonly string[]> {
    return this.#asked(host, SYSTEM_GIVES_UP_MS, 'getaddrinfo', 'EAI_AGAIN').then(({ addresses }) => addresses);
  }

  async #query(host: string, kind: 'A' | 'AAAA', timeoutMs: number): Promise<NameAnswer> {
    const answer = await this.#asked(host, timeoutMs, kind === 'A' ? 'queryA' : 'queryAaaa', 'ESERVFAIL');
    const addresses = answer.addresses.filter((ip) => ip.includes(':') === (kind === 'AAAA'));
    if (addresses.length === 0) throw nameError('ENODATA', `query${kind}`);
    return { ...answer, addresses };
  }

  #asked(host: string, patienceMs: number, syscall: string, failing: string): Promise<NameAnswer> {
    this.queries += 1;
    return new Promise((fulfil, reject) => {
      const zone = this.#zones.get(host);
      const mood = this.mood === 'good' ? (zone?.mood ?? 'good') : this.mood;
      const later = (delayMs: number, run: () => void): void => this.#time.at(delayMs, run);
      if (mood === 'silent' || (mood === 'slow' && patienceMs < SLOW_MS)) {
        later(patienceMs, () => reject(nameError(syscall === 'getaddrinfo' ? failing : 'ETIMEOUT', syscall)));
      } else if (mood === 'servfail') {
        later(ANSWER_MS, () => reject(nameError(failing, syscall)));
      } else if (mood === 'nxdomain' || zone === undefined) {
        later(ANSWER_MS, () => reject(nameError('ENOTFOUND', syscall)));
      } else {
        const { addresses, ttlS } = zone;
        later(mood === 'slow' ? SLOW_MS : ANSWER_MS, () => fulfil({ addresses, ttlS }));
      }
    });
  }
}

function nameError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}
