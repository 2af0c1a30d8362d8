import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JOURNAL_BYTES_MAX, Journal } from './journal.ts';
import { PlayedCaller, PlayedUpstream } from './played.testing.ts';

const unlimited = { reserve: () => true, release: () => undefined };
const nobody = () => undefined;

/** A keeper with so much memory, which must all be given back. */
function keeper(bytesMax: number) {
  const account = {
    used: 0,
    reserve(bytes: number): boolean {
      if (account.used + bytes > bytesMax) return false;
      account.used += bytes;
      return true;
    },
    release(bytes: number): void {
      account.used -= bytes;
    },
  };
  return account;
}

type Step = { kind: 'part'; size: number } | { kind: 'follow' } | { kind: 'pause' | 'resume'; who: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('part' as const), size: fc.integer({ min: 1, max: 9000 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'follow' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const), who: fc.nat(3) }) },
);

test('every follower reads all from its place on, once and in order, however it stops and goes on', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.constantFrom(0, 20_000, 1 << 20), (steps, memory) => {
      const upstream = new PlayedUpstream(200, []);
      const account = keeper(memory);
      const journal = new Journal(upstream.reply, account);
      const followers = [{ from: 0, caller: new PlayedCaller(journal.follow(0, nobody)) }];
      journal.begin();
      let text = '';
      for (const each of steps) {
        if (each.kind === 'part') {
          const piece = String.fromCharCode(65 + (text.length % 26)).repeat(each.size);
          text += piece;
          upstream.say(piece);
        } else if (each.kind === 'follow') {
          if (!journal.isLost) {
            const from = text.length >> 1;
            followers.push({ from, caller: new PlayedCaller(journal.follow(from, nobody)) });
          }
        } else followers[each.who]?.caller.reply[each.kind]();
      }
      for (const { caller } of followers) caller.reply.resume();
      upstream.end();
      for (const { from, caller } of followers) {
        assert.equal(caller.text, text.slice(from));
        assert.equal(caller.end, 'answered');
      }
      const late = journal.isLost ? undefined : new PlayedCaller(journal.follow(3, nobody));
      if (late !== undefined) assert.deepEqual([late.text, late.end], [text.slice(3), 'answered']);
      journal.lose();
      assert.equal(account.used, 0);
    }),
    { numRuns: 400 },
  );
});

test('who has paused is handed what was written, and nothing else, when memory runs out in the middle of making room', () => {
  const upstream = new PlayedUpstream(200, []);
  const journal = new Journal(upstream.reply, keeper(20_000));
  const caller = new PlayedCaller(journal.follow(0, nobody));
  journal.begin();
  caller.reply.pause();
  let text = '';
  for (const size of [2719, 5035, 8631]) {
    const piece = String.fromCharCode(65 + (text.length % 26)).repeat(size);
    text += piece;
    upstream.say(piece);
  }
  caller.reply.resume();
  upstream.end();
  assert.equal(caller.text.length, text.length);
  assert.equal(caller.text, text);
});

test('a reply that nobody listens to yet is handed over whole when memory runs out', () => {
  const upstream = new PlayedUpstream(200, []);
  const journal = new Journal(upstream.reply, keeper(5000));
  const reply = journal.follow(0, nobody);
  journal.begin();
  upstream.say('a'.repeat(3000));
  upstream.say('b'.repeat(3000));
  upstream.say('c');
  assert.equal(journal.isLost, true);
  const caller = new PlayedCaller(reply);
  upstream.end();
  assert.equal(caller.text, `${'a'.repeat(3000)}${'b'.repeat(3000)}c`);
  assert.equal(caller.end, 'answered');
});

test('a journal that has ended owes only what it holds, and is read as before', () => {
  const upstream = new PlayedUpstream(200, []);
  const account = keeper(1 << 20);
  const journal = new Journal(upstream.reply, account);
  const first = new PlayedCaller(journal.follow(0, nobody));
  journal.begin();
  const said = 'a reply that is a little longer than its first piece '.repeat(50);
  upstream.say(said);
  assert.ok(account.used > said.length, 'there is room for more while it runs');
  upstream.end();
  assert.equal(account.used, said.length);
  assert.equal(first.utf8, said);
  assert.equal(new PlayedCaller(journal.follow(1500, nobody)).utf8, said.slice(1500));
  journal.lose();
  assert.equal(account.used, 0);
});

test('a reply larger than a journal may be is forgotten, and still reaches who listens', () => {
  const upstream = new PlayedUpstream(200, []);
  const account = keeper(1 << 30);
  const journal = new Journal(upstream.reply, account);
  const caller = new PlayedCaller(journal.follow(0, nobody));
  journal.begin();
  for (let i = 0; i < JOURNAL_BYTES_MAX / 65_536 + 1; i++) upstream.say('x'.repeat(65_536));
  upstream.end();
  assert.equal(caller.text.length, JOURNAL_BYTES_MAX + 65_536);
  assert.equal(account.used, 0);
});

test('the slowest follower sets the pace, and one that goes away does not', () => {
  const upstream = new PlayedUpstream(200, []);
  const journal = new Journal(upstream.reply, unlimited);
  const [one, two] = [new PlayedCaller(journal.follow(0, nobody)), new PlayedCaller(journal.follow(0, nobody))];
  journal.begin();
  one.reply.pause();
  two.reply.pause();
  assert.deepEqual(upstream.heard, ['pause']);
  one.reply.resume();
  assert.deepEqual(upstream.heard, ['pause']);
  two.reply.cancel();
  assert.deepEqual(upstream.heard, ['pause', 'resume']);
});

test('followers hear how it ended: broken as broken', () => {
  const upstream = new PlayedUpstream(200, []);
  const journal = new Journal(upstream.reply, unlimited);
  const caller = new PlayedCaller(journal.follow(0, nobody));
  journal.begin();
  upstream.say('x');
  upstream.break();
  assert.equal(caller.end, 'body-cut');
  assert.equal(new PlayedCaller(journal.follow(0, nobody)).end, 'body-cut');
});

test('a follower that another one wakes while a part passes reads that part once', () => {
  const upstream = new PlayedUpstream(200, []);
  const journal = new Journal(upstream.reply, unlimited);
  const first = journal.follow(0, nobody);
  const second = new PlayedCaller(journal.follow(0, nobody));
  let isWaking = false;
  first.flow({ part: () => isWaking && second.reply.resume(), end: () => undefined });
  journal.begin();
  upstream.say('a');
  second.reply.pause();
  upstream.say('b');
  isWaking = true;
  upstream.say('c');
  upstream.say('d');
  upstream.end();
  assert.deepEqual([second.text, second.end], ['abcd', 'answered']);
});
