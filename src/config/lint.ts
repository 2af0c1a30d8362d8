import type { Config } from './config.ts';
import { clockRules } from './lint-clocks.ts';
import { routeRules } from './lint-routes.ts';
import { targetRules } from './lint-targets.ts';
import { withoutFilledText } from './printable.ts';
import { resolve } from './resolve.ts';
import type { Settings } from './settings.ts';
import type { Path } from './source.ts';

/** Something that will run, and will hurt: what is so, and what to do about it. */
export type Finding = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Stable, for those who count or silence them: `single-point`. */
  readonly rule: string;
  /** One sentence. */
  readonly message: string;
  /** What to do, one sentence. */
  readonly advice: string;
};

/** What a rule finds, before it has a place. */
export type Remark = Pick<Finding, 'rule' | 'message' | 'advice'> & {
  readonly path: Path;
  readonly part?: 'name' | 'value';
};

/** A rule looks at what was asked for and at what it comes to. */
export type Rule = (config: Config, settings: Settings) => readonly Remark[];

/** Everything in a sound config that causes failures later, in the order of the file. Names are not looked up: nothing is touched. */
export function lint(config: Config): Finding[] {
  const settings = resolve(config);
  return [...clockRules, ...targetRules, ...routeRules]
    .flatMap((rule) => rule(config, settings))
    .map(({ path, part, ...remark }) => ({
      file: config.file,
      ...config.placeOf(path, part),
      ...remark,
      message: withoutFilledText(remark.message, config.filled),
    }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
}

/** `goodgate.yaml:7: warning: … (single-point)`. */
export function findingLine({ file, line, rule, message, advice }: Finding): string {
  return `${file}:${line}: warning: ${message} ${advice} (${rule})`;
}
