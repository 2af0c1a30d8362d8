import type { Address, Wire } from '../world/world.ts';
import type { Outside } from './outside.ts';

/** An open wire, or why there is none. */
export type Opened = { readonly wire: Wire | undefined; readonly errno: string | undefined; readonly tookMs: number };

const ADDRESS_DEAF = { open() {}, data() {}, end() {}, drain() {}, close() {} };

/** Opens one TCP connection. Never rejects; after `timeoutMs` the errno is `ETIMEDOUT`. Whoever gets the wire closes it. */
export function connectOnce(outside: Outside, address: Address, timeoutMs: number): Promise<Opened> {
  const startMs = outside.clock.now();
  return new Promise((fulfil) => {
    let isOver = false;
    const over = (errno: string | undefined): void => {
      if (isOver) return;
      isOver = true;
      alarm.disarm();
      if (errno !== undefined) wire.destroy();
      fulfil({ wire: errno === undefined ? wire : undefined, errno, tookMs: outside.clock.now() - startMs });
    };
    const alarm = outside.timers.after(timeoutMs, () => over('ETIMEDOUT'));
    const wire = outside.net.connect(address, {
      ...ADDRESS_DEAF,
      open: () => over(undefined),
      close: (fault) => over(fault?.code ?? 'ECONNRESET'),
    });
  });
}

/** Whether a port opens; the connection is closed again at once. */
export async function knock(outside: Outside, address: Address, timeoutMs: number): Promise<Omit<Opened, 'wire'>> {
  const { wire, errno, tookMs } = await connectOnce(outside, address, timeoutMs);
  wire?.destroy();
  return { errno, tookMs };
}

/** Sends a few bytes and tells whether anything came back, bytes or an end, within the time. The wire is closed. */
export function isAnswered(outside: Outside, wire: Wire, bytes: string, timeoutMs: number): Promise<boolean> {
  return new Promise((fulfil) => {
    const over = (answered: boolean): void => {
      alarm.disarm();
      wire.hearer = ADDRESS_DEAF;
      wire.destroy();
      fulfil(answered);
    };
    const alarm = outside.timers.after(timeoutMs, () => over(false));
    wire.hearer = {
      ...ADDRESS_DEAF,
      data: () => over(true),
      end: () => over(true),
      close: () => over(true),
    };
    wire.write(bytes);
  });
}

/** The answer to CONNECT, and the wire through the tunnel when it is open. */
export type Tunnel = Opened & { readonly status: number | undefined; readonly head: string };

/** 16 KiB: the answer to CONNECT is a line, or an error page. */
const ANSWER_CHARS_MAX = 16_384;

/** Asks a forward proxy for a tunnel. Never rejects. */
export async function tunnelOnce(
  outside: Outside,
  proxy: Address,
  authority: string,
  authorization: string | undefined,
  timeoutMs: number,
): Promise<Tunnel> {
  const startMs = outside.clock.now();
  const { wire, errno } = await connectOnce(outside, proxy, timeoutMs);
  const took = (): number => outside.clock.now() - startMs;
  if (wire === undefined) return { wire, errno, tookMs: took(), status: undefined, head: '' };
  return new Promise((fulfil) => {
    let heard = '';
    const over = (fault: string | undefined): void => {
      alarm.disarm();
      wire.hearer = ADDRESS_DEAF;
      const status = statusIn(heard);
      const isOpen = status !== undefined && status >= 200 && status < 300;
      if (!isOpen) wire.destroy();
      fulfil({
        wire: isOpen ? wire : undefined,
        errno: status === undefined ? fault : undefined,
        tookMs: took(),
        status,
        head: heard,
      });
    };
    const alarm = outside.timers.after(Math.max(1, timeoutMs - took()), () => over('ETIMEDOUT'));
    wire.hearer = {
      ...ADDRESS_DEAF,
      data(bytes) {
        heard += new TextDecoder('latin1').decode(bytes);
        const isRefused = (statusIn(heard) ?? 0) >= 300;
        if (heard.length > ANSWER_CHARS_MAX || (!isRefused && heard.includes('\r\n\r\n'))) over('EPROTO');
      },
      end: () => over('ECONNRESET'),
      close: (fault) => over(fault?.code ?? 'ECONNRESET'),
    };
    const credentials = authorization === undefined ? '' : `proxy-authorization: ${authorization}\r\n`;
    wire.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${credentials}\r\n`);
  });
}

function statusIn(head: string): number | undefined {
  const found = /^HTTP\/1\.[01] (\d{3})[ \r\n]/.exec(head);
  return found === null ? undefined : Number(found[1]);
}

/** The fields of a raw head, names lower case, and what follows it. */
export function splitHead(text: string): { readonly fields: readonly string[]; readonly body: string } {
  const end = text.indexOf('\r\n\r\n');
  const lines = (end === -1 ? text : text.slice(0, end)).split('\r\n').slice(1, 65);
  const fields = lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return colon < 1 ? [] : [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { fields, body: end === -1 ? '' : text.slice(end + 4) };
}
