import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';

const MEMORY = JSON.stringify(join(import.meta.dirname, 'memory.ts'));

/** Fills and empties a heap of some 100 MB, and prints what V8 holds of it before and after. */
const HEAP = `
import { realMemory } from ${MEMORY};
let kept = Array.from({ length: 500_000 }, (_, i) => ({ i, list: [i] }));
kept = undefined;
const before = process.memoryUsage().heapTotal;
realMemory.giveBack();
console.log(JSON.stringify([before, process.memoryUsage().heapTotal]));
`;

/** The same with 200 MB of small buffers outside of V8's heap, of which every thousandth lives on; waits for the system to have them back. */
const BUFFERS = `
import { realMemory } from ${MEMORY};
let all = Array.from({ length: 100_000 }, () => Buffer.allocUnsafeSlow(2048).fill(1));
const kept = all.filter((_, i) => i % 1000 === 999);
all = undefined;
const before = process.memoryUsage.rss();
realMemory.giveBack();
const untilMs = performance.now() + 20_000;
while (process.memoryUsage.rss() > before / 2 && performance.now() < untilMs) await new Promise((done) => setTimeout(done, 50));
console.log(JSON.stringify([before, process.memoryUsage.rss(), kept.length]));
`;

function around(script: string, ...flags: string[]): readonly [number, number] {
  const args = [...flags, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

test('pages of a passed peak go back to the system with the flag that bin/goodgate gives, and without it nothing breaks', () => {
  const [before, after] = around(HEAP, '--expose-gc');
  assert.ok(before > 20_000_000, `${before} bytes`);
  assert.ok(after < before / 2, `${before} bytes became ${after}`);
  assert.equal(around(HEAP).length, 2);
});

const header: unknown = Reflect.get(process.report.getReport(), 'header');
const isGlibc = typeof header === 'object' && header !== null && 'glibcVersionRuntime' in header;
const skip = isGlibc && isBuiltin('node:ffi') ? false : 'needs glibc and Node 26';

test('so does what lies between small buffers that live on', { skip }, () => {
  const [before, after] = around(BUFFERS, '--expose-gc');
  assert.ok(before > 200_000_000, `${before} bytes`);
  assert.ok(after < before / 2, `${before} bytes became ${after}`);
});
