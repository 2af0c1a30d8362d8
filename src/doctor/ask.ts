import type { Evidence } from '../diagnosis/evidence.ts';
import type { Origin } from '../http1/contract.ts';
import { createRequester } from '../http1/requester.ts';
import { proxyFor } from '../http1/via.ts';
import type { Names } from '../world/world.ts';
import type { Outside } from './outside.ts';

/** One harmless question. */
export type Question = {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  /** Flat name, value pairs, names lower case. */
  readonly fields?: readonly string[];
  readonly body?: string;
  /** Where the host is, instead of what a look-up would say. */
  readonly ips?: readonly string[] | undefined;
  readonly via?: Origin['via'] | undefined;
  /** PEM texts trusted besides those that come with Node. */
  readonly ca?: readonly string[];
  readonly timeoutMs: number;
  /** Called with each part of the body as it comes, and the time since the start. */
  readonly onPart?: (bytes: Uint8Array, atMs: number) => void;
};

/** What came of it. `cut`: the body was left unread: it was longer than `BODY_BYTES_MAX`, or slower than the time. */
export type Told =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly fields: readonly string[];
      readonly body: Uint8Array;
      readonly cut: 'long' | 'slow' | undefined;
      readonly tookMs: number;
      readonly headMs: number;
      readonly evidence: Evidence;
    }
  | {
      readonly kind: 'failure';
      readonly evidence: Evidence;
      readonly status: number | undefined;
      readonly tookMs: number;
    };

/** 64 KiB: what tells who wrote an answer stands in its first 8 KiB, and a list of models fits. */
export const BODY_BYTES_MAX = 65_536;

function originOf(url: URL, { ca, via }: Question): Origin {
  const isSecure = url.protocol === 'https:';
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (isSecure ? 443 : 80),
    isSecure,
    ...(ca === undefined || ca.length === 0 ? {} : { tls: { ca } }),
    ...(via === undefined ? {} : { via }),
  };
}

/** Asks once, on a connection of its own, in no more than `timeoutMs` in all. Never rejects. */
export function ask(outside: Outside, question: Question): Promise<Told> {
  const url = new URL(question.url);
  const origin = originOf(url, question);
  const names = question.ips === undefined ? outside.names : pinned(outside.names, origin.host, question.ips);
  const requester = createRequester({ ...outside, names }, {});
  const clock = question.timeoutMs;
  const startMs = outside.clock.now();
  const body = question.body === undefined ? undefined : new TextEncoder().encode(question.body);
  return new Promise((fulfil) => {
    const parts: Uint8Array[] = [];
    let length = 0;
    let head: { readonly status: number; readonly fields: readonly string[]; readonly headMs: number } | undefined;
    const over = (told: Told): void => {
      alarm.disarm();
      exchange.cancel();
      requester.close();
      fulfil(told);
    };
    const passedMs = (): number => outside.clock.now() - startMs;
    const answered = (cut: 'long' | 'slow' | undefined): void => {
      if (head === undefined) return;
      const bytes = new Uint8Array(Buffer.concat(parts));
      const answer = { status: head.status, fields: head.fields, body: bytes };
      const evidence: Evidence = { ...exchange.facts(), firstEvent: 'answer', answer };
      over({ kind: 'answer', ...answer, headMs: head.headMs, cut, tookMs: passedMs(), evidence });
    };
    const failed = (evidence: Evidence): void =>
      over({ kind: 'failure', evidence, status: head?.status, tookMs: passedMs() });
    // The clocks of each step would add up: this one is for all of them.
    const alarm = outside.timers.after(clock, () => {
      if (head !== undefined) answered('slow');
      else
        failed({
          ...exchange.facts(),
          firstEvent: 'our-timer',
          clock: clockOf(exchange.facts().phase),
          limitMs: clock,
        });
    });
    const exchange = requester.exchange(
      origin,
      {
        method: question.method ?? 'GET',
        target: `${url.pathname}${url.search}`,
        fields: [...(question.fields ?? [])],
        body,
        clocks: { dnsMs: clock, connectMs: clock, tlsMs: clock, writeMs: clock, headMs: clock, betweenBytesMs: clock },
        isReplayable: false,
      },
      {
        informational() {},
        head(status, fields) {
          head = { status, fields, headMs: passedMs() };
        },
        part(bytes) {
          question.onPart?.(bytes, passedMs());
          if (length < BODY_BYTES_MAX) parts.push(Uint8Array.from(bytes.subarray(0, BODY_BYTES_MAX - length)));
          length += bytes.length;
          if (length > BODY_BYTES_MAX) answered('long');
        },
        end: () => answered(undefined),
        fail: failed,
      },
    );
  });
}

function clockOf(phase: Evidence['phase']): NonNullable<Evidence['clock']> {
  if (phase === 'dns' || phase === 'connect' || phase === 'tls') return phase;
  if (phase === 'proxy-connect') return 'connect';
  return phase === 'send' ? 'write' : 'head';
}

/** The same names, but this host is where we say. */
function pinned(names: Names, host: string, ips: readonly string[]): Names {
  return {
    ...names,
    lookup: (asked) => (asked === host ? Promise.resolve(ips) : names.lookup(asked)),
    // No server to ask leaves the look-up above.
    servers: () => [],
  };
}

/** The proxy that any program would take to this URL, by the environment; undefined for the direct way. */
export function viaTo({ env }: Outside, url: string): Origin['via'] {
  const choice = proxyFor(url, env);
  return choice.kind === 'proxy' ? choice.via : undefined;
}

/** The value of a field, by its lower-case name. */
export function fieldIn(fields: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < fields.length; i += 2) if (fields[i] === name) return fields[i + 1];
  return undefined;
}

/** A body as text, for JSON that is read defensively. */
export function jsonIn(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
