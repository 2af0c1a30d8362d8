/** One read buffer for every plain socket: bytes are handled before the next read, so nobody needs their own (and 64 KiB each would not do for 10,000). */
export const readBuffer = Buffer.allocUnsafeSlow(65_536);

/** Events and most heads with their bodies are shorter; a longer read is rare enough to have its view made. */
const KEPT_LENGTH_MAX = 4096;

const byLength = new Array<Uint8Array | undefined>(KEPT_LENGTH_MAX + 1).fill(undefined);

/**
 * The first `length` bytes of the read buffer. Made once for each length: each new view is work for the collector, and to note it in an
 * older object as well. Its bytes change with the next read, as those of every view that a wire hands out.
 */
export function readView(length: number): Uint8Array {
  if (length > KEPT_LENGTH_MAX) return readBuffer.subarray(0, length);
  const known = byLength[length];
  if (known !== undefined) return known;
  const view = readBuffer.subarray(0, length);
  byLength[length] = view;
  return view;
}

/** Parts kept: the chunks of a stream begin at one or two places and have some hundreds of lengths. A power of two. */
const PARTS_MAX = 1024;

const parts = new Array<Uint8Array | undefined>(PARTS_MAX).fill(undefined);
const partsFrom = new Int32Array(PARTS_MAX);

/** `bytes.subarray(from, to)`, where `bytes` is a view of the read buffer the same object as before. */
export function partOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const { length } = bytes;
  // Anybody else's memory is not ours to keep alive.
  if (length > KEPT_LENGTH_MAX || byLength[length] !== bytes) return bytes.subarray(from, to);
  const place = (to - from + from * 509) & (PARTS_MAX - 1);
  const known = parts[place];
  if (known !== undefined && partsFrom[place] === from && known.length === to - from) return known;
  const view = bytes.subarray(from, to);
  parts[place] = view;
  partsFrom[place] = from;
  return view;
}
