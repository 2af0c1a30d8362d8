import type { Address, World } from '../world/world.ts';

/** All that came back over one connection, and how it ended: `open` when it fell silent. */
export type RawReply = {
  readonly bytes: Uint8Array;
  /** The bytes as latin1. */
  readonly text: string;
  readonly ending: 'fin' | 'reset' | 'refused' | 'open';
  /** From the start to the first byte; undefined without one. */
  readonly firstByteMs: number | undefined;
};

/** Bytes one reply may have: more than any test expects. */
const BYTES_MAX = 1 << 26;

/** How long to wait: for the first byte, and for each one after it. */
export type Patience = { readonly firstMs: number; readonly quietMs: number };

/** Long enough for a busy machine: for replies that end by themselves. */
export const PATIENT: Patience = { firstMs: 5000, quietMs: 5000 };

/** For replies that begin, and then are silent on purpose. */
export const BRIEF: Patience = { firstMs: 5000, quietMs: 100 };

/**
 * Opens a connection, sends bytes as they are, and gathers what comes until the peer ends or patience does. It knows nothing of HTTP, so
 * that it can see what no HTTP client would show.
 */
export function rawExchange(
  world: Pick<World, 'net' | 'timers' | 'clock'>,
  address: Address,
  request: Uint8Array | string,
  patience: Patience = PATIENT,
): Promise<RawReply> {
  return new Promise((fulfil) => {
    const startMs = world.clock.now();
    const parts: Buffer[] = [];
    let length = 0;
    let firstByteMs: number | undefined;
    let isOpened = false;
    const finish = (ending: RawReply['ending']): void => {
      quiet.disarm();
      const bytes = Buffer.concat(parts);
      fulfil({ bytes, text: bytes.toString('latin1'), ending, firstByteMs });
      wire.destroy();
    };
    const quiet = world.timers.timer(() => finish('open'));
    const wire = world.net.connect(address, {
      open() {
        isOpened = true;
        wire.write(request);
        quiet.arm(patience.firstMs);
      },
      data(bytes) {
        firstByteMs ??= world.clock.now() - startMs;
        length += bytes.length;
        if (length > BYTES_MAX) finish('open');
        parts.push(Buffer.from(bytes));
        quiet.arm(patience.quietMs);
      },
      end: () => finish('fin'),
      drain() {},
      close: () => finish(isOpened ? 'reset' : 'refused'),
    });
    // From an address where nobody answers not even a refusal comes.
    quiet.arm(patience.firstMs);
  });
}
