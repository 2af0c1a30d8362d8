import type { Wire, WireHearer } from '../world/world.ts';
import type { Origination } from './forwarded.ts';
import { MORE, REFUSED } from './gather.ts';
import type { Hall } from './hall.ts';
import { ProxyProtocolReader } from './proxy-protocol.ts';

/**
 * Awaits the PROXY header on a wire from a balancer, within the time of a head; then `begin` makes the hearer of what follows. Whoever says
 * anything else does not speak HTTP to us yet, so it gets no answer but a reset.
 */
export function awaitPreface(hall: Hall, wire: Wire, begin: (origination: Origination) => WireHearer): WireHearer {
  const reader = new ProxyProtocolReader();
  const refuse = (): void => {
    timer.disarm();
    hall.census.count('proxy-protocol');
    wire.reset();
  };
  const timer = hall.timers.timer(refuse);
  if (hall.limits.headMs > 0) timer.arm(hall.limits.headMs);
  hall.census.hold(wire, { retire() {}, cutOff: () => wire.reset(), giveWay: () => false });
  return {
    open() {},
    data(bytes) {
      const next = reader.feed(bytes);
      if (next === MORE) return;
      if (next === REFUSED) {
        refuse();
        return;
      }
      timer.disarm();
      const hearer = begin({ peer: reader.peer ?? wire.remote, isSecure: reader.isSecure || hall.isSecure });
      wire.hearer = hearer;
      if (next < bytes.length) hearer.data(bytes.subarray(next));
    },
    end: refuse,
    drain() {},
    close() {
      timer.disarm();
      hall.census.gone(wire);
    },
  };
}
