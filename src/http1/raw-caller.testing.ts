import { connect, type Socket } from 'node:net';
import { realWorld } from '../world/real.ts';
import type { World } from '../world/world.ts';
import type { FaultWriter, RequestHandler } from './contract.ts';
import { type HttpServer, type ServeHttpOptions, serveHttp } from './server.ts';

/** Refusals say their word, so that a test can read it. */
export const plainFaults: FaultWriter = (fault, target) => ({
  status: fault.status,
  fields: ['x-target', target ?? '-'],
  body: fault.word,
});

/** A server of the real world on a free port of loopback. */
export function serving(
  handler: RequestHandler,
  options: Partial<ServeHttpOptions> = {},
  world: Pick<World, 'net' | 'timers' | 'clock'> = realWorld(),
): Promise<HttpServer> {
  return serveHttp(world, { address: { ip: '127.0.0.1', port: 0 }, ...options }, handler, plainFaults);
}

/** A caller that says what the test says, byte by byte, and remembers what it heard. */
export class RawCaller {
  /** All that came, as latin1 text. */
  text = '';
  /** How the other side ended: `open`, `fin` or `reset`. */
  ending: 'open' | 'fin' | 'reset' = 'open';
  readonly socket: Socket;
  #changed: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1');
      this.#changed();
    });
    socket.on('end', () => {
      if (this.ending === 'open') this.ending = 'fin';
      this.#changed();
    });
    socket.on('error', () => {
      this.ending = 'reset';
      this.#changed();
    });
    socket.on('close', () => this.#changed());
  }

  static async connect(server: { readonly address: { readonly port: number } }): Promise<RawCaller> {
    const socket = connect({ host: '127.0.0.1', port: server.address.port, allowHalfOpen: true });
    await new Promise<void>((fulfil, reject) => {
      socket.once('connect', fulfil);
      socket.once('error', reject);
    });
    return new RawCaller(socket);
  }

  say(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Resolves when the text heard so far satisfies the test, or the other side has ended. */
  async until(isEnough: (text: string) => boolean): Promise<string> {
    while (!isEnough(this.text) && this.ending === 'open') {
      await new Promise<void>((fulfil) => {
        this.#changed = fulfil;
      });
    }
    return this.text;
  }

  untilHeard(piece: string, times = 1): Promise<string> {
    return this.until((text) => text.split(piece).length > times);
  }

  async untilEnded(): Promise<string> {
    await this.until(() => false);
    return this.text;
  }

  /** Without the half it closes nothing can be heard any more. */
  leave(): void {
    this.socket.destroy();
  }
}

/** Head and rest of the first answer in a text; fields by lower-case name. */
export function answerIn(text: string): { status: number; fields: ReadonlyMap<string, string>; body: string } {
  const end = text.indexOf('\r\n\r\n');
  const [line = '', ...lines] = text.slice(0, end).split('\r\n');
  const fields = new Map<string, string>();
  for (const each of lines) {
    const colon = each.indexOf(':');
    fields.set(each.slice(0, colon).toLowerCase(), each.slice(colon + 2));
  }
  return { status: Number(line.slice(9, 12)), fields, body: text.slice(end + 4) };
}

/** The statuses of all answers in a text. */
export function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
}
