import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { getSystemErrorName } from 'node:util';
import { dropGathered, flushGathered, GATHER_MAX_BYTES, gather } from './gathering.ts';
import { type Handle, type HandleRead, handleOf, isReadable } from './handle.ts';
import { realClock, releaseClock } from './real-clock.ts';
import { type EagerReader, mayReadOn } from './turn-share.ts';
import { readBuffer, readView } from './views.ts';
import type { PeerAddress, TlsFacts, Wire, WireFault, WireHearer } from './world.ts';

/** Above this much queued, `write` says stop: four times the kernel's usual send chunk, so that a fast reader never waits for us. */
const HIGH_WATER_BYTES = 65_536;

const NOBODY: PeerAddress = { ip: '', port: 0 };

/** The wire on a socket, for listeners that all sockets share: with four of its own each, 10,000 of them would weigh 5 MB more. */
const WIRE = Symbol('wire');
type WiredSocket = Socket & { [WIRE]?: SocketWire };

function onEnd(this: WiredSocket): void {
  this[WIRE]?.ended();
}

function onDrain(this: WiredSocket): void {
  this[WIRE]?.drained();
}

function onError(this: WiredSocket, error: Error): void {
  this[WIRE]?.failed(error);
}

function onClose(this: WiredSocket): void {
  this[WIRE]?.closed();
}

type WiredHandle = Handle & { [WIRE]?: SocketWire };

/** What Node itself would call, for all handles the same: it knows what to do at the end, at faults, and where there is more than fits. */
let nodesRead: HandleRead | undefined;

/** What the handle of a wire calls. A plain read goes straight to the wire: the way through the socket touches three objects more for each. */
function onHandleRead(this: WiredHandle, more: unknown): unknown {
  const wire = this[WIRE];
  const length = wire === undefined ? 0 : this.bytesRead - wire.bytesRead;
  if (wire === undefined || length <= 0 || length >= readBuffer.length) return nodesRead?.call(this, more);
  realClock.hold?.();
  try {
    wire.heard(readView(length));
  } finally {
    releaseClock();
  }
  return undefined;
}

/** What Node calls, on the socket, when it has read into the shared buffer. False: it is to read no more in this turn. */
export function onRead(this: WiredSocket, length: number): boolean {
  const wire = this[WIRE];
  if (wire === undefined) return true;
  wire.heard(readView(length));
  return length < readBuffer.length || wire.mayReadOn(length);
}

/** A wire on one of Node's sockets. */
export class SocketWire implements Wire, EagerReader {
  hearer: WireHearer;
  readonly #socket: Socket;
  #bytesWritten = 0;
  #bytesRead = 0;
  #isOver = false;
  #fault: WireFault | undefined;
  /** While the socket is open and holds nothing back: what is written may go straight to its handle. */
  #handle: Handle | undefined;
  /** Of a direct write that the kernel has not taken whole yet. */
  #directBytes = 0;
  /** Written, and not yet given to the socket. */
  #gatheredBytes = 0;
  #remote: PeerAddress | undefined;
  /** By its owner. */
  #isPaused = false;
  /** For its share of a turn. */
  #isWaiting = false;

  constructor(socket: Socket, hearer: WireHearer) {
    this.#socket = socket;
    this.hearer = hearer;
    (socket as WiredSocket)[WIRE] = this;
    socket.on('end', onEnd);
    socket.on('drain', onDrain);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  /** The socket is connected, and reads into the shared buffer. */
  opened(): void {
    const handle = handleOf(this.#socket);
    this.#handle = handle;
    if (handle === undefined || !isReadable(handle)) return;
    nodesRead ??= handle.onread;
    (handle as WiredHandle)[WIRE] = this;
    handle.onread = onHandleRead;
  }

  /** The peer's half is closed; for the socket's listeners, as the next three. */
  ended(): void {
    // After an error the end that Node still tells of is not the peer's.
    if (this.#fault === undefined) this.hearer.end();
  }

  drained(): void {
    if (this.#directBytes === 0) this.hearer.drain();
  }

  failed(error: Error): void {
    this.#handle = undefined;
    this.#fault = faultOf(error);
    // An alert after the handshake does not end a TLS socket by itself: without this, `close` would never come.
    this.#socket.destroy();
  }

  closed(): void {
    this.#over();
  }

  /** For sockets that read into a shared buffer (`onread`): hands the bytes on. */
  heard(bytes: Uint8Array): void {
    this.#bytesRead += bytes.length;
    this.hearer.data(bytes);
  }

  /** After a read that filled the shared buffer: whether the next one may follow in this turn. */
  mayReadOn(bytes: number): boolean {
    if (this.#isWaiting) return false;
    this.#isWaiting = !mayReadOn(this, bytes);
    return !this.#isWaiting;
  }

  readOn(): void {
    this.#isWaiting = false;
    if (!this.#isPaused && !this.#isOver) this.#socket.resume();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handle = undefined;
    this.#dropOwn();
    this.hearer.close(this.#fault);
  }

  write(bytes: Uint8Array | string): boolean {
    const length = bytes.length;
    if (length > GATHER_MAX_BYTES) {
      this.#flushOwn();
      const whole = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
      this.send(whole);
    } else {
      gather(this, bytes);
      this.#gatheredBytes += length;
    }
    // What is gathered is bounded by itself, and nobody is told when it has left.
    return this.#queuedBytes() < HIGH_WATER_BYTES;
  }

  /** The turn of what was gathered of this wire has come. */
  sendGathered(bytes: Uint8Array): boolean {
    this.#gatheredBytes -= bytes.length;
    return this.send(bytes);
  }

  /** Gives bytes to the socket; true when the kernel took them all, so that the caller may reuse the memory. */
  send(bytes: Uint8Array): boolean {
    const handle = this.#directBytes === 0 ? (this.#handle ?? this.#freeHandle()) : undefined;
    if (handle !== undefined) {
      this.#bytesWritten += bytes.length;
      return this.#sendDirectly(handle, bytes);
    }
    const socket = this.#socket;
    if (!socket.writable) return true;
    this.#bytesWritten += bytes.length;
    // Behind a write under way: the platform keeps the order.
    this.#handle = undefined;
    socket.write(bytes);
    return socket.writableLength === 0;
  }

  /** The handle, where the socket holds nothing back any more. */
  #freeHandle(): Handle | undefined {
    const socket = this.#socket;
    if (!socket.writable || socket.writableLength > 0 || socket.connecting) return undefined;
    this.#handle = handleOf(socket);
    return this.#handle;
  }

  /** Written and not taken by the kernel, but for what is gathered. */
  #queuedBytes(): number {
    return this.#directBytes + (this.#handle === undefined ? this.#socket.writableLength : 0);
  }

  #sendDirectly(handle: Handle, bytes: Uint8Array): boolean {
    const written = handle.writeBuffer(null, bytes);
    if (written === 0) return true;
    if (typeof written === 'number') {
      this.#broke(written);
      return true;
    }
    this.#directBytes = bytes.length;
    written.handle = handle;
    written.async = true;
    written.buffer = bytes;
    written.oncomplete = (status) => this.#sent(status);
    if (written.writeStatus !== null) written.oncomplete(written.writeStatus);
    return false;
  }

  #sent(status: number): void {
    this.#directBytes = 0;
    if (status < 0) this.#broke(status);
    else if (!this.#isOver && this.#queuedBytes() === 0) this.hearer.drain();
  }

  #broke(errno: number): void {
    this.#handle = undefined;
    if (this.#isOver || this.#socket.destroyed) return;
    const code = getSystemErrorName(errno);
    this.#socket.destroy(Object.assign(new Error(`write ${code}`), { code, syscall: 'write' }));
  }

  #flushOwn(): void {
    if (this.#gatheredBytes > 0) flushGathered();
  }

  #dropOwn(): void {
    if (this.#gatheredBytes === 0) return;
    this.#gatheredBytes = 0;
    dropGathered(this);
  }

  end(): void {
    this.#flushOwn();
    this.#handle = undefined;
    this.#socket.end();
  }

  reset(): void {
    this.#dropOwn();
    this.#handle = undefined;
    // A TLS socket has no reset of its own and throws: what is reset is the TCP connection under it.
    const under: unknown = this.#socket instanceof TLSSocket ? Reflect.get(this.#socket, '_parent') : this.#socket;
    if (under instanceof Socket && !under.destroyed) {
      // The platform refuses to reset a socket whose FIN is still on its way out, and would leave it open for ever.
      if (under.writableEnded && !under.writableFinished) under.destroy();
      else under.resetAndDestroy();
    }
    if (under !== this.#socket) this.#socket.destroy();
  }

  destroy(): void {
    this.#dropOwn();
    this.#handle = undefined;
    this.#socket.destroy();
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isWaiting) this.#socket.resume();
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  get bytesQueued(): number {
    return this.#queuedBytes() + this.#gatheredBytes;
  }

  get isOpen(): boolean {
    return !this.#isOver && !this.#socket.destroyed && !this.#socket.connecting;
  }

  get remote(): PeerAddress {
    this.#remote ??= { ip: this.#socket.remoteAddress ?? '', port: this.#socket.remotePort ?? 0 };
    return this.#remote;
  }

  get local(): PeerAddress {
    const { localAddress, localPort } = this.#socket;
    return localAddress === undefined ? NOBODY : { ip: localAddress, port: localPort ?? 0 };
  }

  get tls(): TlsFacts | undefined {
    const socket = this.#socket;
    if (!(socket instanceof TLSSocket)) return undefined;
    return {
      alpn: typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : undefined,
      protocol: socket.getProtocol() ?? 'unknown',
      isResumed: socket.isSessionReused(),
    };
  }

  /** The socket, for the one door that wraps it in TLS. What was heard before must not be heard twice, so it is silenced here. */
  surrender(): Socket {
    this.#flushOwn();
    this.#isOver = true;
    if (this.#handle !== undefined && nodesRead !== undefined) this.#handle.onread = nodesRead;
    this.#handle = undefined;
    for (const event of ['data', 'end', 'drain', 'error', 'close']) this.#socket.removeAllListeners(event);
    return this.#socket;
  }
}

/** OpenSSL writes the alert it received into the error's code: `ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE`. */
const ALERT = /_ALERT_([A-Z_]+)$/;

/** The facts of a platform error. */
export function faultOf(error: Error & { code?: string; syscall?: string }): WireFault {
  const code = error.code ?? 'UNKNOWN';
  return { code, syscall: error.syscall, tlsAlert: ALERT.exec(code)?.[1]?.toLowerCase(), message: error.message };
}
