import type { Memory } from './world.ts';

/** V8's own words for a collection that also empties what it keeps at hand and unmaps the pages: a usual one leaves them to the process. */
const ALL_OF_IT = { type: 'major', execution: 'sync', flavor: 'last-resort' } as const;

/**
 * The collector is there when the process was started with `--expose-gc`, as `bin/goodgate` does; else nothing can be given back. Behind it
 * glibc keeps what was freed in the midst of its heap, where a peak leaves a few small pieces that live on: `malloc_trim` gives back the
 * pages between them. Where that cannot be called (another C library or system, Node before 26) they stay for the next peak.
 */
export const realMemory: Memory = {
  giveBack() {
    const collect: unknown = Reflect.get(globalThis, 'gc');
    if (typeof collect !== 'function') return;
    collect(ALL_OF_IT);
    // A moment later: what the collection found free is freed on threads of its own.
    setTimeout(trim, TRIM_MS).unref();
  },
};

const TRIM_MS = 500;

function trim(): void {
  // Asked for here, not imported: Node before 26 has none.
  const ffi = process.platform === 'linux' ? process.getBuiltinModule('node:ffi') : undefined;
  if (ffi === undefined) return;
  try {
    const { lib, functions } = ffi.dlopen('libc.so.6', { malloc_trim: { arguments: ['uint64'], return: 'int32' } });
    functions.malloc_trim(0n);
    lib.close();
  } catch {
    // Not glibc, or not allowed to: then it stays as it is.
  }
}
