import { addressBytes } from '../../http1/networks.ts';
import { ask } from '../ask.ts';
import { dnsAnswer, dnsQuery } from '../dns-message.ts';
import type { Lookup, NamesFacts } from '../facts.ts';
import { codeOf, within } from '../outside.ts';
import { type Probe, type Scene, skipped } from '../probe.ts';
import { hearDate } from './internet.ts';

/** What the system, its servers, public resolvers, DNS over HTTPS and the hosts file say of the target's name. */
export const namesProbe: Probe = {
  id: 'names',
  needs: [],
  async look(scene) {
    const { target, settings } = scene;
    const host = target.host.replace(/\.$/, '');
    if (addressBytes(target.host) !== undefined)
      return skipped('The target is an address: no name has to be looked up.');
    const near = target.reach !== 'public';
    const [system, servers, others, doh, hosts, knownBySystem, knownByPublic] = await Promise.all([
      bySystem(scene, host),
      Promise.all((await ownServers(scene)).map((server) => byServer(scene, server, server, host))),
      // A name of one's own network is nobody else's business.
      near ? [] : Promise.all(settings.resolvers.map(({ name, server }) => byServer(scene, name, server, host))),
      near ? [] : Promise.all(settings.doh.map(({ name, server }) => byHttps(scene, name, server, host))),
      hostsOf(scene, host),
      known(scene, (name) => bySystem(scene, name)),
      known(scene, (name) => firstPublic(scene, name)),
    ]);
    const names: NamesFacts = {
      system,
      servers,
      public: others,
      doh,
      hosts: hosts.ips,
      hostsLine: hosts.line,
      knownBySystem,
      knownByPublic,
    };
    const isFound = system.ips.length > 0;
    return {
      state: isFound ? (isAgreed(names) ? 'pass' : 'warn') : 'fail',
      sentence: isFound
        ? isAgreed(names)
          ? `${host} has ${count(system.ips.length, 'address', 'addresses')}.`
          : `${host} leads to ${system.ips.slice(0, 2).join(', ')} here and elsewhere for others.`
        : `The name ${host} was not found (${system.errno ?? 'no address'}).`,
      adds: { names },
    };
  },
};

function count(n: number, one: string, more: string): string {
  return `${n} ${n === 1 ? one : more}`;
}

/** True where the system's answer shares an address, or a network of 16 (IPv4) or 32 bits, with somebody else's: services answer each asker with near hosts. */
export function isAgreed(names: NamesFacts): boolean {
  const others = [...names.public, ...names.doh].flatMap(({ ips }) => ips);
  if (others.length === 0) return true;
  const known = new Set(others.map(networkOf));
  return names.system.ips.some((ip) => known.has(networkOf(ip)));
}

function networkOf(ip: string): string {
  const bytes = addressBytes(ip);
  if (bytes === undefined) return ip;
  return bytes.subarray(0, bytes.length === 4 ? 2 : 4).join('.');
}

async function bySystem({ outside, timeMs }: Scene, host: string): Promise<Lookup> {
  const startMs = outside.clock.now();
  const took = (): number => outside.clock.now() - startMs;
  const late = (): Lookup => ({ by: 'system', ips: [], errno: 'ETIMEOUT', tookMs: took() });
  const looked = outside.names.lookup(host).then(
    (ips): Lookup => ({ by: 'system', ips: [...new Set(ips)].slice(0, 16), errno: undefined, tookMs: took() }),
    (error: unknown): Lookup => ({ by: 'system', ips: [], errno: codeOf(error), tookMs: took() }),
  );
  return within(outside, timeMs, looked, late);
}

/** The servers that this machine is set to use; a local stub (127.0.0.53) is one of them. */
async function ownServers({ outside, settings }: Scene): Promise<readonly string[]> {
  if (settings.resolvConf === undefined) return outside.names.servers().slice(0, 3);
  const text = await outside.files.read(settings.resolvConf).catch(() => '');
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((found) => found[1] ?? '').slice(0, 3);
}

async function byServer(
  { outside, timeMs, contact }: Scene,
  by: string,
  server: string,
  host: string,
): Promise<Lookup> {
  contact(server);
  const startMs = outside.clock.now();
  const one = (kind: 'A' | 'AAAA') =>
    outside.names.query(server, host, kind, timeMs).then(
      ({ addresses }) => ({ ips: addresses, errno: undefined }),
      (error: unknown) => ({ ips: [], errno: codeOf(error) }),
    );
  // The resolver library keeps its own time, not to the millisecond.
  const late = () => ({ ips: [], errno: 'ETIMEOUT' });
  const [a, aaaa] = await Promise.all([
    within(outside, timeMs, one('A'), late),
    within(outside, timeMs, one('AAAA'), late),
  ]);
  return merged(by, a, aaaa, outside.clock.now() - startMs);
}

type OneKind = { readonly ips: readonly string[]; readonly errno: string | undefined };

/** Both families as one answer. Without an address, what is worse than "none of this kind" is told. */
function merged(by: string, a: OneKind, aaaa: OneKind, tookMs: number): Lookup {
  const ips = [...a.ips, ...aaaa.ips].slice(0, 16);
  const errno = a.errno === 'ENODATA' || a.errno === undefined ? (aaaa.errno ?? a.errno) : a.errno;
  return { by, ips, errno: ips.length > 0 ? undefined : (errno ?? 'ENODATA'), tookMs };
}

async function byHttps(scene: Scene, by: string, url: string, host: string): Promise<Lookup> {
  const { outside, timeMs, contact, trust } = scene;
  contact(new URL(url).host);
  const startMs = outside.clock.now();
  const one = async (kind: 'A' | 'AAAA'): Promise<OneKind> => {
    const query = Buffer.from(dnsQuery(host, kind)).toString('base64url');
    const fields = ['accept', 'application/dns-message'];
    const told = await ask(outside, { url: `${url}?dns=${query}`, fields, ca: trust.asking, timeoutMs: timeMs });
    if (told.kind === 'failure')
      return { ips: [], errno: told.evidence.errno ?? told.evidence.tlsAlert ?? 'ETIMEDOUT' };
    hearDate(scene, new URL(url).host, told);
    return told.status === 200 ? dnsAnswer(told.body, kind) : { ips: [], errno: `HTTP${told.status}` };
  };
  const [a, aaaa] = await Promise.all([one('A'), one('AAAA')]);
  return merged(by, a, aaaa, outside.clock.now() - startMs);
}

/** 256 KiB: block lists can be longer; the first entry for a name counts, and people write theirs at the top or the end. */
const HOSTS_BYTES_MAX = 256 * 1024;

async function hostsOf(
  { outside, settings }: Scene,
  host: string,
): Promise<{ readonly ips: readonly string[]; readonly line: string | undefined }> {
  const root = outside.env['SystemRoot'] ?? 'C:\\Windows';
  const usual = outside.device.platform === 'win32' ? `${root}\\System32\\drivers\\etc\\hosts` : '/etc/hosts';
  const path = settings.hostsFile ?? usual;
  try {
    const { bytes, size } = await outside.device.readPart(path, 0, HOSTS_BYTES_MAX);
    const end =
      size > HOSTS_BYTES_MAX
        ? await outside.device.readPart(path, Math.max(HOSTS_BYTES_MAX, size - HOSTS_BYTES_MAX), HOSTS_BYTES_MAX)
        : undefined;
    const text =
      new TextDecoder().decode(bytes) + (end === undefined ? '' : `\n${new TextDecoder().decode(end.bytes)}`);
    const lines = text.split('\n').filter((line) => hasName(line, host));
    const ips = lines.map((line) => line.trim().split(/\s+/)[0] ?? '').filter((ip) => addressBytes(ip) !== undefined);
    return { ips, line: lines[0]?.trim().slice(0, 200) };
  } catch {
    return { ips: [], line: undefined };
  }
}

function hasName(line: string, host: string): boolean {
  const [, ...names] = (line.split('#', 1)[0] ?? '').trim().toLowerCase().split(/\s+/);
  return names.includes(host.toLowerCase());
}

async function known(
  { settings, target }: Scene,
  look: (name: string) => Promise<Lookup | undefined>,
): Promise<Lookup | undefined> {
  if (settings.knownName === '' || target.reach !== 'public') return undefined;
  return look(settings.knownName);
}

/** The first public resolver that knows the known name; the last failure when none does. */
async function firstPublic(scene: Scene, name: string): Promise<Lookup | undefined> {
  const asked = scene.settings.resolvers.map(({ name: by, server }) => byServer(scene, by, server, name));
  const good = asked.map((each) => each.then((lookup) => (lookup.ips.length > 0 ? lookup : Promise.reject(lookup))));
  return Promise.any(good).catch(async () => (await Promise.all(asked)).at(-1));
}
