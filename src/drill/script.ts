import type { Fields } from '../call/fields.ts';
import { fieldLines, statusLine } from '../http1/serialise.ts';
import type { Answer, Ask, Speaker } from './answers/answer.ts';

/** What happens to the connection when all is written. */
export type Ending =
  /** Ready for the next request; closed after `idleMs` without one, where that is given. */
  | { readonly how: 'keep'; readonly idleMs?: number }
  | { readonly how: 'close' }
  | { readonly how: 'reset' }
  /** Nothing more, for ever: until the peer gives up. */
  | { readonly how: 'silence' };

/** Some bytes, this long after the ones before. */
export type Step = { readonly delayMs: number; readonly bytes: Uint8Array };

/** All that is done in answer to one request, byte by byte: what the player plays. */
export type Script = {
  readonly headDelayMs: number;
  /** Latin1, with its empty line; empty when nothing is answered. */
  readonly head: string;
  /** Framed already. Made as it is played, so that a long slow answer costs no memory. */
  readonly body: Iterable<Step>;
  readonly ending: Ending;
};

/** Where and for whom an answer is given. */
export type Scene = {
  readonly ask: Ask;
  readonly speaker: Speaker;
  readonly minorVersion: 0 | 1;
  /** False when either side wants the connection closed after the answer. */
  readonly isKept: boolean;
  /** Milliseconds from word to word of a stream; 0 says all at once. */
  readonly paceMs: number;
  /** 1 for the first request of its connection. */
  readonly nthOnWire: number;
};

/** One piece of a body; `raw` ones are written past the chunked framing. */
export type Piece = { readonly delayMs: number; readonly bytes: Uint8Array; readonly isRaw?: boolean };

/** An answer ready to be framed: the form in which faults of framing and timing change it. */
export type Show = {
  readonly status: number;
  readonly fields: Fields;
  readonly headDelayMs: number;
  readonly pieces: readonly Piece[];
  /** The announced length; undefined is chunked, or until close for HTTP/1.0. */
  readonly length: number | undefined;
  /** False: the body stops without its proper end. */
  readonly isEnded: boolean;
  readonly ending: Ending;
};

/** An answer as a healthy provider frames it: plain ones with their length, streams in chunks, one event each, the first word at once. */
export function showOf(answer: Answer, scene: Scene): Show {
  const how = scene.isKept ? 'keep' : 'close';
  const common = {
    status: answer.status,
    fields: answer.fields,
    headDelayMs: 0,
    isEnded: true,
    ending: { how },
  } as const;
  if (answer.kind === 'plain') {
    const { body } = answer;
    return { ...common, pieces: body.length === 0 ? [] : [{ delayMs: 0, bytes: body }], length: body.length };
  }
  let outputs = 0;
  const pieces = answer.events.map(({ text, means }) => {
    if (means === 'output') outputs += 1;
    const delayMs = means === 'output' && outputs > 1 ? scene.paceMs : 0;
    return { delayMs, bytes: Buffer.from(text, 'utf8') };
  });
  return { ...common, pieces, length: undefined };
}

/** Frames a show. */
export function scriptOf(show: Show, scene: Scene): Script {
  const isUntilClose = show.length === undefined && scene.minorVersion === 0;
  const isKept = scene.isKept && !isUntilClose;
  const fields = ['date', new Date(scene.speaker.wallMs()).toUTCString(), ...show.fields];
  if (show.length !== undefined) fields.push('content-length', String(show.length));
  else if (!isUntilClose) fields.push('transfer-encoding', 'chunked');
  if (!isKept) fields.push('connection', 'close');
  else if (scene.minorVersion === 0) fields.push('connection', 'keep-alive');
  const isChunked = show.length === undefined && !isUntilClose;
  const isBodiless = scene.ask.method === 'HEAD' || show.status === 204 || show.status === 304;
  return {
    headDelayMs: show.headDelayMs,
    head: `${statusLine(show.status)}${fieldLines(fields)}\r\n`,
    body: isBodiless ? [] : framed(show, isChunked),
    ending: !isKept && show.ending.how === 'keep' ? { how: 'close' } : show.ending,
  };
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n');

function* framed(show: Show, isChunked: boolean): Generator<Step> {
  for (const { delayMs, bytes, isRaw } of show.pieces) {
    yield { delayMs, bytes: isChunked && isRaw !== true ? chunkOf(bytes) : bytes };
  }
  if (isChunked && show.isEnded) yield { delayMs: 0, bytes: LAST_CHUNK };
}

/** One chunk in one buffer: an event costs one copy and no second write. */
function chunkOf(bytes: Uint8Array): Uint8Array {
  const size = `${bytes.length.toString(16)}\r\n`;
  const chunk = Buffer.allocUnsafe(size.length + bytes.length + 2);
  chunk.latin1Write(size, 0);
  chunk.set(bytes, size.length);
  chunk.latin1Write('\r\n', size.length + bytes.length);
  return chunk;
}
