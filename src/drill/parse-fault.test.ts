import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { entryOf, FAULT_WORDS, type Fault } from './faults.ts';
import { formatFault, parseFault, parseFaultOrder } from './parse-fault.ts';

const anyFault = fc.constantFrom(...FAULT_WORDS).chain((word) => {
  const values: Record<string, fc.Arbitrary<number | string | undefined>> = {};
  for (const [name, parameter] of Object.entries(entryOf(word).parameters)) {
    if (parameter.kind === 'choice') values[name] = fc.constantFrom(...parameter.choices);
    else {
      const number = fc.integer({ min: parameter.min, max: parameter.max });
      values[name] = parameter.default === undefined ? fc.option(number, { nil: undefined }) : number;
    }
  }
  return fc.record(values).map((made) => ({ word, values: { ...made } }) as Fault);
});

function problemOf(text: string): string {
  const parsed = parseFaultOrder(text);
  assert.ok(!parsed.ok, `${text} was understood`);
  return parsed.problem;
}

test('every fault that can be written is read back the same', () => {
  fc.assert(
    fc.property(anyFault, (fault) => {
      assert.deepEqual(parseFault(formatFault(fault)), { ok: true, value: fault });
    }),
  );
});

test('a share is read from behind any fault', () => {
  fc.assert(
    fc.property(anyFault, fc.constantFrom('0', '1', '0.5', '.25'), (fault, share) => {
      fc.pre(fault.word !== 'refuse');
      const order = { fault, share: Number(share) };
      assert.deepEqual(parseFaultOrder(` ${formatFault(fault)} share=${share}\n`), { ok: true, value: order });
    }),
  );
});

test('any text gives a fault or one printable sentence', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^[a-z-]{0,20}\([a-z0-9=, -]{0,40}\)( share=[0-9.]*)?$/)),
      (text) => {
        const parsed = parseFaultOrder(text);
        if (parsed.ok) return;
        assert.match(parsed.problem, /^[\x20-\x7e…]{10,300}\.$/);
      },
    ),
    { numRuns: 500 },
  );
});

test('values are given by place, by name, or by a word that only one choice knows', () => {
  const same = [
    ['stall-after-events(5)', 'stall-after-events'],
    ['stall-after-events( events = 7 )', 'stall-after-events(7)'],
    ['cut-after-events(reset, 3)', 'cut-after-events(3, end=reset)'],
    ['html-error(cloudflare)', 'html-error(502, from=cloudflare)'],
    ['captive-portal(302)', 'captive-portal(status=302)'],
    ['slow-drip(2, 10)', 'slow-drip(ms=10, bytes=2)'],
    ['refuse()', 'refuse'],
  ];
  for (const [one = '', other = ''] of same) {
    const parsed = parseFault(one);
    assert.ok(parsed.ok, one);
    assert.deepEqual(parsed, parseFault(other));
  }
  const parsed = parseFault('status(503, retry-after=2)');
  assert.deepEqual(parsed.ok && parsed.value, {
    word: 'status',
    values: { status: 503, 'retry-after': 2, 'retry-after-date': undefined, 'retry-after-ms': undefined },
  });
});

test('a mistake is answered with one sentence that names the nearest known word', () => {
  const cases = [
    ['stal-after-event(5)', '"stal-after-event" is no known fault; the nearest is stall-after-events.'],
    ['status(503, retry-aftr=2)', 'status has no "retry-aftr"; the nearest is retry-after.'],
    ['cut-after-events(5, cleen)', 'cut-after-events does not take "cleen"; the nearest is clean.'],
    ['cut-after-events(end=soft)', 'cut-after-events takes clean, fin or reset for end, not "soft".'],
    ['status(99)', 'status takes status from 400 to 599, not "99".'],
    ['slow-head(fast)', 'slow-head takes ms; "fast" has no place.'],
    ['refuse(1, 2)', 'refuse takes ms; "2" has no place.'],
    ['bad-gzip(1)', 'bad-gzip takes no values, so "1" has no place.'],
    ['slow-head(ms=1, ms=2)', 'slow-head is given ms twice.'],
    ['status(503', 'Expected a fault such as stall-after-events(5) or status(503, retry-after=2), not "status(503".'],
    ['slow-head(5) share=half', 'share takes a number from 0 to 1, not "half".'],
    ['slow-head(5) share=2', 'share takes a number from 0 to 1, not "2".'],
    ['refuse share=0.5', 'refuse stops the whole upstream, so its share can only be 1.'],
    ['x'.repeat(300), 'A fault is at most 256 characters long.'],
    ['503', '"503" is no known fault; the nearest is status(503).'],
    ['hang', '"hang" is no known fault; the nearest is accept-and-hang.'],
    ['constructor', '"constructor" is no known fault; the nearest is content-refused.'],
    ['slow-head(__proto__=1)', 'slow-head has no "__proto__"; the nearest is ms.'],
  ];
  for (const [text = '', expected] of cases) assert.equal(problemOf(text), expected);
});
