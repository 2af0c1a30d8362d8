import type { PeerAddress, TlsFacts, Wire, WireFault, WireHearer } from '../world/world.ts';

const DEAF: WireHearer = { open() {}, data() {}, end() {}, drain() {}, close() {} };

/**
 * The wire that an upgrade hands over. It speaks on the connection's own wire, while the server keeps hearing that one and passes
 * everything on: so a tunnel still counts as a connection, and a drain can end it.
 */
export class HandedWire implements Wire {
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

  /** For the connection: the caller's side of the tunnel is gone. */
  closed(fault: WireFault | undefined): void {
    const { hearer } = this;
    this.hearer = DEAF;
    hearer.close(fault);
  }
}
