import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { open } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { getCACertificates } from 'node:tls';

/** One address of one interface. */
export type DeviceAddress = {
  readonly interface: string;
  readonly ip: string;
  readonly family: 4 | 6;
  /** True for loopback. */
  readonly isInternal: boolean;
  /** Bits of the network it belongs to; undefined where the system does not tell. */
  readonly prefix: number | undefined;
};

/** What this machine says of itself: for the doctor, who looks and changes nothing. */
export type Device = {
  /** `linux`, `darwin`, `win32` … as Node names them. */
  readonly platform: string;
  addresses(): readonly DeviceAddress[];
  /** The own address from which the system would send to `ip`: a connected UDP socket asks the routing table and sends nothing. Rejects with errno codes. */
  sourceTo(ip: string): Promise<string>;
  /** Runs one of the system's own tools, without a shell, and gives what it prints, at most 256 KiB. Rejects when it is missing, fails or takes longer. */
  run(tool: string, args: readonly string[], timeoutMs: number): Promise<string>;
  /**
   * PEM texts: all that this process believes (what comes with Node, `NODE_EXTRA_CA_CERTS`, and the system's where `NODE_USE_SYSTEM_CA` asks for
   * them), those of `NODE_EXTRA_CA_CERTS` alone, or those of the system. Empty where they cannot be read.
   */
  roots(which: 'default' | 'extra' | 'system'): readonly string[];
  /** A part of a file and its whole size. Rejects with errno codes. */
  readPart(
    path: string,
    fromByte: number,
    bytesMax: number,
  ): Promise<{ readonly bytes: Uint8Array; readonly size: number }>;
  /** What is piped in, up to `bytesMax`; the rest is not read. */
  readInput(bytesMax: number): Promise<{ readonly bytes: Uint8Array; readonly isWhole: boolean }>;
};

const TOOL_BYTES_MAX = 256 * 1024;
/** Any port but 0: nothing is sent there. */
const PORT = 9;

/** This machine. */
export const realDevice: Device = {
  platform: process.platform,
  addresses() {
    return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
      (addresses ?? []).map((each) => ({
        interface: name,
        ip: each.address,
        family: each.family === 'IPv6' ? (6 as const) : (4 as const),
        isInternal: each.internal,
        prefix: each.cidr === null ? undefined : Number(each.cidr.split('/')[1]),
      })),
    );
  },
  sourceTo(ip) {
    return new Promise((fulfil, reject) => {
      const socket = createSocket(ip.includes(':') ? 'udp6' : 'udp4');
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.connect(PORT, ip, () => {
        const { address } = socket.address();
        socket.close();
        fulfil(address);
      });
    });
  },
  run(tool, args, timeoutMs) {
    return new Promise((fulfil, reject) => {
      const options = { timeout: timeoutMs, maxBuffer: TOOL_BYTES_MAX, windowsHide: true };
      execFile(tool, [...args], options, (error, printed) => (error === null ? fulfil(printed) : reject(error)));
    });
  },
  roots(which) {
    try {
      return getCACertificates(which);
    } catch {
      return [];
    }
  },
  async readPart(path, fromByte, bytesMax) {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const buffer = new Uint8Array(Math.max(0, Math.min(bytesMax, size - fromByte)));
      let length = 0;
      while (length < buffer.length) {
        const { bytesRead } = await file.read(buffer, length, buffer.length - length, fromByte + length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return { bytes: buffer.subarray(0, length), size };
    } finally {
      await file.close();
    }
  },
  async readInput(bytesMax) {
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of process.stdin as AsyncIterable<Uint8Array>) {
      parts.push(part.subarray(0, bytesMax - length));
      length += part.length;
      if (length >= bytesMax) break;
    }
    return { bytes: new Uint8Array(Buffer.concat(parts)), isWhole: length < bytesMax };
  },
};
