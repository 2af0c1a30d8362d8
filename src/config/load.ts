import type { World } from '../world/world.ts';
import type { Config } from './config.ts';
import { shapeFaults } from './explain.ts';
import type { ConfigFault } from './fault.ts';
import { fileSentence, type Reader, withFiles } from './pem-files.ts';
import { withoutFilledText } from './printable.ts';
import { routeFaults } from './route-faults.ts';
import { configSchema } from './schema.ts';
import { readSource } from './source.ts';
import { targetFaults } from './target-faults.ts';
import { wholeFaults } from './whole-faults.ts';

/** What loading a config needs of the world. */
export type LoadParts = Reader & { readonly env: World['env'] };

/** A config, or everything that is wrong with it; never both, so that a bad file is refused whole. */
export type Loaded =
  | { readonly kind: 'config'; readonly config: Config }
  | { readonly kind: 'faults'; readonly faults: readonly [ConfigFault, ...ConfigFault[]] };

/** Reads a config with the files it names. Never rejects: whatever is wrong is a fault with its place. */
export async function loadConfig(world: LoadParts, path: string): Promise<Loaded> {
  let text: string;
  try {
    text = await world.files.read(path);
  } catch (error) {
    return refused([{ file: path, line: 0, column: 0, message: configSentence(error) }]);
  }
  const { source, faults } = readSource(path, text, world.env);
  if (source === undefined) return refused(faults);
  const read = configSchema.safeParse(source.value);
  const all = [
    ...faults,
    ...(read.success ? [] : shapeFaults(configSchema, read.error.issues, source)),
    ...targetFaults(source),
    ...routeFaults(source),
    ...wholeFaults(source),
  ];
  if (!read.success || all.length > 0) return refused(all, source.filled);
  const asked = await withFiles(world, source, read.data);
  if (Array.isArray(asked)) return refused(asked, source.filled);
  const { placeOf, writtenAt, filled } = source;
  return { kind: 'config', config: { file: path, asked, env: world.env, filled, placeOf, writtenAt } };
}

/** Why there is no config. A certificate that is missing needs no word of what it should be. */
function configSentence(error: unknown): string {
  const sentence = fileSentence(error);
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
    ? `${sentence}; expected a config in YAML`
    : sentence;
}

function refused(faults: readonly ConfigFault[], filled: readonly string[] = []): Loaded {
  const [first = { file: '', line: 0, column: 0, message: 'is not a config' }, ...rest] = faults
    .map((fault) => ({ ...fault, message: withoutFilledText(fault.message, filled) }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
  return { kind: 'faults', faults: [first, ...rest] };
}
