import type { World } from '../world/world.ts';
import type { Config } from './config.ts';
import type { ConfigFault } from './fault.ts';
import { loadConfig } from './load.ts';

/** What watching a config needs of the world. */
export type WatchParts = { readonly files: Pick<World['files'], 'read' | 'watch'>; readonly env: World['env'] };

/**
 * Loads the config again whenever its file changes. A bad one is refused whole: `onFault` hears what is wrong and the old one keeps running. One
 * load at a time; changes during a load lead to one more, so that the last state of the file always wins. The PEM files it names are
 * read again with it, but not watched.
 */
export function watchConfig(
  world: WatchParts,
  path: string,
  onConfig: (config: Config) => void,
  onFault: (faults: readonly ConfigFault[]) => void,
): { close(): void } {
  let isLoading = false;
  let isStale = false;
  let isClosed = false;
  const load = async (): Promise<void> => {
    isLoading = true;
    do {
      isStale = false;
      const loaded = await loadConfig(world, path);
      // Told even when stale: a config that was sound for a moment is no worse than the one before it, and the next follows at once.
      if (isClosed) return;
      if (loaded.kind === 'faults') onFault(loaded.faults);
      else {
        try {
          onConfig(loaded.config);
        } catch (error) {
          // The old one still runs, and whoever changed the file hears why the new one does not.
          const message = `could not be put to use: ${error instanceof Error ? error.message : String(error)}`;
          onFault([{ file: path, line: 0, column: 0, message }]);
        }
      }
    } while (isStale);
    isLoading = false;
  };
  const watcher = world.files.watch(path, () => {
    isStale = true;
    if (!isLoading && !isClosed) void load();
  });
  return {
    close() {
      isClosed = true;
      watcher.close();
    },
  };
}
