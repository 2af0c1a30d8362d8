/** Text of the bytes from `start` to `end`, one character a byte. Works on any view of bytes, not on Node's buffers only. */
export function latin1Slice(bytes: Uint8Array, start: number, end: number): string {
  return slice.call(bytes as Buffer, start, end);
}

const slice = Buffer.prototype.latin1Slice;
