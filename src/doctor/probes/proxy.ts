import { provenance } from '../../diagnosis/provenance.ts';
import type { Origin } from '../../http1/contract.ts';
import { addressBytes } from '../../http1/networks.ts';
import { proxyFor } from '../../http1/via.ts';
import { ask } from '../ask.ts';
import { connectOnce, splitHead, tunnelOnce } from '../connect-once.ts';
import type { ProxyFacts } from '../facts.ts';
import { proxiesInScript, readOsProxy } from '../os-proxy.ts';
import { hostPort, parseHostPort, plainText } from '../outside.ts';
import type { Probe, Scene, Seen } from '../probe.ts';

type Via = NonNullable<Origin['via']>;

/** Which proxy stands between here and the target, who says so, and whether it does its work. */
export const proxyProbe: Probe = {
  id: 'proxy',
  needs: [],
  async look(scene) {
    const { outside, target } = scene;
    const choice = proxyFor(target.url, outside.env);
    if (choice.kind === 'unreadable') {
      const facts: ProxyFacts = { ...NOTHING, applies: true, setting: choice.variable, fault: 'not-a-url' };
      return told(facts, `${choice.variable} does not hold the URL of an HTTP proxy.`);
    }
    if (choice.kind === 'proxy') return told(await askProxy(scene, choice.via, choice.variable));
    const bySystem = target.reach === 'loopback' ? undefined : await systemProxy(scene);
    if (bySystem !== undefined) return bySystem;
    const why =
      choice.variable === undefined ? 'No proxy is set' : `${choice.variable} excepts this host: no proxy applies`;
    return { state: 'pass', sentence: `${why}.`, adds: { proxy: NOTHING } };
  },
};

const NOTHING: ProxyFacts = {
  applies: false,
  setting: undefined,
  proxy: undefined,
  fault: undefined,
  errno: undefined,
  status: undefined,
  vendorCode: undefined,
  writer: undefined,
  isOtherReached: undefined,
};

function told(proxy: ProxyFacts, sentence?: string): Seen {
  const adds = { proxy };
  const where = `The proxy ${proxy.proxy ?? ''} (from ${proxy.setting ?? 'the system'})`;
  if (sentence !== undefined) return { state: 'fail', sentence, adds };
  if (proxy.errno !== undefined)
    return { state: 'fail', sentence: `${where} cannot be reached (${proxy.errno}).`, adds };
  if (proxy.status !== undefined && proxy.status >= 300)
    return { state: 'fail', sentence: `${where} answered ${proxy.status} and opened no tunnel.`, adds };
  return { state: 'pass', sentence: `${where} lets connections through.`, adds };
}

async function askProxy(scene: Scene, via: Via, setting: string): Promise<ProxyFacts> {
  const { outside, target, settings, contact, timeMs } = scene;
  const proxy = hostPort(via.host, via.port);
  contact(proxy);
  const facts: ProxyFacts = { ...NOTHING, applies: true, setting, proxy };
  const [ip] = addressBytes(via.host) !== undefined ? [via.host] : await outside.names.lookup(via.host).catch(() => []);
  if (ip === undefined) return { ...facts, errno: 'ENOTFOUND' };
  const address = { ip, port: via.port };
  if (!target.isSecure || via.isSecure) {
    const { wire, errno } = await connectOnce(outside, address, timeMs);
    wire?.destroy();
    return { ...facts, errno };
  }
  const other = settings.anchors[0];
  const [own, unrelated] = await Promise.all([
    tunnelOnce(outside, address, hostPort(target.host, target.port), via.authorization, timeMs),
    other === undefined ? undefined : tunnelOnce(outside, address, other, via.authorization, timeMs),
  ]);
  own.wire?.destroy();
  unrelated?.wire?.destroy();
  const { fields, body } = splitHead(own.head);
  const wrote = own.status === undefined ? undefined : provenance(own.status, fields, new TextEncoder().encode(body));
  return {
    ...facts,
    // A proxy that takes the connection and says nothing is as good as none.
    errno: own.status === undefined ? own.errno : undefined,
    status: own.status,
    vendorCode: wrote?.vendorCode,
    writer: wrote === undefined || wrote.writer === 'unknown' ? undefined : wrote.writer,
    isOtherReached: unrelated === undefined ? undefined : unrelated.wire !== undefined,
  };
}

/** What the system or a proxy script asks of browsers. Undefined where it asks nothing. */
async function systemProxy(scene: Scene): Promise<Seen | undefined> {
  const { settings, outside, timeMs } = scene;
  const os = settings.pac === undefined ? await readOsProxy(outside) : undefined;
  const pac = settings.pac ?? os?.pac;
  if (pac !== undefined && pac !== '') return byScript(scene, pac);
  if (os?.proxy === undefined) return undefined;
  const place = parseHostPort(os.proxy, 80);
  const setting = `${os.from} (browsers use it; programs on Node.js do not)`;
  const facts: ProxyFacts = { ...NOTHING, setting, proxy: plainText(os.proxy, 100) };
  if (place === undefined) return undefined;
  const errno = await reachable(scene, place, timeMs);
  const sentence = `Browsers are set to use the proxy ${facts.proxy ?? ''}${errno === undefined ? '' : `, which cannot be reached (${errno})`}.`;
  return { state: errno === undefined ? 'pass' : 'warn', sentence, adds: { proxy: { ...facts, errno } } };
}

async function byScript(scene: Scene, pac: string): Promise<Seen> {
  const { outside, timeMs, contact } = scene;
  const setting = `PAC ${plainText(pac, 120)}`;
  const broken: ProxyFacts = { ...NOTHING, setting, fault: 'script-broken' };
  if (!URL.canParse(pac) || !/^https?:$/.test(new URL(pac).protocol))
    return {
      state: 'fail',
      sentence: `The address of the proxy script is no URL: ${plainText(pac, 120)}.`,
      adds: { proxy: broken },
    };
  const { host, hostname } = new URL(pac);
  contact(host);
  const got = await ask(outside, { url: pac, timeoutMs: timeMs / 2 });
  const script =
    got.kind === 'answer' && got.status === 200 ? proxiesInScript(new TextDecoder().decode(got.body)) : undefined;
  if (script?.isScript !== true) {
    const why =
      got.kind === 'failure'
        ? (got.evidence.errno ?? 'no answer')
        : got.status === 200
          ? 'it is no proxy script'
          : `status ${got.status}`;
    return {
      state: 'fail',
      sentence: `The proxy script ${plainText(pac, 120)} cannot be used (${why}).`,
      adds: { proxy: { ...broken, scriptHost: hostname, errno: why } },
    };
  }
  const [first] = script.proxies;
  const place = first === undefined ? undefined : parseHostPort(first, 80);
  if (first === undefined || place === undefined)
    return { state: 'pass', sentence: 'The proxy script names no proxy.', adds: { proxy: { ...NOTHING, setting } } };
  const errno = await reachable(scene, place, timeMs / 2);
  // A script that also allows the direct way falls back by itself, and its proxy does not stand in the way.
  const facts: ProxyFacts = { ...NOTHING, applies: !script.isDirect, setting, proxy: first, errno };
  return script.isDirect && errno !== undefined
    ? {
        state: 'warn',
        sentence: `The proxy script names ${first}, which cannot be reached, and allows the direct way.`,
        adds: { proxy: facts },
      }
    : told(facts);
}

async function reachable(
  scene: Scene,
  place: { readonly host: string; readonly port: number },
  timeMs: number,
): Promise<string | undefined> {
  const { outside, contact } = scene;
  contact(hostPort(place.host, place.port));
  const [ip] =
    addressBytes(place.host) !== undefined ? [place.host] : await outside.names.lookup(place.host).catch(() => []);
  if (ip === undefined) return 'ENOTFOUND';
  const { wire, errno } = await connectOnce(outside, { ip, port: place.port }, timeMs);
  wire?.destroy();
  return errno;
}

/** The proxy through which requests to the target go, with its credentials. */
export function viaOf({ facts, outside, target }: Pick<Scene, 'facts' | 'outside' | 'target'>): Via | undefined {
  const choice = proxyFor(target.url, outside.env);
  if (choice.kind === 'proxy') return choice.via;
  const { proxy } = facts;
  if (proxy?.applies !== true || proxy.proxy === undefined) return undefined;
  const place = parseHostPort(proxy.proxy, 80);
  return place === undefined ? undefined : { ...place, isSecure: false };
}
