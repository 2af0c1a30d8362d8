import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyHold, type HeldBody } from './held-body.ts';
import { PlayedUpstream } from './played.testing.ts';

const LIMIT = 100;

/** Holds a body of these parts; the first `early` of them came before anybody asked for it. */
function held(parts: readonly string[], announced: number, early = 0, limit = LIMIT) {
  const upstream = new PlayedUpstream(200, [], announced);
  const told: HeldBody[] = [];
  for (const part of parts.slice(0, early)) upstream.say(part);
  const hold: BodyHold = new BodyHold(upstream.reply, limit, (body) => told.push(body));
  hold.begin();
  for (const part of parts.slice(early)) upstream.say(part);
  upstream.end();
  return { told, text: Buffer.from(told[0]?.bytes ?? '').toString('latin1') };
}

const part = fc.string({ minLength: 1, maxLength: 30, unit: fc.constantFrom(...'abcdefghij') });

test('a body is held whole and in order, announced or not, rightly or wrongly, and however it comes', () => {
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 12 }),
      fc.nat(12),
      fc.constantFrom('right', 'none', 'short', 'long'),
      (parts, early, how) => {
        const whole = parts.join('');
        const lengths = { right: whole.length, none: -1, short: whole.length >> 1, long: whole.length + 7 };
        const { told, text } = held(parts, lengths[how], early);
        assert.equal(told.length, 1);
        assert.ok(whole.startsWith(text));
        if (whole.length <= LIMIT) assert.deepEqual([text, told[0]?.isLarger], [whole, false]);
        else if (early === 0) assert.equal(told[0]?.isLarger, true);
      },
    ),
    { numRuns: 500 },
  );
});

test('a body of announced length goes to one place, of exactly that length', () => {
  const { told, text } = held(['ab', 'cde', 'f'], 6);
  assert.equal(text, 'abcdef');
  assert.equal(told[0]?.bytes.length, 6);
  const early = held(['ab', 'c', 'de', 'f'], 6, 2);
  assert.equal(early.text, 'abcdef');
});

test('a body longer than announced is held as it came', () => {
  assert.equal(held(['ab', 'cd', 'efgh', 'i'], 6).text, 'abcdefghi');
});
