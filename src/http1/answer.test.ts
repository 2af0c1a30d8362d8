import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ANSWER_LIMITS, AnswerReader } from './answer.ts';

/** Feeds the text in these pieces and tells what was heard, parts joined. */
function read(text: string, cuts: readonly number[] = [], method = 'GET', ends = false): string[] {
  const reader = new AnswerReader({ ...ANSWER_LIMITS, headBytesMax: 512 });
  const heard: string[] = [];
  let body = '';
  const say = (line: string): void => {
    if (body !== '') heard.push(`body ${body}`);
    body = '';
    heard.push(line);
  };
  reader.begin(method, {
    informational: (status, fields) => say(`informational ${status} ${fields.join(' ')}`),
    head: (head, framing) => say(`head ${head.status} ${framing.length}`),
    part: (bytes) => {
      body += Buffer.from(bytes).toString('latin1');
    },
    whole: (trailers, isClean) => say(`whole ${trailers?.join(' ') ?? ''}${isClean ? '' : ' unclean'}`),
    refused: (word) => say(`refused ${word}`),
    switched: (head, early) => say(`switched ${head.status} ${Buffer.from(early).toString('latin1')}`),
  });
  const bytes = Buffer.from(text, 'latin1');
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  for (let i = 1; i < places.length; i += 1) {
    if (reader.place !== 'idle') reader.feed(bytes.subarray(places[i - 1], places[i]));
  }
  if (ends && reader.place !== 'idle' && !reader.finishAtEof()) say('cut');
  if (body !== '') heard.push(`body ${body}`);
  return heard;
}

const CASES: readonly (readonly [text: string, heard: string[]])[] = [
  ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi', ['head 200 2', 'body hi', 'whole ']],
  ['HTTP/1.1 204 No Content\r\n\r\n', ['head 204 0', 'whole ']],
  ['HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', ['head 200 0', 'whole ']],
  [
    'HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx',
    ['informational 103 link a', 'head 200 1', 'body x', 'whole '],
  ],
  ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', ['head 200 0', 'whole ']],
  [
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n1;x=y\r\n!\r\n0\r\nx-sum: 7\r\n\r\n',
    ['head 200 -1', 'body hi!', 'whole x-sum 7'],
  ],
  ['HTTP/1.1 200 OK\r\n\r\nall until the end', ['head 200 -1', 'body all until the end', 'whole  unclean']],
  ['HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort', ['head 200 9', 'body short', 'cut']],
  ['HTTP/1.1 200 OK\r\ncontent-le', ['cut']],
  ['SSH-2.0-OpenSSH_9.2\r\n', ['refused start-line']],
  ['220 mail.example ESMTP\r\n', ['refused start-line']],
  ['HTTP/2.0 200 OK\r\n\r\n', ['refused version']],
  ['HTTP/1.1 2000 OK\r\n\r\n', ['refused status']],
  ['HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n', ['refused content-length']],
  ['HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', ['refused content-lengths']],
  ['HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n', ['refused length-and-chunked']],
  ['HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n', ['refused transfer-encoding']],
  ['HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n', ['refused field-name']],
  ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', ['head 200 -1', 'refused chunk-size']],
  [`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(600)}\r\n\r\n`, ['refused head-size']],
  [`HTTP/1.1 ${'y'.repeat(600)}`, ['refused head-size']],
  ['HTTP/1.1 103 x\r\n\r\n'.repeat(17), [...new Array<string>(16).fill('informational 103 '), 'refused head-size']],
];

test('answers are read as RFC 9112 frames them, and refused by the word of the rule they break', () => {
  for (const [text, heard] of CASES) assert.deepEqual(read(text, [], 'GET', true), heard, text);
});

test('what is heard does not depend on how the bytes were cut', () => {
  fc.assert(
    fc.property(fc.constantFrom(...CASES), fc.array(fc.nat(1000), { maxLength: 30 }), ([text, heard], cuts) => {
      assert.deepEqual(read(text, cuts, 'GET', true), heard);
    }),
    { numRuns: 2000 },
  );
});

test('byte by byte is as good as in one piece', () => {
  for (const [text, heard] of CASES) {
    const cuts = Array.from({ length: text.length }, (_, i) => i);
    assert.deepEqual(read(text, cuts, 'GET', true), heard);
  }
});

test('the answer to HEAD has no body, and the length that it announces', () => {
  assert.deepEqual(read('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n', [], 'HEAD'), ['head 200 5', 'whole ']);
  assert.deepEqual(read('HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n', [], 'HEAD'), ['head 200 -1', 'whole ']);
});

test('more than was asked for makes the connection unclean', () => {
  const text = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n';
  assert.deepEqual(read(text), ['head 200 2', 'body hi', 'whole  unclean']);
});

test('101 hands over what was read past it', () => {
  assert.deepEqual(read('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\nearly'), ['switched 101 early']);
});

test('a length above the limit is refused before a byte of it is read', () => {
  const reader = new AnswerReader({ ...ANSWER_LIMITS, bodyBytesMax: 10 });
  const heard: string[] = [];
  reader.begin('GET', {
    informational() {},
    head: () => heard.push('head'),
    part: () => heard.push('part'),
    whole: () => heard.push('whole'),
    refused: (word) => heard.push(word),
    switched() {},
  });
  reader.feed(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nhello world'));
  assert.deepEqual(heard, ['body-size']);
});

test('a hearer that stops inside a part hears nothing more', () => {
  const reader = new AnswerReader(ANSWER_LIMITS);
  const heard: string[] = [];
  reader.begin('GET', {
    informational() {},
    head: () => heard.push('head'),
    part: () => {
      heard.push('part');
      reader.stop();
    },
    whole: () => heard.push('whole'),
    refused: (word) => heard.push(word),
    switched() {},
  });
  reader.feed(Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n'));
  assert.deepEqual(heard, ['head', 'part']);
});
