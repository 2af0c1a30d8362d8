import { BODY_LIMITS, BodyReader } from '../src/http1/body.ts';
import { isFault } from '../src/http1/fault.ts';
import { responseFraming } from '../src/http1/framing.ts';
import { HeadGatherer, MORE, REFUSED } from '../src/http1/gather.ts';
import { HEAD_LIMITS, parseResponseHead, type ResponseMemory } from '../src/http1/head.ts';
import { HeadMemory } from '../src/http1/head-memory.ts';
import { RequestReader } from '../src/http1/request-reader.ts';
import type { Course, OpenMessage, Side } from './course.ts';

/** Reads one head after another; what it read last is in `start`, `fields` and the body reader. */
type HeadReader = {
  feed(bytes: Uint8Array, at: number): number;
  readonly isStarted: boolean;
  readonly word: string;
  /** The message after the last head, and its body begun. */
  begin(reader: BodyReader): Sinking;
  /** Nothing behind this message is read: it closes the connection. */
  readonly isLast: boolean;
};

/** `isInLines`: it waits for the end of a head or of trailers, and judges them once they are whole. */
export type OurCourse = Course & { readonly isInLines: boolean };

/** Reads the pieces with Goodgate's parser, as a connection would: gatherer, head, framing, body, and again. */
export function ourCourse(pieces: readonly Uint8Array[], side: Side): OurCourse {
  const messages: OpenMessage[] = [];
  const heads = side === 'request' ? requestHeads() : responseHeads();
  const body = new BodyReader(BODY_LIMITS);
  let open: OpenMessage | undefined;
  let isOver = false;
  const course = (ending: Course['ending'], word: string): OurCourse => ({
    messages,
    ending,
    word,
    isInLines: heads.isStarted || (open !== undefined && body.isInTrailers),
  });

  for (const bytes of pieces) {
    let at = 0;
    while (at < bytes.length || (open !== undefined && body.isDone)) {
      if (isOver) return course('refused', 'last');
      if (open === undefined) {
        const next = heads.feed(bytes, at);
        if (next === REFUSED) return course('refused', heads.word);
        if (next === MORE) break;
        at = next;
        open = heads.begin(body);
        messages.push(open);
        if (isTunnel(open)) return course('tunnel', '');
      } else {
        const next = body.feed(bytes, at);
        if (next === REFUSED) return course('refused', body.fault?.word ?? 'no fault');
        at = next;
        if (!body.isDone) break;
        open.trailers = body.trailers ?? [];
        open.isWhole = true;
        open = undefined;
        isOver = heads.isLast;
      }
    }
  }
  return course('more', '');
}

function requestHeads(): HeadReader {
  const reader = new RequestReader(HEAD_LIMITS, Number.MAX_SAFE_INTEGER);
  return {
    feed: (bytes, at) => reader.feed(bytes, at),
    get isStarted() {
      return reader.isStarted;
    },
    get word() {
      return reader.fault.word;
    },
    get isLast() {
      return reader.said.isLast;
    },
    begin(body) {
      const { method, target, minorVersion, fields } = reader.head;
      const open = message(`${method} ${target} 1.${minorVersion}`, fields);
      body.begin(reader.framing, open);
      return open;
    },
  };
}

function responseHeads(): HeadReader {
  const gatherer = new HeadGatherer(HEAD_LIMITS.headBytesMax, 0);
  const memory: ResponseMemory = new HeadMemory();
  let word = '';
  let begun: ((body: BodyReader) => Sinking) | undefined;
  return {
    feed(bytes, at) {
      const next = gatherer.feed(bytes, at);
      if (next === MORE) return MORE;
      if (next === REFUSED) {
        word = gatherer.fault?.word ?? 'no fault';
        return REFUSED;
      }
      const head = parseResponseHead(gatherer.text, HEAD_LIMITS, memory);
      gatherer.reset();
      const framing = isFault(head) ? head : responseFraming('GET', head.status, head.minorVersion, head.fields);
      if (isFault(head) || isFault(framing)) {
        word = isFault(framing) ? framing.word : 'no fault';
        return REFUSED;
      }
      begun = (body) => {
        const open = message(`1.${head.minorVersion} ${head.status}`, head.fields);
        body.begin(framing, open);
        return open;
      };
      return next;
    },
    get isStarted() {
      return gatherer.isStarted;
    },
    get word() {
      return word;
    },
    isLast: false,
    begin(body) {
      if (begun === undefined) throw new Error('no head was read');
      return begun(body);
    },
  };
}

type Sinking = OpenMessage & { part(bytes: Uint8Array): void };

function message(start: string, fields: string[]): Sinking {
  return {
    start,
    fields,
    body: '',
    trailers: [],
    isWhole: false,
    part(bytes) {
      this.body += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).latin1Slice();
    },
  };
}

function isTunnel(message: OpenMessage): boolean {
  return message.start.startsWith('CONNECT ') || message.start.endsWith(' 101');
}
