import { parse } from 'yaml';
import { parseHostPort } from './outside.ts';

/** A page whose content nobody on the way can guess. */
export type Portal = { readonly url: string; readonly status: number; readonly body: string | undefined };

/** A host that is named, and reached by its address. */
export type NamedServer = { readonly name: string; readonly server: string };

/** Everything that the doctor would contact by itself, and what it believes. All of it can be replaced. */
export type DoctorSettings = {
  /** `ip:port`, unrelated to each other and to the target. */
  readonly anchors: readonly string[];
  /** `ip:port` at which nobody can be; empty for none. */
  readonly nowhere: string;
  readonly portals: readonly Portal[];
  /** `ip` or `ip:port`. */
  readonly resolvers: readonly NamedServer[];
  /** URLs (RFC 8484); the host is an address, so that no name is needed to look up names. */
  readonly doh: readonly NamedServer[];
  /** A name that exists; empty for none. */
  readonly knownName: string;
  readonly feed: string | undefined;
  readonly gateway: string | undefined;
  readonly gatewayTokenVariable: string;
  readonly targetIs: 'gateway' | 'service' | undefined;
  readonly hostsFile: string | undefined;
  readonly resolvConf: string | undefined;
  readonly pac: string | undefined;
  /** Paths of PEM files; undefined for what the machine has. */
  readonly trustPublic: readonly string[] | undefined;
  readonly trustSystem: readonly string[] | undefined;
  readonly trustExtra: readonly string[];
};

/** Four companies that share nothing, by address, so that DNS has no part in whether there is internet. */
export const DEFAULT_SETTINGS: DoctorSettings = {
  anchors: ['1.1.1.1:443', '8.8.8.8:443', '9.9.9.9:443', '[2606:4700:4700::1111]:443'],
  // RFC 5737 keeps 203.0.113.0/24 for documents: no host has an address in it.
  nowhere: '203.0.113.254:443',
  portals: [
    { url: 'http://connectivitycheck.gstatic.com/generate_204', status: 204, body: undefined },
    { url: 'http://detectportal.firefox.com/success.txt', status: 200, body: 'success' },
  ],
  resolvers: [
    { name: 'google', server: '8.8.8.8' },
    { name: 'cloudflare', server: '1.1.1.1' },
    { name: 'quad9', server: '9.9.9.9' },
    { name: 'opendns', server: '208.67.222.222' },
  ],
  doh: [
    { name: 'cloudflare', server: 'https://1.1.1.1/dns-query' },
    { name: 'google', server: 'https://8.8.8.8/dns-query' },
  ],
  knownName: 'example.com',
  feed: undefined,
  gateway: undefined,
  gatewayTokenVariable: 'GOODGATE_ADMIN_TOKEN',
  targetIs: undefined,
  hostsFile: undefined,
  resolvConf: undefined,
  pac: undefined,
  trustPublic: undefined,
  trustSystem: undefined,
  trustExtra: [],
};

/** The settings cannot be used; the message says where and what was expected. */
export class SettingsFault extends Error {}

/** 64 KiB: a settings file has 30 lines. */
export const SETTINGS_BYTES_MAX = 65_536;
/** 16 of a kind: each is a connection of its own, at the same time. */
const LIST_MAX = 16;

type Field = { readonly key: keyof DoctorSettings; readonly read: (value: unknown, name: string) => unknown };

const FIELDS: Readonly<Record<string, Field>> = {
  anchors: { key: 'anchors', read: (value, name) => list(value, name, hostAndPort) },
  nowhere: { key: 'nowhere', read: (value, name) => (isOff(value) ? '' : hostAndPort(value, name)) },
  portals: { key: 'portals', read: (value, name) => list(value, name, portal) },
  resolvers: { key: 'resolvers', read: (value, name) => named(value, name, hostAndPort) },
  doh: { key: 'doh', read: (value, name) => named(value, name, httpUrl) },
  'known-name': { key: 'knownName', read: (value, name) => (isOff(value) ? '' : text(value, name)) },
  feed: { key: 'feed', read: (value, name) => (isOff(value) ? undefined : httpUrl(value, name)) },
  gateway: { key: 'gateway', read: (value, name) => (isOff(value) ? undefined : httpUrl(value, name)) },
  'gateway-token-env': { key: 'gatewayTokenVariable', read: text },
  'target-is': { key: 'targetIs', read: targetIs },
  'hosts-file': { key: 'hostsFile', read: text },
  'resolv-conf': { key: 'resolvConf', read: text },
  pac: { key: 'pac', read: (value, name) => (isOff(value) ? '' : httpUrl(value, name)) },
};

const TRUST: Readonly<Record<string, keyof DoctorSettings>> = {
  public: 'trustPublic',
  system: 'trustSystem',
  extra: 'trustExtra',
};

/** Reads a settings file over the defaults. @throws SettingsFault */
export function readSettings(yaml: string): DoctorSettings {
  let parsed: unknown;
  try {
    parsed = parse(yaml, { maxAliasCount: 0 });
  } catch (error) {
    throw new SettingsFault(error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error));
  }
  if (parsed === null || parsed === undefined) return DEFAULT_SETTINGS;
  const given: Partial<Record<keyof DoctorSettings, unknown>> = {};
  for (const [name, value] of Object.entries(objectOf(parsed, 'the file'))) {
    if (name === 'trust') {
      for (const [kind, paths] of Object.entries(objectOf(value, 'trust'))) {
        const key = Object.hasOwn(TRUST, kind) ? TRUST[kind] : undefined;
        if (key === undefined)
          throw new SettingsFault(`trust has no "${kind}"; it has ${Object.keys(TRUST).join(', ')}`);
        given[key] = list(paths, `trust.${kind}`, text);
      }
      continue;
    }
    const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (field === undefined) {
      throw new SettingsFault(`there is no setting "${name}"; there are ${Object.keys(FIELDS).join(', ')}, trust`);
    }
    given[field.key] = field.read(value, name);
  }
  return { ...DEFAULT_SETTINGS, ...given } as DoctorSettings;
}

function objectOf(value: unknown, name: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new SettingsFault(`${name}: expected names and values`);
}

function isOff(value: unknown): boolean {
  return value === 'off' || value === false || value === null;
}

function list<T>(value: unknown, name: string, read: (value: unknown, name: string) => T): T[] {
  if (isOff(value)) return [];
  if (!Array.isArray(value)) throw new SettingsFault(`${name}: expected a list, or off`);
  if (value.length > LIST_MAX)
    throw new SettingsFault(`${name}: ${value.length} entries, at most ${LIST_MAX} are used`);
  return value.map((each) => read(each, name));
}

function named(value: unknown, name: string, read: (value: unknown, name: string) => string): NamedServer[] {
  if (isOff(value)) return [];
  const entries = Object.entries(objectOf(value, name));
  if (entries.length > LIST_MAX) throw new SettingsFault(`${name}: at most ${LIST_MAX} are used`);
  return entries.map(([key, server]) => ({ name: key, server: read(server, `${name}.${key}`) }));
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new SettingsFault(`${name}: expected a text`);
}

function hostAndPort(value: unknown, name: string): string {
  const given = text(value, name);
  if (parseHostPort(given, 443) !== undefined) return given;
  throw new SettingsFault(`${name}: "${given}" is no address such as 192.0.2.1:443 or [2001:db8::1]:443`);
}

function httpUrl(value: unknown, name: string): string {
  const given = text(value, name);
  if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)) return given;
  throw new SettingsFault(`${name}: "${given}" is no http or https URL`);
}

function targetIs(value: unknown, name: string): 'gateway' | 'service' {
  if (value === 'gateway' || value === 'service') return value;
  throw new SettingsFault(`${name}: expected gateway or service`);
}

function portal(value: unknown, name: string): Portal {
  const given = objectOf(value, name);
  const status: unknown = Reflect.get(given, 'status');
  const body: unknown = Reflect.get(given, 'body');
  if (typeof status !== 'number') throw new SettingsFault(`${name}: expected a status such as 204`);
  return { url: httpUrl(Reflect.get(given, 'url'), name), status, body: typeof body === 'string' ? body : undefined };
}
