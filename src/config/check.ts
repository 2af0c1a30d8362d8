import { type ConfigFault, faultLines } from './fault.ts';
import { type Finding, findingLine, lint } from './lint.ts';
import { type LoadParts, loadConfig } from './load.ts';
import { printable, withoutFilled } from './printable.ts';
import { resolve } from './resolve.ts';
import type { Settings } from './settings.ts';

/** What `goodgate check` says. */
export type Checked = {
  /** For a terminal. */
  readonly lines: readonly string[];
  /** 0: it can be run, perhaps with warnings · 2: it cannot be loaded. */
  readonly exitCode: 0 | 2;
  /** For a program: the same, and the settings as they would run, secrets masked. */
  readonly json: {
    readonly file: string;
    readonly faults: readonly ConfigFault[];
    readonly warnings: readonly Finding[];
    readonly settings: Settings | undefined;
  };
};

/** Loads a config and looks it over, without starting anything. Warnings do not fail the check: they are advice, and a deploy must not hang on it. */
export async function checkConfig(world: LoadParts, path: string): Promise<Checked> {
  const loaded = await loadConfig(world, path);
  if (loaded.kind === 'faults') {
    const { faults } = loaded;
    return {
      lines: faultLines(faults),
      exitCode: 2,
      json: { file: path, faults, warnings: [], settings: undefined },
    };
  }
  const settings = resolve(loaded.config);
  const warnings = lint(loaded.config);
  return {
    lines: [...warnings.map(findingLine), summary(path, settings, warnings.length)],
    exitCode: 0,
    json: { file: path, faults: [], warnings, settings: withoutFilled(printable(settings), loaded.config.filled) },
  };
}

function summary(path: string, settings: Settings, warnings: number): string {
  const found =
    settings.targets.length === 0
      ? 'no targets, so Goodgate will look for some'
      : counted(settings.targets.length, 'target');
  const parts = [found, counted(settings.routes.length, 'route'), counted(warnings, 'warning')];
  return `${path} can be run: ${parts.join(', ')}.`;
}

function counted(count: number, noun: string): string {
  return `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`;
}
