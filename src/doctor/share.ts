import { addressBytes } from '../http1/networks.ts';
import type { Report } from './report.ts';

const IPV4 = /\b(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\b/g;
const IPV6 = /\[?(?<![\w.])((?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4})(?![\w:])\]?/g;
const PATHS = /(?:\/(?:home|root|Users|var|tmp|etc|opt|private)\/[^\s"',;)]*)|(?:[A-Za-z]:\\[^\s"',;)]*)/g;
/** Keys as the services write them, and what stands after a scheme or in a URL. */
const SECRETS =
  /\b(?:sk|pk|rk|gsk|xai|key|ghp|glpat|AIza)[-_][A-Za-z0-9_-]{8,}|\b(?:Bearer|Basic)\s+\S+|(?<=:\/\/)[^/\s@]+@/g;
/** Variables whose names say that their values are nobody's business. */
const SECRET_NAMES = /KEY|TOKEN|SECRET|PASSW|CREDENTIAL|COOKIE|AUTH/i;
/** Shorter values are words that stand everywhere. */
const SECRET_CHARS_MIN = 6;

/**
 * The same report to pass on: addresses cut to their network (24 bits of IPv4, 48 of IPv6), names of one's own network, paths and everything that
 * looks like a key replaced by what it was. `env` is searched for values that may have got into a text.
 */
export function shared(report: Report, env: Readonly<Record<string, string | undefined>>): Report {
  const values = Object.entries(env)
    .filter(([name, value]) => SECRET_NAMES.test(name) && (value ?? '').length >= SECRET_CHARS_MIN)
    .map(([, value]) => value ?? '');
  const own = ownNames(report, env);
  const clean = (text: string): string => {
    let safe = text;
    for (const value of values) safe = safe.replaceAll(value, '<secret>');
    safe = safe.replace(SECRETS, '<secret>').replace(PATHS, '<path>').replace(IPV4, cut4).replace(IPV6, cut6);
    for (const name of own) safe = safe.replaceAll(name, '<own name>');
    return safe;
  };
  const walked = walk(report, clean) as Report;
  return { ...walked, at: report.at };
}

/** Names that only this machine or its network has: the user, and hosts without a public name. */
function ownNames(report: Report, env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const host = report.target.url === null ? undefined : new URL(report.target.url).hostname;
  const isOwn =
    host !== undefined &&
    addressBytes(host) === undefined &&
    (!host.includes('.') || /\.(?:local|lan|internal|corp|home\.arpa)$/.test(host));
  const proxies = [env['HTTPS_PROXY'], env['https_proxy'], env['HTTP_PROXY'], env['http_proxy'], env['ALL_PROXY']]
    .filter((each) => each !== undefined && URL.canParse(each))
    .map((each) => new URL(each ?? '').hostname);
  const users = [env['USER'], env['LOGNAME'], env['USERNAME'], env['HOSTNAME'], env['COMPUTERNAME']];
  return [...(isOwn ? [host] : []), ...proxies, ...users].filter(
    (each): each is string => each !== undefined && each.length >= 4 && each !== 'localhost',
  );
}

function cut4(whole: string, a: string, b: string, c: string): string {
  return addressBytes(whole) === undefined || a === '127' ? whole : `${a}.${b}.${c}.x`;
}

function cut6(whole: string, inner: string): string {
  const bytes = addressBytes(inner);
  if (bytes === undefined || bytes.length !== 16 || inner === '::1') return whole;
  const groups = [0, 2, 4].map((at) => (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  return `[${groups.join(':')}::x]`;
}

function walk(value: unknown, clean: (text: string) => string): unknown {
  if (typeof value === 'string') return clean(value);
  if (Array.isArray(value)) return value.map((each) => walk(each, clean));
  if (typeof value !== 'object' || value === null) return value;
  // The lines of other people's hosts files say more than the finding needs.
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, name === 'hostsLine' ? '<line>' : walk(each, clean)]),
  );
}
