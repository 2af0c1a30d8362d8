import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Target } from '../call/target.ts';
import { asFilter, stack } from '../pipeline/asked.testing.ts';
import { TargetAbility } from './abilities.ts';
import { FORMS, type Form, isDeclaredWhole, streamOf, valueIn } from './forms.testing.ts';
import { goOn } from './go-on.ts';
import { PlayedCaller, PlayedTime, PlayedUpstream, playedCall, settled } from './played.testing.ts';
import { resume } from './resume.ts';
import { watch } from './watch.ts';

/** What the caller got of an answer that broke at byte `at`; undefined when it broke before anything was let through. */
async function cut({ dialect, request }: Form, first: Buffer, second: Buffer, at: number) {
  const time = new PlayedTime();
  let legs = 0;
  const service = stack(
    [
      asFilter((ask) => resume({ clock: time }, ask)),
      asFilter((ask) =>
        goOn({ clock: time, ability: new TargetAbility({} as Target, 'prefill'), model: undefined }, ask),
      ),
      asFilter((ask) =>
        watch({ clock: time, timers: time, clocks: { betweenPartsMs: 0, quietMs: 0 }, replyBytesHeldMax: 1000 }, ask),
      ),
    ],
    async () => {
      legs += 1;
      const upstream = new PlayedUpstream(200, ['content-type', 'text/event-stream']);
      upstream.say(legs === 1 ? first.subarray(0, at) : second);
      if (legs === 1 && at % 2 === 0) upstream.break();
      else upstream.end();
      return upstream.reply;
    },
  );
  const call = playedCall(dialect, { body: Buffer.from(JSON.stringify(request)) });
  const caller = await service(call).then(
    (reply) => new PlayedCaller(reply),
    () => undefined,
  );
  for (let i = 0; i < 3; i++) await settled();
  return caller;
}

for (const form of FORMS) {
  test(`${form.name}: cut at every byte, it is valid and complete, or told to be broken; never half of one as done`, async () => {
    const [first, second] = [Buffer.from(streamOf(form, 'a')), Buffer.from(streamOf(form, 'b'))];
    const expected = valueIn(first.toString(), form.dialect);
    let whole = 0;
    for (let at = 0; at < first.length; at++) {
      const caller = await cut(form, first, second, at);
      if (caller === undefined) continue;
      assert.notEqual(caller.end, 'running', `at ${at}`);
      if (caller.end === 'answered') {
        assert.deepEqual(valueIn(caller.utf8, form.dialect), expected, `at ${at}`);
        whole += 1;
      } else assert.equal(isDeclaredWhole(caller.utf8), false, `at ${at}`);
    }
    // JSON is text, which a whole new answer can be laid over; a tool call that has begun is not.
    if (form.name.includes('JSON')) assert.ok(whole > first.length / 2, `${whole}`);
  });
}
