import type { CauseCode } from './catalogue.ts';
import type { Phase } from './evidence.ts';

/** The words of our own parser for a response head, where a part of the word would mislead. */
const EXACT: Readonly<Record<string, CauseCode>> = {
  tls: 'not-http',
  method: 'not-http',
  target: 'not-http',
  'empty-lines': 'not-http',
  'head-size': 'head-too-large',
  fields: 'head-too-large',
  'length-and-chunked': 'bad-head',
  'body-size': 'body-too-large',
  'trailer-size': 'bad-trailers',
};

/** First fit wins. A pattern is a part of the parser's word; the more telling parts come first. */
const HEAD_WORDS: readonly (readonly [part: string, code: CauseCode])[] = [
  ['unasked', 'answer-unasked'],
  ['upgrade', 'upgrade-failed'],
  ['switch', 'upgrade-failed'],
  ['alpn', 'upgrade-failed'],
  ['too-large', 'head-too-large'],
  ['too-long', 'head-too-large'],
  ['too-many', 'head-too-large'],
  ['overflow', 'head-too-large'],
  ['limit', 'head-too-large'],
  ['eof', 'head-cut'],
  ['cut', 'head-cut'],
  ['incomplete', 'head-cut'],
  ['version', 'not-http'],
  ['status', 'not-http'],
  ['start-line', 'not-http'],
  ['not-http', 'not-http'],
  ['protocol', 'not-http'],
];

const BODY_WORDS: readonly (readonly [part: string, code: CauseCode])[] = [
  ['chunk-ext', 'bad-chunk'],
  ['chunk', 'bad-chunk'],
  ['trailer', 'bad-trailers'],
  ['sse', 'stream-malformed'],
  ['event', 'stream-malformed'],
  ['json', 'answer-not-json'],
  ['html', 'answer-html'],
  ['terminal', 'stream-incomplete'],
  ['too-large', 'body-too-large'],
  ['limit', 'body-too-large'],
  ['gzip', 'bad-encoding'],
  ['deflate', 'bad-encoding'],
  ['brotli', 'bad-encoding'],
  ['zstd', 'bad-encoding'],
  ['encoding', 'bad-encoding'],
  ['coding', 'bad-encoding'],
  ['empty', 'stream-empty'],
  ['length', 'body-incomplete'],
  ['short', 'body-incomplete'],
  ['eof', 'body-incomplete'],
  ['cut', 'body-cut'],
];

/** The cause a strict parser's word stands for, by the part of the answer it was reading. Unknown words mean malformed. */
export function causeOfParse(word: string, phase: Phase): CauseCode {
  const exact = Object.hasOwn(EXACT, word) ? EXACT[word] : undefined;
  if (exact !== undefined) return exact;
  if (phase === 'body') return firstFit(BODY_WORDS, word) ?? 'bad-chunk';
  if (phase === 'trailers') return word.includes('chunk') ? 'bad-chunk' : 'bad-trailers';
  // Transfer coding belongs to the head that announces it; the chunks themselves only come later.
  if (word.includes('transfer') || word.includes('content-length')) return 'bad-head';
  if (phase === 'tls') return 'tls-not-tls';
  if (phase === 'proxy-connect') return 'proxy-connect-failed';
  return firstFit(HEAD_WORDS, word) ?? 'bad-head';
}

function firstFit(table: readonly (readonly [string, CauseCode])[], word: string): CauseCode | undefined {
  return table.find(([part]) => word.includes(part))?.[1];
}
