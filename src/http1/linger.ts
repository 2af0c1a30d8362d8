import type { Wire, WireHearer } from '../world/world.ts';
import type { Hall } from './hall.ts';
import { isSlow } from './patience.ts';

/** How long our closed half waits for the caller's: time for a far one to read the answer and the FIN behind it (Apache waits 2 s). */
const LINGER_MS = 2000;

/** What a caller may still send before it sees that we closed. It must be read: bytes nobody read turn our FIN into a RST, which takes the answer with it. */
const LATE_BYTES_MAX = 1_048_576;

/**
 * Closes our half of a wire once all that was written is out, reads and drops what still comes, and closes the rest when the caller does, or
 * after a moment. What is queued has the time of any slow reader: a phone in a tunnel is not to lose the end of its answer.
 */
export function linger(hall: Hall, wire: Wire): void {
  const { writeIdleMs } = hall.limits;
  let room = LATE_BYTES_MAX;
  let mark = wire.bytesWritten;
  let stalledMs = 0;
  const timer = hall.timers.timer(() => {
    const written = wire.bytesWritten;
    stalledMs = isSlow(written - mark, LINGER_MS) ? stalledMs + LINGER_MS : 0;
    mark = written;
    const isWaiting = wire.bytesQueued > 0 && (writeIdleMs === 0 || stalledMs < writeIdleMs);
    if (isWaiting) timer.arm(LINGER_MS);
    else wire.destroy();
  });
  const hearer: WireHearer = {
    open() {},
    data(bytes) {
      room -= bytes.length;
      if (room < 0) wire.destroy();
    },
    end() {},
    drain() {},
    close() {
      timer.disarm();
      hall.census.gone(wire);
    },
  };
  wire.hearer = hearer;
  // Closing already: a drain waits for it and has nothing to hasten.
  hall.census.hold(wire, { retire() {}, cutOff: () => wire.destroy(), giveWay: () => false });
  timer.arm(LINGER_MS);
  wire.end();
}
