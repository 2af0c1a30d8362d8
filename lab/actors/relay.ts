/** Holds every packet of a tunnel back for a while: a far line. Started by the lab inside the router with one argument, its settings as JSON. */
import { createSocket } from 'node:dgram';

const settings = JSON.parse(process.argv[2] ?? '{}') as {
  /** The tunnel's near end sends from `near` to `from`, both on loopback. */
  readonly from: number;
  readonly near: number;
  /** We speak to its far end from `bind`. */
  readonly bind: number;
  readonly far: number;
  readonly farHost: string;
  readonly delayMs: number;
  readonly jitterMs: number;
};

const nearSide = createSocket('udp4').bind(settings.from, '127.0.0.1');
const farSide = createSocket('udp4').bind(settings.bind);
const { delayMs, jitterMs } = settings;
// Order is kept, as on a real line: a packet never overtakes the one before it.
const last = { there: 0, back: 0 };

function late(way: 'there' | 'back', send: () => void): void {
  const now = performance.now();
  const at = Math.max(now + delayMs + Math.random() * jitterMs, last[way]);
  last[way] = at;
  setTimeout(send, at - now);
}

nearSide.on('message', (packet) => late('there', () => farSide.send(packet, settings.far, settings.farHost)));
farSide.on('message', (packet) => late('back', () => nearSide.send(packet, settings.near, '127.0.0.1')));
