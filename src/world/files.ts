import { watch } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { Files } from './world.ts';

/** Editors write a file in several steps; 100 ms after the last of them it is whole. */
const SETTLE_MS = 100;

/** Files of the real world. */
export const realFiles: Files = {
  read: (path) => readFile(path, 'utf8'),
  write: (path, text) => writeFile(path, text, 'utf8'),
  watch(path, changed) {
    const whole = resolve(path);
    let settle: NodeJS.Timeout | undefined;
    // The folder is watched, not the file: a file replaced by rename (editors, Kubernetes) is another inode.
    const watcher = watch(dirname(whole), { persistent: false }, (_event, name) => {
      // Kubernetes swaps a `..data` link beside the file.
      if (name !== null && name !== basename(whole) && !name.startsWith('..')) return;
      clearTimeout(settle);
      settle = setTimeout(changed, SETTLE_MS).unref();
    });
    watcher.on('error', () => watcher.close());
    return {
      close() {
        clearTimeout(settle);
        watcher.close();
      },
    };
  },
};
