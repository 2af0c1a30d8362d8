import type { Dice } from './chance.ts';
import type { Side } from './course.ts';

/**
 * Makes one connection's worth of bytes, as latin1 text: mostly well-formed messages, in which here and there a piece is one of those that
 * parsers are known to disagree about (the classes of the smuggling corpora), and now and then single bytes are spoilt.
 */
export function input(dice: Dice, side: Side): string {
  let text = '';
  for (let i = 1 + dice.below(3); i > 0; i -= 1) text += message(dice, side);
  for (let i = dice.pick(SPOILS); i > 0; i -= 1) text = spoil(dice, text);
  return text;
}

/** Half of the inputs are spoilt in no byte at all: pieces that are odd in themselves are doubt enough. */
const SPOILS = [0, 0, 0, 0, 0, 1, 1, 2];

const METHODS = [
  'GET',
  'POST',
  'POST',
  'PUT',
  'HEAD',
  'OPTIONS',
  'DELETE',
  'CONNECT',
  'QUERY',
  'get',
  'G',
  'FOO',
  'M-SEARCH',
  'PRI',
];
const TARGETS = ['/', '/', '/a?b', '*', 'http://a/b', 'a:443', '/a#b', '//', '/%0d', '/\x80', '/a\tb', '/|{}', '', '?'];
const VERSIONS = [
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'HTTP/0.9',
  'http/1.1',
  'HTTP/1.10',
  'HTTP/1',
  'XTTP/1.1',
  '',
];
const STATUSES = ['200', '200', '204', '304', '100', '101', '404', '999', '099', '20', '2000', '-20', ''];
const REASONS = [' OK', ' OK', ' ', '', ' not \x80 found', '\tOK', ' a\x00'];
const LINE_ENDS = ['\n', '\r', '\r\r\n', '\n\r', '', '\r\n\r\n', '\x00\r\n'];
const NAMES = [
  'X',
  'Host',
  'Accept',
  'Connection',
  'Expect',
  'X-Y',
  'x_y',
  '',
  'X Y',
  'X\x00',
  'X\x80',
  '(X)',
  'Trailer',
  'Upgrade',
];
const SEPARATORS = [': ', ': ', ':', ':\t', ' : ', '\t: ', ':  ', '', '::', ':\r\n ', '\x0b: '];
const VALUES = [
  'a',
  'b c',
  '',
  'close',
  'keep-alive',
  'upgrade',
  '\x80\xff',
  'a\tb',
  '\x01',
  '\x7f',
  'a\x00b',
  '"a\\"b"',
  'a\r\n b',
];
const LENGTHS = [
  '5',
  '0',
  '05',
  '+5',
  '-5',
  '5 ',
  ' 5',
  '5,5',
  '5, 6',
  '0x5',
  '5_',
  '',
  '99999999999999999999',
  '18446744073709551621',
  '5;a',
  '5.0',
];
const CODINGS = [
  'chunked',
  'chunked',
  'chunked',
  'Chunked',
  'gzip, chunked',
  'chunked, gzip',
  'identity',
  'xchunked',
  ',chunked',
  'chunked,',
  '',
  'chunked;a=b',
  ' chunked ',
  '\x0bchunked',
  'chunked, chunked',
  '"chunked"',
];
const SIZES = [
  '5',
  '5',
  '05',
  '0005',
  '5 ',
  ' 5',
  '0x5',
  '+5',
  '-5',
  '5;a',
  '5;a=b',
  '5;a="b"',
  '5;',
  '5 ;a',
  '5_',
  '',
  '100000005',
  'FFFFFFFFFFFFFFFFF',
  '5;a\x00',
  '5;a\tb',
  'g',
  '5\x80',
];
const PIECES = [
  '\r\n',
  '\n',
  '\r',
  '\x00',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '0',
  '5',
  '\x80',
  '0\r\n\r\n',
  'GET / HTTP/1.1\r\n',
  'X: y\r\n',
  '\r\n\r\n',
];

/** The usual thing nearly always, now and then an odd one. */
function usually(dice: Dice, usual: string, odd: readonly string[]): string {
  return dice.once(40) ? dice.pick(odd) : usual;
}

const lineEnd = (dice: Dice): string => (dice.once(160) ? dice.pick(LINE_ENDS) : '\r\n');

function message(dice: Dice, side: Side): string {
  const kind = dice.pick([
    'none',
    'none',
    'length',
    'length',
    'length',
    'chunked',
    'chunked',
    'chunked',
    'chunked',
    dice.once(4) ? 'both' : 'none',
  ] as const);
  let text = dice.once(60) ? lineEnd(dice) : '';
  text += side === 'request' ? requestLine(dice) : statusLine(dice);
  text += lineEnd(dice);
  if (side === 'request' && !dice.once(60)) text += `Host: a${lineEnd(dice)}`;
  for (let i = dice.below(4); i > 0; i -= 1) text += field(dice);
  if (kind === 'length' || kind === 'both') text += framingField(dice, 'Content-Length', '5', LENGTHS);
  if (kind === 'chunked' || kind === 'both') text += framingField(dice, 'Transfer-Encoding', 'chunked', CODINGS);
  if (dice.once(4)) text += field(dice);
  text += lineEnd(dice);
  if (kind === 'length') text += dice.once(20) ? 'hell' : 'hello';
  if (kind === 'chunked' || kind === 'both') text += chunks(dice);
  return text;
}

function requestLine(dice: Dice): string {
  const method = usually(dice, dice.pick(['GET', 'POST']), METHODS);
  const [first, second] = [usually(dice, ' ', ['  ', '\t', '']), usually(dice, ' ', ['  ', '\t', ''])];
  return `${method}${first}${usually(dice, '/', TARGETS)}${second}${usually(dice, 'HTTP/1.1', VERSIONS)}`;
}

function statusLine(dice: Dice): string {
  return `${usually(dice, 'HTTP/1.1', VERSIONS)} ${usually(dice, '200', STATUSES)}${usually(dice, ' OK', REASONS)}`;
}

function field(dice: Dice): string {
  if (dice.once(120)) return ` ${dice.pick(VALUES)}${lineEnd(dice)}`;
  const name = dice.once(12) ? dice.pick(NAMES) : 'X-Y';
  const separator = usually(dice, ': ', SEPARATORS);
  return `${name}${separator}${dice.once(10) ? dice.pick(VALUES) : 'z'}${lineEnd(dice)}`;
}

function framingField(dice: Dice, name: string, usual: string, odd: readonly string[]): string {
  const line = (): string =>
    `${name}${usually(dice, ': ', SEPARATORS)}${dice.once(10) ? dice.pick(odd) : usual}${lineEnd(dice)}`;
  return dice.once(30) ? line() + line() : line();
}

function chunks(dice: Dice): string {
  let text = '';
  for (let i = dice.below(3); i > 0; i -= 1) {
    text += `${dice.once(12) ? dice.pick(SIZES) : '5'}${lineEnd(dice)}hello${lineEnd(dice)}`;
  }
  text += `${usually(dice, '0', ['00', '0;a', '', '0 ', '-0'])}${lineEnd(dice)}`;
  if (dice.once(5)) text += field(dice);
  return text + lineEnd(dice);
}

function spoil(dice: Dice, text: string): string {
  const at = dice.below(text.length + 1);
  const removed = dice.once(2) ? 0 : 1 + dice.below(3);
  const piece = dice.once(3) ? String.fromCharCode(dice.below(256)) : dice.once(4) ? '' : dice.pick(PIECES);
  return text.slice(0, at) + piece + text.slice(at + removed);
}

/** Where to cut the text into reads: a few places, or every byte. */
export function cuts(dice: Dice, length: number): number[] {
  if (dice.once(8)) return Array.from({ length }, (_, index) => index + 1);
  const places = Array.from({ length: dice.below(5) }, () => dice.below(length + 1));
  return [...places, length].sort((a, b) => a - b);
}
