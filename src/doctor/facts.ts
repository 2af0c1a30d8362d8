import type { CauseCode } from '../diagnosis/catalogue.ts';
import type { Hop, Side } from '../diagnosis/cause.ts';
import type { Confidence, Finding } from '../diagnosis/finding.ts';
import type { CertificateFacts } from '../world/tls-look.ts';
import type { ProbeId } from './report.ts';
import type { Target } from './target.ts';

/** How far this machine's clock is ahead of somebody else's. */
export type ClockReading = { readonly source: string; readonly aheadMs: number };

export type InterfaceFacts = {
  /** True when an interface other than loopback has an address with which one can leave the local link. */
  readonly hasAddress: boolean;
  /** True when all there is are addresses that the machine gave itself because nobody answered (169.254/16). */
  readonly isSelfAssigned: boolean;
};

export type RouteFacts = {
  /** undefined where the system does not tell. */
  readonly hasDefault: boolean | undefined;
  readonly router: string | undefined;
  /** What the neighbour table says of the router. */
  readonly routerState: 'alive' | 'silent' | 'unknown';
  /** The interface that the way to this target takes. */
  readonly interface: string | undefined;
  readonly isTunnel: boolean;
  readonly mtu: number | undefined;
  /** Why the system has no way to the target at all. */
  readonly errno: string | undefined;
};

export type ProxyFacts = {
  readonly applies: boolean;
  /** The variable, `PAC …` or the system's setting that says so. */
  readonly setting: string | undefined;
  /** `host:port`, never the password. */
  readonly proxy: string | undefined;
  readonly fault: 'not-a-url' | 'script-broken' | undefined;
  /** The host of a proxy script that could not be had. */
  readonly scriptHost?: string;
  /** Whether the proxy takes connections. */
  readonly errno: string | undefined;
  /** What it said to CONNECT to the target; undefined when it was not asked. */
  readonly status: number | undefined;
  readonly vendorCode: string | undefined;
  /** The product, where its answer gives it away. */
  readonly writer: string | undefined;
  /** Whether a tunnel to an unrelated host opens. */
  readonly isOtherReached: boolean | undefined;
};

export type AnchorFacts = {
  readonly at: string;
  readonly family: 4 | 6;
  readonly errno: string | undefined;
  readonly tookMs: number;
};

export type PortalFacts = {
  readonly url: string;
  /** `odd`: an answer that proves neither. */
  readonly state: 'online' | 'captive' | 'odd' | 'silent';
  readonly status: number | undefined;
  /** Where the sign-in page is. */
  readonly location: string | undefined;
  readonly writer: string | undefined;
};

/** What one source says of a name. */
export type Lookup = {
  readonly by: string;
  readonly ips: readonly string[];
  readonly errno: string | undefined;
  readonly tookMs: number;
};

export type NamesFacts = {
  readonly system: Lookup;
  /** Each server that the system is set to use. */
  readonly servers: readonly Lookup[];
  readonly public: readonly Lookup[];
  readonly doh: readonly Lookup[];
  /** Addresses that the hosts file gives. */
  readonly hosts: readonly string[];
  /** The line, as it stands there. */
  readonly hostsLine: string | undefined;
  /** A name that exists, by the system and by the first public resolver that answers. */
  readonly knownBySystem: Lookup | undefined;
  readonly knownByPublic: Lookup | undefined;
};

export type ConnectTry = {
  readonly ip: string;
  readonly port: number;
  /** True: the system leads there; false: only others say so. */
  readonly isSystem: boolean;
  readonly errno: string | undefined;
  readonly tookMs: number;
};

export type ConnectFacts = {
  readonly tries: readonly ConnectTry[];
  /** Another usual port of the same host, asked when ours did not open. */
  readonly sibling: ConnectTry | undefined;
};

export type TlsTry = {
  readonly ip: string;
  readonly isSystem: boolean;
  /** No handshake. */
  readonly errno: string | undefined;
  /** A handshake, and this about its certificate. */
  readonly fault: string | undefined;
  readonly isVouchedBySystem: boolean;
  readonly chain: readonly CertificateFacts[];
  readonly chainLength: number;
  readonly protocol: string | undefined;
  readonly alpn: string | undefined;
  readonly tookMs: number;
};

export type TlsFacts = {
  readonly tries: readonly TlsTry[];
  /** Asked when the handshake failed: with another name, with a first message of 200 bytes; undefined when not asked. `open` is a handshake. */
  readonly otherName: string | undefined;
  readonly small: string | undefined;
  /** Whether a few bytes that are no TLS were answered, with anything or a close. */
  readonly isPlainAnswered: boolean | undefined;
};

export type MtuFacts = { readonly small: 'answered' | 'silent'; readonly large: 'answered' | 'silent' };

export type ExchangeTry = {
  readonly status: number | undefined;
  readonly tookMs: number;
  /** undefined: a good answer. */
  readonly finding: Finding | undefined;
};

export type ExchangeFacts = {
  readonly tries: readonly ExchangeTry[];
  /** Proven by an answer that only a Goodgate gives. */
  readonly isGoodgate: boolean;
  /** What came of a question that a Goodgate passes on to its service; undefined where none was asked, or where it proved nothing. */
  readonly beyond?: { readonly finding: Finding | undefined } | undefined;
};

export type AccountFacts = {
  readonly variable: string | undefined;
  readonly hasKey: boolean;
  readonly finding: Finding | undefined;
};

export type StreamFacts = {
  readonly parts: number;
  readonly firstMs: number | undefined;
  /** The longest silence between two parts. */
  readonly gapMs: number;
  readonly tookMs: number;
  /** `buffered`: all at once at the end · `cut`: ended before its last event. */
  readonly state: 'smooth' | 'buffered' | 'cut' | 'failed';
  readonly finding: Finding | undefined;
};

export type SpeedFacts = {
  readonly count: number;
  readonly lost: number;
  readonly medianMs: number;
  readonly jitterMs: number;
  readonly slowMs: number;
};

export type FeedFacts = {
  /** `unknown`: it could not be read, which says nothing about the service. */
  readonly state: 'unknown' | 'quiet' | 'incident';
  readonly titles: readonly string[];
  readonly reason: string | undefined;
};

export type ControlFacts = {
  readonly state: 'told' | 'unknown';
  readonly reason: string | undefined;
  readonly isReached: boolean;
  readonly status: number | undefined;
  readonly code: CauseCode | undefined;
  readonly phase: string | undefined;
  readonly addresses: readonly string[];
};

/** A failure that has already happened, as a gateway or a file tells it. */
export type PastFailure = {
  readonly source: 'story' | 'page' | 'har' | 'text';
  readonly code: CauseCode;
  readonly hop: Hop;
  readonly side: Side;
  readonly confidence: Confidence;
  readonly decidedBy: readonly string[];
  readonly detail: string | undefined;
  readonly atMs: number | undefined;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
};

/** Everything that was seen; what is absent was not looked at, or could not be. */
export type Facts = {
  readonly target: Target | undefined;
  readonly past?: PastFailure;
  /** The call's story says that it was answered. */
  readonly isStoryGood?: boolean;
  readonly clock?: readonly ClockReading[];
  readonly interface?: InterfaceFacts;
  readonly route?: RouteFacts;
  readonly proxy?: ProxyFacts;
  readonly internet?: readonly AnchorFacts[];
  /** True: an address at which nobody can be takes connections, so something near answers for everyone, and connecting proves nothing. */
  readonly isAnsweredForAll?: boolean;
  readonly portal?: readonly PortalFacts[];
  readonly names?: NamesFacts;
  readonly connect?: ConnectFacts;
  readonly tls?: TlsFacts;
  readonly mtu?: MtuFacts;
  readonly exchange?: ExchangeFacts;
  readonly account?: AccountFacts;
  readonly stream?: StreamFacts;
  readonly speed?: SpeedFacts;
  readonly feed?: FeedFacts;
  readonly control?: ControlFacts;
  /** Probes that crashed or were cut off by the time. */
  readonly unfinished?: readonly ProbeId[];
};
