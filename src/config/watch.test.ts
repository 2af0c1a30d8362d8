import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchConfig } from './watch.ts';

/** A file that changes when told to, whose reads end when told to, with the text of when they began. */
function file(first: string) {
  let text = first;
  let changed = () => {};
  const reads: (() => void)[] = [];
  const heard: string[] = [];
  let isClosed = false;
  const files = {
    read: () => {
      const now = text;
      return new Promise<string>((fulfil) => reads.push(() => fulfil(now)));
    },
    watch: (_path: string, run: () => void) => {
      changed = run;
      return { close: () => (isClosed = true) };
    },
  };
  return {
    heard,
    files,
    change(next: string) {
      text = next;
      changed();
    },
    /** Ends the oldest read, and lets what follows from it happen. */
    async read() {
      reads.shift()?.();
      await new Promise((fulfil) => setImmediate(fulfil));
    },
    readsWaiting: () => reads.length,
    isClosed: () => isClosed,
  };
}

function watched(source: ReturnType<typeof file>, onPort: (port: number | undefined) => void = () => {}) {
  return watchConfig(
    { files: source.files, env: {} },
    'g.yaml',
    (config) => {
      source.heard.push(`config ${config.asked.listen?.port}`);
      onPort(config.asked.listen?.port);
    },
    (faults) => source.heard.push(`faults ${faults.map((fault) => fault.message).join()}`),
  );
}

test('a changed file is loaded, and nothing is loaded before', async () => {
  const source = file('listen: 127.0.0.1:1');
  watched(source);
  assert.equal(source.readsWaiting(), 0);
  source.change('listen: 127.0.0.1:2');
  await source.read();
  assert.deepEqual(source.heard, ['config 2']);
});

test('a bad file is refused whole and told, and the next good one is taken', async () => {
  const source = file('');
  watched(source);
  source.change('listen: 127.0.0.1:2\nlog: { level: loud }');
  await source.read();
  source.change('listen: 127.0.0.1:3');
  await source.read();
  assert.deepEqual(source.heard, ['faults level is "loud"; expected one of off, error, warn, info, debug', 'config 3']);
});

test('changes during a load lead to one more load, and the last state wins', async () => {
  const source = file('');
  watched(source);
  source.change('listen: 127.0.0.1:1');
  source.change('listen: 127.0.0.1:2');
  source.change('listen: 127.0.0.1:3');
  assert.equal(source.readsWaiting(), 1);
  await source.read();
  await source.read();
  assert.equal(source.heard.at(-1), 'config 3');
  assert.equal(source.readsWaiting(), 0);
});

test('a config that cannot be put to use is a fault, and the watch goes on', async () => {
  const source = file('');
  watched(source, (port) => {
    if (port === 1) throw new Error('the port is taken');
  });
  source.change('listen: 127.0.0.1:1');
  await source.read();
  source.change('listen: 127.0.0.1:2');
  await source.read();
  assert.deepEqual(source.heard, ['config 1', 'faults could not be put to use: the port is taken', 'config 2']);
});

test('after the close nothing is heard, not even of a load under way', async () => {
  const source = file('');
  const watch = watched(source);
  source.change('listen: 127.0.0.1:1');
  watch.close();
  await source.read();
  source.change('listen: 127.0.0.1:2');
  assert.deepEqual(source.heard, []);
  assert.ok(source.isClosed());
  assert.equal(source.readsWaiting(), 0);
});
