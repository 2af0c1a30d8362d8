/** Far above what any drill answer has. */
const HEAD_BYTES_MAX = 1 << 20;

/**
 * Reads one response from a caller's side, strictly, and knows nothing of the engine under test: a checker that shared its parser with
 * the accused would share its errors.
 */
export class ResponseReader {
  status = 0;
  /** Names lower case. */
  readonly fields = new Map<string, string>();
  bytes = 0;
  /** What is wrong with the framing, if something is. */
  fault: string | undefined;
  #state: 'head' | 'length' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' | 'until-close' | 'done' = 'head';
  #held = Buffer.alloc(0);
  #left = 0;
  readonly #decoder = new TextDecoder();
  readonly #said: (text: string) => void;

  /** `said` is given the body piece by piece. */
  constructor(said: (text: string) => void) {
    this.#said = said;
  }

  get isHeadSeen(): boolean {
    return this.status !== 0;
  }

  /** The response is whole by its own framing. */
  get isWhole(): boolean {
    return this.#state === 'done';
  }

  /** Whole once the connection closes: the weak framing of HTTP/1.0. */
  get isUntilClose(): boolean {
    return this.#state === 'until-close';
  }

  get hasBegun(): boolean {
    return this.isHeadSeen || this.#held.length > 0;
  }

  feed(bytes: Uint8Array): void {
    this.#held = this.#held.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#held, bytes]);
    while (this.fault === undefined && this.#step());
    if (this.#state === 'done' && this.#held.length > 0) this.fault = 'bytes after the end of the response';
    if (this.#state === 'head' && this.#held.length > HEAD_BYTES_MAX) this.fault = 'a head without an end';
  }

  /** False when more is needed. */
  #step(): boolean {
    switch (this.#state) {
      case 'head':
        return this.#head();
      case 'length':
      case 'chunk':
        return this.#data();
      case 'until-close':
        this.#take(this.#held.length);
        return false;
      case 'chunk-size':
        return this.#size();
      case 'chunk-end':
        return this.#line((line) => {
          if (line !== '') this.fault = 'a chunk is longer than its size';
          this.#state = 'chunk-size';
        });
      case 'trailers':
        return this.#line((line) => {
          if (line === '') this.#state = 'done';
        });
      case 'done':
        return false;
    }
  }

  #line(use: (line: string) => void): boolean {
    const end = this.#held.indexOf('\r\n');
    if (end === -1) return false;
    const line = this.#held.toString('latin1', 0, end);
    this.#held = this.#held.subarray(end + 2);
    use(line);
    return true;
  }

  #size(): boolean {
    return this.#line((line) => {
      if (!/^[0-9a-f]{1,8}$/i.test(line)) this.fault = `a chunk size of "${line.slice(0, 20)}"`;
      this.#left = Number.parseInt(line, 16);
      this.#state = this.#left === 0 ? 'trailers' : 'chunk';
    });
  }

  #data(): boolean {
    if (this.#held.length === 0) return false;
    const bytes = Math.min(this.#left, this.#held.length);
    this.#take(bytes);
    this.#left -= bytes;
    if (this.#left === 0) this.#state = this.#state === 'chunk' ? 'chunk-end' : 'done';
    return true;
  }

  #take(bytes: number): void {
    this.bytes += bytes;
    this.#said(this.#decoder.decode(this.#held.subarray(0, bytes), { stream: true }));
    this.#held = this.#held.subarray(bytes);
  }

  #head(): boolean {
    const end = this.#held.indexOf('\r\n\r\n');
    if (end === -1) return false;
    const [first = '', ...lines] = this.#held.toString('latin1', 0, end).split('\r\n');
    this.#held = this.#held.subarray(end + 4);
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1];
    if (status === undefined) {
      this.fault = `a status line of "${first.slice(0, 40)}"`;
      return false;
    }
    if (status.startsWith('1')) return true;
    this.status = Number(status);
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      if (colon < 1 || (name === 'content-length' && this.fields.has(name))) this.fault = `a field line of "${line}"`;
      this.fields.set(name, line.slice(colon + 1).trim());
    }
    this.#frame();
    return true;
  }

  #frame(): void {
    const length = this.fields.get('content-length');
    const coding = this.fields.get('transfer-encoding');
    if (length !== undefined && coding !== undefined) this.fault = 'a length and a transfer coding at once';
    if (coding !== undefined) this.#state = 'chunk-size';
    else if (length !== undefined) {
      this.#left = Number(length);
      this.#state = this.#left === 0 ? 'done' : 'length';
    } else this.#state = this.status === 204 || this.status === 304 ? 'done' : 'until-close';
  }
}
