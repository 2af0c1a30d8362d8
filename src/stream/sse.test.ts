import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SseReader } from './sse.ts';

type Read = { kind: string; raw: string; data: string; isError: boolean };

/** Reads a text in the given slices, each overwritten as soon as it was fed. */
function readAll(
  text: string,
  cuts: readonly number[],
  bytesMax?: number,
): { units: Read[]; rest: string; isTooLong: boolean } {
  const bytes = Buffer.from(text, 'latin1');
  const reader = new SseReader(bytesMax);
  const units: Read[] = [];
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  for (let i = 1; i < edges.length; i++) {
    const slice = Buffer.from(bytes.subarray(edges[i - 1], edges[i]));
    reader.feed(slice);
    while (reader.next()) {
      units.push({
        kind: reader.kind,
        raw: Buffer.from(reader.source.subarray(reader.start, reader.end)).toString('latin1'),
        data: Buffer.from(reader.data()).toString('latin1'),
        isError: reader.isError,
      });
    }
    slice.fill(0x21);
  }
  return {
    units,
    rest: Buffer.from(reader.source.subarray(reader.at)).toString('latin1'),
    isTooLong: reader.isTooLong,
  };
}

/** The standard's algorithm, written the slow and plain way (WHATWG HTML §9.2.6). */
function byTheBook(text: string): { data: string; isError: boolean }[] {
  const events: { data: string; isError: boolean }[] = [];
  let data: string[] = [];
  let hasField = false;
  let name = '';
  const lines = text.replace(/^\xef\xbb\xbf/, '').split(/\r\n|\r|\n/);
  lines.pop();
  for (const line of lines) {
    if (line === '') {
      if (hasField) events.push({ data: data.join('\n'), isError: name === 'error' });
      data = [];
      name = '';
      hasField = false;
    } else if (!line.startsWith(':')) {
      hasField = true;
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'data') data.push(value);
      if (field === 'event') name = value;
    }
  }
  return events;
}

const line = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', ' ', ':', '{', '\xe9'), maxLength: 6 }).map((value) => `data:${value}`),
  fc.constantFrom(
    'data',
    'data: x',
    'data:  two',
    'event: error',
    'event:error',
    'event: ping',
    'id: 7',
    'retry: 10',
    ': hi',
    ':',
    'dat',
    'datax: 1',
    'eventual: error',
  ),
);
const stream = fc
  .array(fc.tuple(fc.oneof(line, fc.constant(''), fc.constant('')), fc.constantFrom('\n', '\r', '\r\n')), {
    maxLength: 24,
  })
  .map((lines) => lines.map(([text, end]) => text + end).join(''));
const cuts = fc.array(fc.nat(400), { maxLength: 30 });

test('events are those of the standard, whatever the slices and line ends', () => {
  fc.assert(
    fc.property(fc.constantFrom('', '\xef\xbb\xbf'), stream, cuts, (mark, text, at) => {
      const { units } = readAll(mark + text, at);
      const events = units.filter(({ kind }) => kind === 'event').map(({ data, isError }) => ({ data, isError }));
      // A lone CR at the very end is a whole line end, as it is for the standard's parser.
      assert.deepEqual(events, byTheBook(mark + text));
    }),
    { numRuns: 2000 },
  );
});

test('ranges touch: units and rest together are the input, byte for byte', () => {
  fc.assert(
    fc.property(stream, cuts, (text, at) => {
      const { units, rest } = readAll(text, at);
      assert.equal(units.map(({ raw }) => raw).join('') + rest, text);
    }),
    { numRuns: 1000 },
  );
});

test('byte by byte or in one piece, the events are the same', () => {
  const text = ': hello\r\n\r\nevent: error\ndata: {"a":1}\r\rdata: one\ndata: two\n\n\n\ndata\n\n';
  const whole = readAll(text, []).units.filter(({ kind }) => kind === 'event');
  const sliced = readAll(
    text,
    Array.from(text, (_, i) => i),
  ).units.filter(({ kind }) => kind === 'event');
  assert.deepEqual(
    sliced.map(({ data, isError }) => [data, isError]),
    whole.map(({ data, isError }) => [data, isError]),
  );
  assert.deepEqual(
    whole.map(({ data }) => data),
    ['{"a":1}', 'one\ntwo', ''],
  );
});

test('a million empty comments leave nothing behind', () => {
  const reader = new SseReader();
  const slice = Buffer.from(':\n'.repeat(1000));
  let comments = 0;
  for (let i = 0; i < 1000; i++) {
    reader.feed(slice);
    while (reader.next()) comments += 1;
  }
  assert.equal(comments, 1_000_000);
  assert.equal(reader.source.length - reader.at, 0);
});

test('an event larger than allowed is refused when the bound is passed, not when it ends', () => {
  const reader = new SseReader(1000);
  const slice = Buffer.from(`data: ${'x'.repeat(300)}`);
  for (let i = 0; i < 3; i++) {
    reader.feed(slice);
    assert.equal(reader.next(), false);
  }
  assert.equal(reader.isTooLong, false);
  reader.feed(slice);
  assert.equal(reader.next(), false);
  assert.equal(reader.isTooLong, true);
  assert.equal(readAll(`data: ${'x'.repeat(2000)}\n\n`, [], 1000).isTooLong, true);
});

test('an event that comes byte by byte costs its length, not its square', () => {
  const reader = new SseReader();
  const byte = Buffer.from('x');
  reader.feed(Buffer.from('data: '));
  reader.next();
  for (let i = 0; i < 300_000; i++) {
    reader.feed(byte);
    assert.equal(reader.next(), false);
  }
  reader.feed(Buffer.from('\n\n'));
  assert.equal(reader.next(), true);
  assert.equal(reader.data().length, 300_000);
});
