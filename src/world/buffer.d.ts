/**
 * Node's buffers have these methods on every version we run on; its type declarations leave them out. They skip the look-up of the
 * encoding's name, which costs as much as the work itself on pieces of a few hundred bytes.
 */
interface Buffer {
  latin1Slice(start?: number, end?: number): string;
  latin1Write(text: string, offset?: number, length?: number): number;
  hexSlice(start?: number, end?: number): string;
}
