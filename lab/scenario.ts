import type { CauseCode } from '../src/diagnosis/catalogue.ts';
import type { Place } from './addresses.ts';
import type { CertificateState } from './certificates.ts';

/** What the person wants to reach. `edge`: a Goodgate behind a CDN; `gateway`: one that is reached directly; `local`: one on this machine. */
export type Way = 'service' | 'edge' | 'gateway' | 'local' | 'lan';

/** What the person has in hand besides the address. */
export type Given =
  /** The number of a call that the lab makes through the gateway just before: `plain` or `stream`. */
  | {
      readonly kind: 'call';
      /** `left`: a stream whose caller goes away while it pauses. */
      readonly as: 'plain' | 'stream' | 'left';
      /** What the service does to this one call; it is well again when the doctor looks. */
      readonly fault?: string;
    }
  /** The number of a call that never was. */
  | { readonly kind: 'unknown-call' }
  /** A page saved earlier: a fixture of src/diagnosis/fixtures. */
  | { readonly kind: 'page'; readonly fixture: string }
  /** Text that was copied from a terminal; without the address where the person has none. */
  | { readonly kind: 'text'; readonly text: string }
  /** A recording of the browser's network panel. */
  | { readonly kind: 'har'; readonly har: 'stale-cache' | 'cookies' | 'stream-idle-60' | 'gateway-late-120' };

/** A resolver of the lab: the home router's forwarder, the provider's, and the public ones (which share one mind). */
export type Resolver = 'router' | 'isp' | 'public';

/** How a resolver answers for a name. */
export type Naming = 'missing' | 'refused' | 'failing' | 'null' | { readonly v4: string; readonly v6?: string };

/** One thing that the lab does to the healthy house. */
export type Step =
  /** nftables: what passes through, leaves or enters a place. */
  | {
      readonly do: 'filter';
      readonly at: Place;
      readonly on: 'forward' | 'input' | 'output';
      readonly rules: readonly string[];
    }
  /** nftables: destinations changed before routing. */
  | { readonly do: 'redirect'; readonly at: Place; readonly rules: readonly string[] }
  /** `ip` words, in order, when everything stands. */
  | { readonly do: 'ip'; readonly at: Place; readonly words: readonly string[] }
  | { readonly do: 'name'; readonly at: Resolver; readonly name: string; readonly is: Naming }
  | {
      readonly do: 'stop';
      readonly who: 'router-dns' | 'isp-dns' | 'public-dns' | 'gateway' | 'service' | 'edge' | 'control' | 'lan-model';
    }
  | {
      readonly do: 'service';
      readonly fault?: string;
      readonly certificate?: CertificateState;
      readonly page?: string;
      readonly speaksTls?: false;
    }
  /** What stands at the gateway's own address. `settings` are lines of its config. */
  | {
      readonly do: 'gateway';
      readonly certificate?: CertificateState;
      readonly target?: string;
      readonly settings?: readonly string[];
      readonly page?: string;
      readonly afterMs?: number;
      readonly speaksTls?: false;
      readonly word?: 'maintenance' | 'draining';
    }
  | {
      readonly do: 'edge';
      readonly as: 'cdn' | 'nginx' | 'haproxy';
      readonly page?: string;
      readonly clocksMs?: number;
    }
  | { readonly do: 'feed'; readonly is: 'green' | 'incident' | 'garbled' | 'absent' }
  | {
      readonly do: 'proxy';
      readonly auth?: true;
      readonly deny?: string;
      readonly isUp?: false;
      readonly isOnlyWay?: true;
      /** The person's programs are not told of it. */
      readonly isSet?: false;
      readonly env?: string;
      readonly port?: number;
    }
  | { readonly do: 'portal'; readonly https: 'drop' | 'reset' | 'own-certificate' }
  | { readonly do: 'intercept'; readonly isTrusted: boolean; readonly answer?: string }
  | {
      readonly do: 'vpn';
      readonly passes: 'everything' | 'nothing' | 'all-but-service';
      readonly hasOwnNames?: Readonly<Record<string, { readonly v4: string; readonly v6: string }>>;
    }
  | { readonly do: 'clock'; readonly offset: string }
  | { readonly do: 'hosts'; readonly line: string }
  | { readonly do: 'resolv'; readonly servers: readonly string[] }
  | { readonly do: 'env'; readonly name: string; readonly value: string }
  | { readonly do: 'key'; readonly value: string }
  /** A slow way out of the home, by a relay in user space: delay one way, jitter and loss of packets. */
  | { readonly do: 'slow-line'; readonly delayMs: number; readonly jitterMs: number }
  /** A router that forgets connections which are silent for so long. */
  | { readonly do: 'forget'; readonly afterMs: number }
  /** A filter on the way that resets connections whose ClientHello names the service. */
  | { readonly do: 'censor' }
  /** The proxy script that the system is set to. */
  | { readonly do: 'pac'; readonly url: string }
  /** More words on the doctor's command line, as the scenario's person would type them. */
  | { readonly do: 'options'; readonly words: readonly string[] };

/** What is true, because the lab made it so. */
export type Truth =
  | { readonly kind: 'healthy' }
  | {
      readonly kind: 'fault';
      readonly code: CauseCode;
      /** Codes that are as right, with the reason why no evidence can tell them apart. */
      readonly orElse?: readonly CauseCode[];
      readonly because?: string;
    }
  /** Evidence was removed on purpose. Naming nothing is right; `guess` may be named as likely, never as confirmed. */
  | { readonly kind: 'inconclusive'; readonly guess: readonly CauseCode[] };

/** One labelled scenario. */
export type Scenario = {
  readonly name: string;
  /** Its rows in the table of causes: `A10`, `B9`; `none` for healthy ones; two for two faults, the root first. */
  readonly rows: readonly string[];
  readonly way: Way;
  /** What the person typed, where it is not the right address. */
  readonly url?: string;
  readonly given?: Given;
  /** No control vantage where the person has none. */
  readonly control?: false;
  readonly steps: readonly Step[];
  readonly truth: Truth;
  /** What was done and why the label follows from it, in one sentence. */
  readonly tells: string;
};
