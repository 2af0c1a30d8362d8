import type { PeerAddress, TlsFacts, Wire, WireHearer } from '../world/world.ts';
import type { Hall } from './hall.ts';

const DEAF: WireHearer = { open() {}, data() {}, end() {}, drain() {}, close() {} };

/**
 * Hands a wire over to the owner of an upgrade. The server goes on hearing it and passes everything on, so that a tunnel still counts as a
 * connection and the end of a drain can cut it.
 */
export function handOver(hall: Hall, wire: Wire): Wire {
  const handed = new HandedWire(wire);
  wire.hearer = {
    open() {},
    data: (bytes) => handed.hearer.data(bytes),
    end: () => handed.hearer.end(),
    drain: () => handed.hearer.drain(),
    close(fault) {
      const { hearer } = handed;
      handed.hearer = DEAF;
      hall.census.gone(wire);
      hearer.close(fault);
    },
  };
  hall.census.hold(wire, { retire() {}, cutOff: () => wire.destroy(), giveWay: () => false });
  return handed;
}

/** The wire as its new owner has it: the same, but for who hears it. */
class HandedWire implements Wire {
  hearer: WireHearer = DEAF;
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  write(bytes: Uint8Array | string): boolean {
    return this.#wire.write(bytes);
  }

  end(): void {
    this.#wire.end();
  }

  reset(): void {
    this.#wire.reset();
  }

  destroy(): void {
    this.#wire.destroy();
  }

  pause(): void {
    this.#wire.pause();
  }

  resume(): void {
    this.#wire.resume();
  }

  get bytesWritten(): number {
    return this.#wire.bytesWritten;
  }

  get bytesRead(): number {
    return this.#wire.bytesRead;
  }

  get bytesQueued(): number {
    return this.#wire.bytesQueued;
  }

  get isOpen(): boolean {
    return this.#wire.isOpen;
  }

  get remote(): PeerAddress {
    return this.#wire.remote;
  }

  get local(): PeerAddress {
    return this.#wire.local;
  }

  get tls(): TlsFacts | undefined {
    return this.#wire.tls;
  }
}
