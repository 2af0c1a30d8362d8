/** The files a config names: certificates and keys, read in so that the settings are whole. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { World } from '../world/world.ts';
import { type ConfigFault, quoted } from './fault.ts';
import type { Asked } from './schema.ts';
import type { Path, Source } from './source.ts';

/** Whoever reads files. */
export type Reader = { readonly files: Pick<World['files'], 'read'> };

type Tls = {
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
};

/** What each PEM setting holds. */
const KINDS = { ca: 'CERTIFICATE', certificate: 'CERTIFICATE', key: 'PRIVATE KEY' } as const satisfies Record<
  keyof Tls,
  string
>;

/** The same config with the texts of its PEM files in place of their paths, or what is wrong with the files. */
export async function withFiles(reader: Reader, source: Source, asked: Asked): Promise<Asked | ConfigFault[]> {
  const faults: ConfigFault[] = [];
  const read = async <T extends Tls>(path: Path, tls: T): Promise<T> => {
    const texts: Record<string, string> = {};
    for (const name of ['ca', 'certificate', 'key'] as const) {
      const value = tls[name];
      if (value !== undefined) texts[name] = await pemText(reader, source, [...path, name], value, KINDS[name], faults);
    }
    if (faults.length === 0 && !areOnePair(texts)) {
      faults.push(
        source.fault([...path, 'key'], 'key does not belong to the certificate; expected the two of one pair'),
      );
    }
    return { ...tls, ...texts };
  };
  const whole = { ...asked };
  if (asked.tls !== undefined) whole.tls = await read(['tls'], asked.tls);
  if (asked.targets !== undefined) {
    whole.targets = { ...asked.targets };
    for (const [name, target] of Object.entries(asked.targets)) {
      if (target.tls === undefined) continue;
      whole.targets[name] = { ...target, tls: await read(['targets', name, 'tls'], target.tls) };
    }
  }
  return faults.length > 0 ? faults : whole;
}

async function pemText(
  reader: Reader,
  source: Source,
  at: Path,
  value: string,
  kind: string,
  faults: ConfigFault[],
): Promise<string> {
  const name = String(at.at(-1));
  let text = value;
  if (!value.includes('-----BEGIN')) {
    try {
      text = await reader.files.read(besideConfig(source.file, value));
    } catch (error) {
      const path = quoted(source.writtenAt(at) ?? '');
      faults.push(source.fault(at, `${name} names the file ${path}: ${fileSentence(error)}`));
      return '';
    }
  }
  // `RSA PRIVATE KEY`, `EC PRIVATE KEY` and `TRUSTED CERTIFICATE` are in use as well.
  if (!new RegExp(`-----BEGIN ([A-Z0-9]+ )*${kind}-----[\\s\\S]+-----END`).test(text)) {
    const message = `${name} holds no PEM text of a ${kind.toLowerCase()}; expected "-----BEGIN ${kind}-----"`;
    faults.push(source.fault(at, message));
  } else if (!isReadable(text, kind)) {
    const message = `${name} holds a ${kind.toLowerCase()} that cannot be read: it is damaged, of an unknown kind, or locked by a passphrase`;
    faults.push(source.fault(at, message));
  }
  return text;
}

/** Read once here, so that a damaged file is told with its line and not found out by the first caller. */
function isReadable(text: string, kind: string): boolean {
  try {
    if (kind === KINDS.key) createPrivateKey(text);
    else for (const certificate of text.match(CERTIFICATE) ?? ['']) new X509Certificate(certificate);
    return true;
  } catch {
    return false;
  }
}

const CERTIFICATE = /-----BEGIN ([A-Z0-9]+ )*CERTIFICATE-----[^-]+-----END ([A-Z0-9]+ )*CERTIFICATE-----/g;

/** True also when one of them is missing, which the schema tells. The first certificate of a chain is the own one. */
function areOnePair({ certificate, key }: Tls): boolean {
  if (certificate === undefined || key === undefined) return true;
  return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
}

/** Paths in a config are from its own folder, so that it works wherever it is started from. */
function besideConfig(file: string, path: string): string {
  if (/^([/\\]|[A-Za-z]:[/\\])/.test(path)) return path;
  const folder = /^(.*[/\\])?/.exec(file)?.[0] ?? '';
  return folder + path;
}

/** Why a file cannot be read, in words that follow its name. */
export function fileSentence(error: unknown): string {
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
      return code === '' ? 'cannot be read' : `cannot be read (${code})`;
  }
}
