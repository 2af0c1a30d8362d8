import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * What a write to the handle under a socket returns: 0 when the kernel took all at once, a negative errno, or the request that is still
 * under way. So it is on Node 26 and later.
 */
export type HandleWrite =
  | number
  | {
      oncomplete: (status: number) => void;
      handle: unknown;
      buffer: unknown;
      async: boolean;
      writeStatus: number | null;
    };

/** What the handle calls when something was read, and at the end and at faults. */
export type HandleRead = (this: Handle, more: unknown) => unknown;

/** What lies under one of Node's plain sockets. Node's own, and may change: `adoption.test.ts` tells when it does. */
export type Handle = {
  writeBuffer(request: null, bytes: Uint8Array): HandleWrite;
  onread: HandleRead;
  /** Of all reads so far. */
  readonly bytesRead: number;
};

const IS_KNOWN = Number.parseInt(process.versions.node, 10) >= 26;

/**
 * Half of what a read or a write through Node's streams costs is the streams; nearly every read of ours is a plain one, nearly every write is
 * taken whole at once, and neither needs them. undefined where there is no such handle, or not yet.
 */
export function handleOf(socket: Socket): Handle | undefined {
  if (!IS_KNOWN || socket instanceof TLSSocket) return undefined;
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null || !('writeBuffer' in handle)) return undefined;
  return handle as Handle;
}

/** True when its reads can be taken from it without the socket above. */
export function isReadable(handle: Handle): boolean {
  return typeof handle.onread === 'function' && typeof handle.bytesRead === 'number';
}
