import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NAMES, PUBLIC, ZONE } from './addresses.ts';
import { must } from './process.ts';

/** What can be wrong with a certificate. `no-intermediate`: good, and sent without the one
 * between it and the root. `intercepted`: made by the product that intercepts. */
export type CertificateState =
  | 'good'
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-name'
  | 'self-signed'
  | 'no-intermediate'
  | 'intercepted';

/** Who has certificates: the service, the gateways and their edge, the internet's servers, and whoever intercepts. */
export type Owner = 'service' | 'gateway' | 'internet';

/** The certificates of one run, as files. */
export type Certificates = {
  readonly key: string;
  /** The authority that plays the public ones. */
  readonly root: string;
  /** Authority files of the product that intercepts: certificate, and certificate with key as mitmproxy reads them. */
  readonly interceptor: { readonly root: string; readonly both: string };
  of(owner: Owner, state?: CertificateState): string;
};

const DAY_MS = 86_400_000;
const OWN: Readonly<Record<Owner, readonly string[]>> = {
  service: [NAMES.service],
  gateway: [NAMES.gateway, NAMES.edge, NAMES.control],
  internet: [
    ...Object.keys(ZONE).filter((name) => !Object.values(NAMES).some((own) => own === name)),
    ...Object.values(PUBLIC).flat(),
  ],
};
const STATES = [
  'good',
  'expired',
  'not-yet-valid',
  'wrong-name',
  'self-signed',
  'no-intermediate',
  'intercepted',
] as const;

/** Makes them all with openssl, once a run. Dates that openssl cannot write by itself are made under a shifted clock (faketime). */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const at = (name: string): string => join(folder, name);
  const key = at('key.pem');
  await must('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key]);
  await authority(at('root.pem'), key, '/O=Lab Trust Services/CN=Lab Trust Root R1');
  await authority(at('interceptor.pem'), key, '/O=Zscaler Inc./OU=Zscaler Inc./CN=Zscaler Root CA');
  writeFileSync(at('interceptor-both.pem'), readFileSync(key, 'utf8') + readFileSync(at('interceptor.pem'), 'utf8'));
  await signed({
    file: at('middle.pem'),
    key,
    by: at('root.pem'),
    subject: '/O=Lab Trust Services/CN=Lab Trust TLS 1',
    days: 3650,
    fromDays: -900,
    extensions: 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n',
  });
  for (const owner of ['service', 'gateway', 'internet'] as const) {
    for (const state of STATES) {
      if (owner === 'internet' && state !== 'good') continue;
      await leaf(owner, state, key, folder);
    }
  }
  return {
    key,
    root: at('root.pem'),
    interceptor: { root: at('interceptor.pem'), both: at('interceptor-both.pem') },
    of(owner, state = 'good') {
      const file = at(`${owner}-${state}.pem`);
      if (!existsSync(file)) throw new Error(`there is no certificate ${owner}-${state}`);
      return file;
    },
  };
}

async function leaf(owner: Owner, state: CertificateState, key: string, folder: string): Promise<void> {
  const names = state === 'wrong-name' ? ['shop.example.com'] : OWN[owner];
  const san = names.map((name) => (/^[\d.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`)).join(',');
  const file = join(folder, `${owner}-${state}.pem`);
  const extensions = `subjectAltName=${san}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n`;
  const subject = `/CN=${names[0]}`;
  if (state === 'self-signed') {
    await must('openssl', [
      'req',
      '-x509',
      '-new',
      '-key',
      key,
      '-subj',
      subject,
      '-days',
      '365',
      '-addext',
      `subjectAltName=${san}`,
      '-out',
      file,
    ]);
    return;
  }
  // Valid for 60 days around today; expired: it ended three days ago; not yet valid: it begins in five days.
  const [fromDays, days] = state === 'expired' ? [-63, 60] : state === 'not-yet-valid' ? [5, 60] : [-30, 90];
  const middle = join(folder, state === 'intercepted' ? 'interceptor.pem' : 'middle.pem');
  await signed({ file, key, by: middle, subject, days, fromDays, extensions });
  if (state !== 'no-intermediate') writeFileSync(file, readFileSync(file, 'utf8') + readFileSync(middle, 'utf8'));
}

async function authority(file: string, key: string, subject: string): Promise<void> {
  await shifted(-900, [
    'req',
    '-x509',
    '-new',
    '-key',
    key,
    '-subj',
    subject,
    '-days',
    '7300',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
    '-out',
    file,
  ]);
}

type Signing = {
  readonly file: string;
  readonly key: string;
  readonly by: string;
  readonly subject: string;
  readonly days: number;
  /** When its validity begins, from today. */
  readonly fromDays: number;
  readonly extensions: string;
};

async function signed(signing: Signing): Promise<void> {
  const request = `${signing.file}.csr`;
  const extensions = `${signing.file}.ext`;
  writeFileSync(extensions, signing.extensions);
  await must('openssl', ['req', '-new', '-key', signing.key, '-subj', signing.subject, '-out', request]);
  await shifted(signing.fromDays, [
    'x509',
    '-req',
    '-in',
    request,
    '-CA',
    signing.by,
    '-CAkey',
    signing.key,
    '-CAcreateserial',
    '-days',
    String(signing.days),
    '-extfile',
    extensions,
    '-out',
    signing.file,
  ]);
}

/** openssl, as if it were so many days later or earlier. */
async function shifted(days: number, args: readonly string[]): Promise<void> {
  const then = new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 19).replace('T', ' ');
  await must('env', ['TZ=UTC', 'faketime', then, 'openssl', ...args]);
}
