import type { Net, Wire, WireHearer } from '../world/world.ts';
import type { Origin } from './contract.ts';

/** For wire tests: a TCP server on a free port of loopback that does to each connection what the test says, byte by byte. */
export type RawServer = {
  readonly port: number;
  readonly origin: Origin;
  /** Requests seen: all text that was read, one entry a connection, in the order of accepting. */
  readonly heard: readonly string[];
  close(): Promise<void>;
};

/** A connection as its script sees it. */
export type RawPeer = {
  readonly wire: Wire;
  /** Counted from 0. */
  readonly index: number;
  /** All text that came on this connection. */
  text(): string;
};

/** What the script does: when a connection comes, and at every piece of data. */
export type RawScript = {
  readonly accepted?: (peer: RawPeer) => void;
  readonly data?: (peer: RawPeer, piece: string) => void;
};

/** Starts one. A peer that half-closes is half-closed back; all else is the script's. */
export async function rawServer(net: Net, script: RawScript): Promise<RawServer> {
  const wires = new Set<Wire>();
  const heard: string[] = [];
  const accept = (wire: Wire): WireHearer => {
    const index = heard.length;
    heard.push('');
    wires.add(wire);
    const peer: RawPeer = { wire, index, text: () => heard[index] ?? '' };
    return {
      open: () => script.accepted?.(peer),
      data(bytes) {
        const piece = Buffer.from(bytes).toString('latin1');
        heard[index] += piece;
        script.data?.(peer, piece);
      },
      end: () => wire.end(),
      drain() {},
      close: () => void wires.delete(wire),
    };
  };
  const listener = await net.listen({ address: { ip: '127.0.0.1', port: 0 } }, accept);
  const port = 'port' in listener.address ? listener.address.port : 0;
  return {
    port,
    origin: { host: '127.0.0.1', port, isSecure: false },
    heard,
    close() {
      for (const wire of wires) wire.destroy();
      return listener.close();
    },
  };
}

/** Answers every request (heads without bodies) with this text. */
export function answering(answer: string): RawScript {
  return {
    data(peer, piece) {
      for (const _ of piece.matchAll(/\r\n\r\n/g)) peer.wire.write(answer);
    },
  };
}
