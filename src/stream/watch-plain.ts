import zlib from 'node:zlib';
import { Skim } from './skim.ts';

/** 64 MiB: eight times what is held, the best honest gzip makes of JSON; more is a bomb. */
const DECODED_BYTES_MAX = 64 * 1024 * 1024;

/** Top-level facts that tell an answer from an error in a 200. */
const HEAD = new Skim(['error', 'choices.finish_reason', 'status']);
const ERROR = 0;
const FINISH_REASON = 1;

/** What a body is: `error` is well-formed JSON that says the call failed, under a status that says it did not. */
export type PlainVerdict = 'answer' | 'error' | 'not-json';

/** Judges the whole body of a plain inference reply. JSON is checked to its last byte: a body that was cut is no answer. */
export function judgePlain(body: Uint8Array): PlainVerdict {
  const start = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
  if (!HEAD.read(body, start, body.length)) return isDeepJson(body) ? 'answer' : 'not-json';
  const error = HEAD.from[ERROR] as number;
  // `"error": null` is how Responses says that all is well; some say `{}` or `""`.
  if (error >= 0 && body[error] !== 0x6e && (HEAD.to[ERROR] as number) - error > 2) return 'error';
  if (isWord(body, HEAD.from[FINISH_REASON] as number, HEAD.to[FINISH_REASON] as number, 'error')) return 'error';
  return 'answer';
}

// The skim's nesting is bounded and JSON's is not; what it refuses is parsed before it is called broken.
function isDeepJson(body: Uint8Array): boolean {
  if (body.length === 0 || body[0] === 0x3c) return false;
  try {
    JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
    return true;
  } catch {
    return false;
  }
}

function isWord(body: Uint8Array, from: number, to: number, word: string): boolean {
  if (from < 0 || to - from !== word.length + 2) return false;
  for (let i = 0; i < word.length; i++) if (body[from + 1 + i] !== word.charCodeAt(i)) return false;
  return true;
}

/**
 * Undoes a content coding that was applied although identity was asked for. Synchronous, since it is rare, bounded, and must come out
 * the same in the drill. undefined when the bytes do not decode or the coding is unknown (RFC 9110 §8.4.1).
 */
export function decoded(coding: string, body: Uint8Array): Uint8Array | undefined {
  const options = { maxOutputLength: DECODED_BYTES_MAX };
  try {
    switch (coding.trim().toLowerCase()) {
      case '':
      case 'identity':
        return body;
      case 'gzip':
      case 'x-gzip':
        return zlib.gunzipSync(body, options);
      case 'deflate':
        return zlib.inflateSync(body, options);
      case 'br':
        return zlib.brotliDecompressSync(body, options);
      case 'zstd':
        return zlib.zstdDecompressSync(body, options);
      default:
        return undefined;
    }
  } catch {
    // zlib says in many words that the bytes are not what was announced; one is enough.
    return undefined;
  }
}
