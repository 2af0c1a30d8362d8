import { faultOf, type HeadFault, isFault } from './fault.ts';
import { type Framing, NO_BODY, requestFraming } from './framing.ts';
import { HeadGatherer, REFUSED } from './gather.ts';
import { type HeadLimits, parseRequestHead, type RequestHead, type RequestMemory } from './head.ts';
import { HeadMemory } from './head-memory.ts';
import { type HostMemory, hear, type Said } from './target.ts';

/** The first byte of a TLS record that carries a handshake (RFC 8446 §5.1): someone takes this port for a secure one. */
const TLS_HANDSHAKE = 22;

/** Empty lines before a request: old browsers sent one after a POST (RFC 9112 §2.2); a few more do no harm. */
const EMPTY_LINES_MAX = 4;

const NO_HEAD: RequestHead = { method: 'GET', target: '', minorVersion: 1, fields: [] };

/** Reads the heads of one connection's requests and judges each as a whole: syntax, target, `Host`, expectation, framing, announced size. */
export class RequestReader {
  /** The head last read. After a refusal what is known of it: the method is GET and the target empty when not even those were read. */
  head: RequestHead = NO_HEAD;
  framing: Framing = NO_BODY;
  readonly said: Said = { target: '', isLast: false, isExpecting: false };
  /** Set once `feed` has returned `REFUSED`. */
  fault: HeadFault = faultOf('control');
  readonly #limits: HeadLimits;
  readonly #bodyBytesMax: number;
  readonly #gatherer: HeadGatherer;
  /** From the second request on: a connection that asks once, for a long stream, has nothing to remember it for. */
  #memory: RequestMemory | undefined;
  #heads = 0;
  readonly #hostMemory: HostMemory = { host: undefined };
  #isFirstByte = true;

  constructor(limits: HeadLimits, bodyBytesMax: number) {
    this.#limits = limits;
    this.#bodyBytesMax = bodyBytesMax;
    this.#gatherer = new HeadGatherer(limits.headBytesMax, EMPTY_LINES_MAX);
  }

  /** True once a byte of a head has come that is not whole yet. */
  get isStarted(): boolean {
    return this.#gatherer.isStarted;
  }

  /** The request is over: what is refused from now on is not its. */
  forget(): void {
    this.head = NO_HEAD;
  }

  /** Takes bytes from `at`. Returns the offset behind the head, `MORE` (all were taken), or `REFUSED`. */
  feed(bytes: Uint8Array, at: number): number {
    const gatherer = this.#gatherer;
    if (this.#isFirstByte) {
      this.#isFirstByte = false;
      if (bytes[at] === TLS_HANDSHAKE) {
        this.fault = faultOf('tls');
        return REFUSED;
      }
    }
    const next = gatherer.feed(bytes, at);
    if (next >= 0) {
      const fault = this.#judge(gatherer.text);
      gatherer.reset();
      if (fault === undefined) return next;
      this.fault = fault;
      return REFUSED;
    }
    if (next === REFUSED) {
      this.head = startOf(gatherer.begun);
      this.fault = gatherer.fault ?? this.fault;
    }
    return next;
  }

  #judge(text: string): HeadFault | undefined {
    this.#heads += 1;
    if (this.#heads === 2) this.#memory = new HeadMemory();
    const head = parseRequestHead(text, this.#limits, this.#memory);
    if (isFault(head)) {
      this.head = startOf(text);
      return head;
    }
    this.head = head;
    const fault = hear(head, this.#hostMemory, this.said);
    if (fault !== undefined) return fault;
    const framing = requestFraming(head.method, head.minorVersion, head.fields);
    if (isFault(framing)) return framing;
    this.framing = framing;
    return framing.length > this.#bodyBytesMax ? faultOf('body-size') : undefined;
  }
}

/** A request line that is whole, and after which only a field line can be what was wrong: a path of the usual form. */
const REQUEST_LINE = /^([A-Z]{1,24}) (\/[!-~]{0,8191}) HTTP\/1\.[01]\r\n/;

/** What is known of a refused head: whoever asked on a path is answered in the words of that path's API. */
function startOf(text: string): RequestHead {
  const [, method, target] = REQUEST_LINE.exec(text) ?? [];
  return method === undefined || target === undefined ? NO_HEAD : { ...NO_HEAD, method, target };
}
