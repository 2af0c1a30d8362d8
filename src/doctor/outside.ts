import type { Device } from '../world/device.ts';
import type { TlsLook, TlsSight } from '../world/tls-look.ts';
import type { Wire, WireFault, World } from '../world/world.ts';

/** What the doctor looks at: the world, this machine, and certificates. */
export type Outside = Pick<World, 'clock' | 'timers' | 'chance' | 'net' | 'names' | 'files' | 'env'> & {
  readonly device: Device;
  readonly lookAtTls: (wire: Wire, look: TlsLook, timeoutMs: number) => Promise<TlsSight | WireFault>;
};

/** The most that one probe may take. */
export const PROBE_MS_MAX = 4_000;

/** Gives `promise` so long, then `late()`. What it would have said afterwards is dropped, a rejection too. */
export function within<T>(
  outside: Pick<Outside, 'timers'>,
  timeoutMs: number,
  promise: Promise<T>,
  late: () => T,
): Promise<T> {
  return new Promise((fulfil, reject) => {
    const alarm = outside.timers.after(timeoutMs, () => fulfil(late()));
    promise.then(
      (value) => {
        alarm.disarm();
        fulfil(value);
      },
      (error: unknown) => {
        alarm.disarm();
        reject(error);
      },
    );
  });
}

/** The errno-like code of anything thrown. */
export function codeOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' && code !== '' ? code.slice(0, 60) : 'UNKNOWN';
}

/** `ip:port` with brackets where they are needed. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** `host:port`, `[v6]:port`, or an address alone with the port given; undefined for anything else. */
export function parseHostPort(
  text: string,
  portUsual: number,
): { readonly host: string; readonly port: number } | undefined {
  const found = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text.trim());
  const bare = found === null && /^[0-9A-Fa-f:.]+$/.test(text.trim()) ? text.trim() : undefined;
  const host = found?.[1] ?? found?.[2] ?? bare;
  const port = found?.[3] === undefined ? portUsual : Number(found[3]);
  if (host === undefined || port < 1 || port > 65_535) return undefined;
  return { host, port };
}

/** Control characters and everything that could steer a terminal out, and not longer than `charsMax`. */
export function plainText(text: string, charsMax: number): string {
  return text
    .slice(0, charsMax)
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .trim();
}
