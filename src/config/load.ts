import type { World } from '../world/world.ts';
import type { Config } from './config.ts';
import { shapeFaults } from './explain.ts';
import { type ConfigFault, quoted } from './fault.ts';
import { withoutFilledText } from './printable.ts';
import { routeFaults } from './route-faults.ts';
import { type Asked, configSchema } from './schema.ts';
import { type Path, readSource, type Source } from './source.ts';
import { targetFaults } from './target-faults.ts';
import { wholeFaults } from './whole-faults.ts';

/** What loading a config needs of the world. */
export type LoadParts = { readonly files: Pick<World['files'], 'read'>; readonly env: World['env'] };

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
    return refused([{ file: path, line: 0, column: 0, message: fileSentence(error) }]);
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

function refused(faults: readonly ConfigFault[], filled: readonly string[] = []): Loaded {
  const [first = { file: '', line: 0, column: 0, message: 'is not a config' }, ...rest] = faults
    .map((fault) => ({ ...fault, message: withoutFilledText(fault.message, filled) }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
  return { kind: 'faults', faults: [first, ...rest] };
}

function fileSentence(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by this user';
    case 'EISDIR':
      return 'is a folder; expected a file';
    default:
      return `cannot be read${code === '' ? '' : ` (${code})`}`;
  }
}

// ---- PEM files ---------------------------------------------------------------------------------------------------

/** The same config with the texts of the PEM files in place of their paths, or what is wrong with the files. */
async function withFiles(world: LoadParts, source: Source, asked: Asked): Promise<Asked | ConfigFault[]> {
  const faults: ConfigFault[] = [];
  const pem = async <K extends string>(path: Path, name: K, value: string | undefined, kind: string) => {
    if (value === undefined) return {};
    const text = await pemOf(world, source, [...path, name], value, kind, (fault) => faults.push(fault));
    return { [name]: text };
  };
  const trust = async <
    T extends { ca?: string | undefined; certificate?: string | undefined; key?: string | undefined },
  >(
    path: Path,
    tls: T,
  ): Promise<T> => ({
    ...tls,
    ...(await pem(path, 'ca', tls.ca, 'CERTIFICATE')),
    ...(await pem(path, 'certificate', tls.certificate, 'CERTIFICATE')),
    ...(await pem(path, 'key', tls.key, 'PRIVATE KEY')),
  });
  const targets: Asked['targets'] = {};
  for (const [name, target] of Object.entries(asked.targets ?? {})) {
    targets[name] =
      target.tls === undefined ? target : { ...target, tls: await trust(['targets', name, 'tls'], target.tls) };
  }
  const whole: Asked = {
    ...asked,
    ...(asked.targets === undefined ? {} : { targets }),
    ...(asked.tls === undefined ? {} : { tls: await trust(['tls'], asked.tls) }),
  };
  return faults.length > 0 ? faults : whole;
}

async function pemOf(
  world: LoadParts,
  source: Source,
  at: Path,
  value: string,
  kind: string,
  tell: (fault: ConfigFault) => void,
): Promise<string> {
  const isText = value.includes('-----BEGIN');
  let text = value;
  if (!isText) {
    try {
      text = await world.files.read(besideConfig(source.file, value));
    } catch (error) {
      tell(
        source.fault(
          at,
          `${String(at.at(-1))} names the file ${quoted(source.writtenAt(at) ?? '')}: ${fileSentence(error)}`,
        ),
      );
      return '';
    }
  }
  // `RSA PRIVATE KEY`, `EC PRIVATE KEY` and `TRUSTED CERTIFICATE` are in use as well.
  if (!new RegExp(`-----BEGIN ([A-Z0-9]+ )*${kind}-----[\\s\\S]+-----END`).test(text)) {
    tell(
      source.fault(
        at,
        `${String(at.at(-1))} holds no PEM text of a ${kind.toLowerCase()}; expected "-----BEGIN ${kind}-----"`,
      ),
    );
  }
  return text;
}

/** Paths in a config are from its own folder, so that it works wherever it is started from. */
function besideConfig(file: string, path: string): string {
  if (/^([/\\]|[A-Za-z]:[/\\])/.test(path)) return path;
  const folder = /^(.*[/\\])?/.exec(file)?.[0] ?? '';
  return folder + path;
}
