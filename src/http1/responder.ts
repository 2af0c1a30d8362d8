import type { Fields } from '../call/fields.ts';
import type { Wire } from '../world/world.ts';
import type { OwnLines, Responder } from './contract.ts';
import { fieldLine } from './field-line.ts';
import { lengthOf } from './framing.ts';
import { lastChunk, responseHead, statusLine } from './serialise.ts';

/** What an answer needs of the connection it goes out on. */
export type AnswerPort = {
  /** Sends; false when the caller reads slower than we write. */
  write(bytes: Uint8Array | string): boolean;
  /** All bytes ever sent on this connection, and those of them that the kernel took. */
  readonly sent: number;
  readonly taken: number;
  /** The `date` line. */
  readonly date: () => string;
  /**
   * Asked once, when the head is written: the line that says whether the connection stays, and how long. `isEndless`: only its end can end
   * this answer.
   */
  connectionLine(isEndless: boolean): string;
  /** The answer is over. Clean: the next request may be read. Cut: the caller must see that it is not whole. */
  answered(how: 'clean' | 'cut' | 'cut-by-reset'): void;
  /** False while bytes of the request are still to come. */
  readonly isRequestWhole: boolean;
  /** The wire is handed over, with what was read past the head. */
  switched(): { readonly wire: Wire; readonly early: Uint8Array };
};

/** Parts up to this size leave as one piece with their chunk framing; copying more costs more than a second write. */
const GATHER_BYTES_MAX = 16_384;

/** Room for a part of 4 hex digits, framed. One for all answers: what is written is copied or sent before `write` returns. */
const frame = Buffer.allocUnsafeSlow(GATHER_BYTES_MAX + 8);

/** The beginnings of it that were written, by their length: the events of a stream have some hundred lengths, and a view costs as much as a copy. */
const FRAMED_KEPT_MAX = 1024;
const framedByLength = new Array<Uint8Array | undefined>(FRAMED_KEPT_MAX).fill(undefined);

function framed(length: number): Uint8Array {
  if (length >= FRAMED_KEPT_MAX) return frame.subarray(0, length);
  const view = framedByLength[length] ?? frame.subarray(0, length);
  framedByLength[length] = view;
  return view;
}

const CR = 13;
const LF = 10;
const HEX_DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

/** `100 Continue` is the one interim answer that the oldest and simplest of clients know to skip; 102 and 103 are not. */
const PROBE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** How the body of an answer is framed; `none`: by its method or status it has no body, whatever is written. */
type Mode = 'none' | 'length' | 'chunked' | 'close';

/** Writes one answer. Its texts are sent as UTF-8. */
export class Answering implements Responder {
  onDrain: (() => void) | undefined;
  onLeave: (() => void) | undefined;
  /** Its caller, who closed its half, is being asked whether it still reads. */
  isAsked = false;
  readonly #port: AnswerPort;
  readonly #method: string;
  readonly #minorVersion: 0 | 1;
  readonly #sentBefore: number;
  #state: 'head' | 'body' | 'over' = 'head';
  #isHeadSent = false;
  #mode: Mode = 'none';
  /** Body bytes still owed when the length was announced. */
  #left = 0;
  /** A part of the next chunk's size line is out. */
  #isProbed = false;
  /** All that this answer wrote; known for good when it is over. */
  #sent = 0;

  constructor(port: AnswerPort, method: string, minorVersion: 0 | 1) {
    this.#port = port;
    this.#method = method;
    this.#minorVersion = minorVersion;
    this.#sentBefore = port.sent;
  }

  get isHeadSent(): boolean {
    return this.#isHeadSent;
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  get bytesWritten(): number {
    return Math.max(0, Math.min(this.#port.taken - this.#sentBefore, this.#sent));
  }

  /** @throws RangeError or TypeError, with nothing written, on a status or field that cannot be. */
  send(status: number, fields: Fields, body: Uint8Array | string, ownLines: OwnLines = ''): void {
    if (this.#state !== 'head') return;
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    const isBare = this.#isBodiless(status);
    // RFC 9110 §8.6: no length with 1xx and 204; with 304 and HEAD it would be that of another answer's body, which is what HEAD asks for.
    const lengthLine = status === 204 || status === 304 ? '' : `content-length: ${length}\r\n`;
    const head = `${this.#lines(status, fields, ownLines, 'without')}${lengthLine}${this.#port.connectionLine(false)}\r\n`;
    this.#isHeadSent = true;
    if (isBare || length === 0) {
      this.#write(head);
    } else if (typeof body === 'string' && length === body.length) {
      // As many bytes as characters: the text is ASCII, and goes in one piece with its head.
      this.#write(head + body);
    } else {
      this.#write(head);
      this.#write(typeof body === 'string' ? Buffer.from(body) : body);
    }
    this.#over('clean');
  }

  /** @throws RangeError or TypeError, with nothing written, on a status or field that cannot be. */
  head(status: number, fields: Fields, ownLines: OwnLines = ''): void {
    if (this.#state !== 'head') return;
    const announced = announcedLength(fields);
    const mode = this.#modeOf(status, announced);
    const isKept = mode === 'length' || (mode === 'none' && status !== 204 && announced >= 0);
    const lines = this.#lines(status, fields, ownLines, isKept ? 'with' : 'without');
    const framing = mode === 'chunked' ? 'transfer-encoding: chunked\r\n' : '';
    this.#mode = mode;
    this.#left = mode === 'length' ? announced : 0;
    this.#state = 'body';
    this.#isHeadSent = true;
    this.#write(`${lines}${framing}${this.#port.connectionLine(mode === 'close')}\r\n`);
  }

  part(bytes: Uint8Array | string): boolean {
    if (this.#state !== 'body' || bytes.length === 0) return true;
    switch (this.#mode) {
      case 'none':
        return true;
      case 'chunked':
        return this.#chunk(typeof bytes === 'string' ? utf8(bytes) : bytes);
      case 'length':
        return this.#counted(typeof bytes === 'string' ? utf8(bytes) : bytes);
      case 'close':
        return this.#write(typeof bytes === 'string' ? utf8(bytes) : bytes);
    }
  }

  /** With less than the announced length written this is a cut, not an end. */
  end(trailers?: Fields): void {
    if (this.#state !== 'body') {
      if (this.#state === 'head') this.abort();
      return;
    }
    if (this.#mode === 'length' && this.#left > 0) {
      this.abort();
      return;
    }
    if (this.#mode === 'chunked') this.#write(trailers === undefined ? '0\r\n\r\n' : lastChunk(trailers));
    this.#over('clean');
  }

  abort(): void {
    if (this.#state === 'over') return;
    // An answer that ends with the connection looks whole at a FIN, and so might a size line that ends in a zero: only a reset tells.
    const looksWhole = this.#mode === 'close' || this.#isProbed;
    this.#over(looksWhole && this.#isHeadSent ? 'cut-by-reset' : 'cut');
  }

  /** HTTP/1.0 knows no interim answers: nothing is sent then (RFC 9110 §15.2). 101 is `upgrade`'s. */
  informational(status: number, fields: Fields): void {
    if (status < 100 || status > 199 || status === 101) throw new RangeError('not an interim status');
    if (this.#state !== 'head' || this.#minorVersion === 0) return;
    this.#write(responseHead(status, fields));
  }

  /** @throws Error after the head, and while the request is not whole: its rest would be taken for the new protocol (RFC 9110 §7.8). */
  upgrade(fields: Fields, ownLines: OwnLines = ''): { readonly wire: Wire; readonly early: Uint8Array } {
    if (this.#state !== 'head' || !this.#port.isRequestWhole) throw new Error('an upgrade comes too late or too early');
    this.#write(`${statusLine(101)}${this.#fieldLines(fields, 'without')}${ownLines}connection: upgrade\r\n\r\n`);
    this.#isHeadSent = true;
    this.#state = 'over';
    return this.#port.switched();
  }

  /**
   * Sends a caller that closed its half what means nothing to one that still reads, and is answered by a reset from one that is gone: an
   * interim answer before the head (RFC 9110 §15.2), in a chunked body a leading zero of the next chunk's size (RFC 9112 §7.1: `1*HEXDIG`).
   * False where there is no such thing to send.
   */
  probe(): boolean {
    if (this.#state === 'head' && this.#minorVersion === 1) {
      this.#write(PROBE);
      return true;
    }
    if (this.#state !== 'body' || this.#mode !== 'chunked') return false;
    this.#write('0');
    this.#isProbed = true;
    return true;
  }

  /** The engine takes the answer out of the owner's hands; every later call is a no-op. */
  close(): void {
    this.#state = 'over';
    this.onDrain = undefined;
    this.onLeave = undefined;
  }

  /** The caller is gone. */
  leave(): void {
    if (this.#state === 'over') return;
    const { onLeave } = this;
    this.close();
    onLeave?.();
  }

  #isBodiless(status: number): boolean {
    return this.#method === 'HEAD' || status === 204 || status === 304 || status < 200;
  }

  #modeOf(status: number, announced: number): Mode {
    if (this.#isBodiless(status)) return 'none';
    if (announced >= 0) return 'length';
    return this.#minorVersion === 1 ? 'chunked' : 'close';
  }

  #lines(status: number, fields: Fields, ownLines: OwnLines, length: 'with' | 'without'): string {
    if (status < 200) throw new RangeError('an interim status does not end a request');
    return statusLine(status) + this.#fieldLines(fields, length) + ownLines;
  }

  /** The owner's fields, without those that are the engine's to say, and the date if it did not bring one. */
  #fieldLines(fields: Fields, length: 'with' | 'without'): string {
    let lines = '';
    let isDated = false;
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i] ?? '';
      if (name === 'connection' || name === 'keep-alive' || name === 'transfer-encoding') continue;
      if (name === 'content-length' && length === 'without') continue;
      if (name === 'date') isDated = true;
      lines += fieldLine(name, fields[i + 1] ?? '');
    }
    return isDated ? lines : lines + this.#port.date();
  }

  #counted(bytes: Uint8Array): boolean {
    this.#left -= bytes.length;
    if (this.#left < 0) {
      this.abort();
      return true;
    }
    return this.#write(bytes);
  }

  #chunk(bytes: Uint8Array): boolean {
    const { length } = bytes;
    if (length > GATHER_BYTES_MAX) {
      this.#write(`${length.toString(16)}\r\n`);
      this.#write(bytes);
      return this.#write('\r\n');
    }
    let at = 0;
    for (let shift = length > 0xfff ? 12 : length > 0xff ? 8 : length > 0xf ? 4 : 0; shift >= 0; shift -= 4) {
      frame[at] = HEX_DIGITS[(length >> shift) & 15] ?? 0;
      at += 1;
    }
    frame[at] = CR;
    frame[at + 1] = LF;
    frame.set(bytes, at + 2);
    at += 2 + length;
    frame[at] = CR;
    frame[at + 1] = LF;
    return this.#write(framed(at + 2));
  }

  #write(bytes: Uint8Array | string): boolean {
    this.#sent += bytes.length;
    return this.#port.write(bytes);
  }

  #over(how: 'clean' | 'cut' | 'cut-by-reset'): void {
    this.close();
    this.#port.answered(how);
  }
}

/** The length that the fields announce, -1 without one. @throws TypeError on one that is none. */
function announcedLength(fields: Fields): number {
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== 'content-length') continue;
    const length = lengthOf(fields[i + 1] ?? '');
    if (length < 0) throw new TypeError('content-length is not a length');
    return length;
  }
  return -1;
}

function utf8(text: string): Uint8Array {
  return Buffer.from(text);
}
