import assert from 'node:assert/strict';
import { test } from 'node:test';
import { front } from '../server/front.testing.ts';
import { FORMS, hasError, isDeclaredWhole, streamOf, valueIn } from './forms.testing.ts';
import { parsed, stringOf } from './json.ts';
import { chunkOf, LAST_CHUNK, PlayedTarget, streamHead } from './wire.testing.ts';

/** A prime: over the forms, cuts fall at every kind of place. In virtual time every byte is tried. */
const STRIDE = 97;

for (const form of FORMS) {
  test(`${form.name}: cut on real sockets through the whole gateway, it is valid and complete, or a typed error`, async () => {
    const whole = Buffer.from(streamOf(form, 'a'));
    const expected = valueIn(whole.toString(), form.dialect);
    const first = await PlayedTarget.open((asked, socket) => {
      const at = Number((stringOf(parsed(asked.body) ?? {}, 'model') ?? '').slice(1));
      socket.write(streamHead());
      socket.write(chunkOf(whole.subarray(0, at)));
      if (at % 2 === 0) socket.write(LAST_CHUNK);
      // What was written is let go first: a reset right behind it would overtake it.
      else setTimeout(() => socket.resetAndDestroy(), 2);
    });
    const second = await PlayedTarget.open((_, socket) => {
      socket.write(streamHead());
      socket.write(chunkOf(streamOf(form, 'b')));
      socket.write(LAST_CHUNK);
    });
    const cuts = Array.from({ length: Math.floor(whole.length / STRIDE) }, (_, i) => i * STRIDE + 1);
    const tongue = form.dialect === 'anthropic-messages' ? 'anthropic' : 'openai';
    const target = ({ url }: PlayedTarget) =>
      `{ dialect: ${tongue}, key: k, url: "${tongue === 'openai' ? url : url.slice(0, -'/v1'.length)}" }`;
    const opened = await front(
      [
        'hedge: { mode: off }',
        'targets:',
        ...cuts.map((at) => `  first-${at}: ${target(first)}`),
        `  second: ${target(second)}`,
        'routes:',
        ...cuts.map(
          (at) => `  - { match: { models: [m${at}] }, pools: [{ targets: [first-${at}] }, { targets: [second] }] }`,
        ),
      ].join('\n'),
    );
    const headers = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' };
    try {
      for (const at of cuts) {
        const body = JSON.stringify({ ...form.request, model: `m${at}` });
        const answer = await fetch(`http://127.0.0.1:${opened.address.port}${form.path}`, {
          method: 'POST',
          headers,
          body,
        });
        assert.equal(answer.status, 200);
        const { text, isCut } = await readAll(answer);
        if (isDeclaredWhole(text)) {
          assert.deepEqual(valueIn(text, form.dialect), expected, `cut at ${at}`);
          assert.equal(isCut || hasError(text), false, `cut at ${at}`);
        } else assert.equal(isCut && hasError(text), true, `cut at ${at}`);
      }
    } finally {
      await opened.stop();
      first.close();
      second.close();
    }
  });
}

/** All that comes, and whether the connection ended otherwise than well. */
async function readAll(answer: Response): Promise<{ text: string; isCut: boolean }> {
  const reader = answer.body?.getReader();
  const parts: Uint8Array[] = [];
  const text = () => Buffer.concat(parts).toString();
  try {
    for (;;) {
      const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
      if (done) return { text: text(), isCut: false };
      parts.push(value);
    }
  } catch {
    return { text: text(), isCut: true };
  }
}
