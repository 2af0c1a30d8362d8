/** Text of the bytes from `start` to `end`, one character a byte. Works on any view of bytes, not on Node's buffers only. */
export function latin1Slice(bytes: Uint8Array, start: number, end: number): string {
  return slice.call(bytes as Buffer, start, end);
}

/** Writes a text of characters below 256 at `offset`; the caller sees to the room. */
export function latin1Write(bytes: Uint8Array, text: string, offset: number): void {
  write.call(bytes as Buffer, text, offset, text.length);
}

const slice = Buffer.prototype.latin1Slice;
const write = Buffer.prototype.latin1Write;
