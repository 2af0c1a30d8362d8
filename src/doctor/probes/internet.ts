import { provenance } from '../../diagnosis/provenance.ts';
import { ask, fieldIn, type Told } from '../ask.ts';
import { knock } from '../connect-once.ts';
import type { PortalFacts } from '../facts.ts';
import { parseHostPort, plainText } from '../outside.ts';
import { type Probe, type Scene, skipped } from '../probe.ts';
import type { Portal } from '../settings.ts';
import { needsInternet } from '../target.ts';

/** Whether unrelated hosts can be reached by address: with DNS and the target left out, only the way to the internet remains. */
export const internetProbe: Probe = {
  id: 'internet',
  needs: [],
  async look(scene) {
    const { outside, settings, target, timeMs, contact } = scene;
    if (!needsInternet(target)) return skipped('The target is near: no internet is needed.');
    if (settings.anchors.length === 0) return skipped('No unrelated hosts are set to ask.');
    const decoy = isNowhereOpen(scene);
    const internet = await Promise.all(
      settings.anchors.map(async (text) => {
        const { host, port } = parseHostPort(text, 443) ?? { host: text, port: 443 };
        contact(text);
        const { errno, tookMs } = await knock(outside, { ip: host, port }, timeMs);
        return { at: text, family: host.includes(':') ? (6 as const) : (4 as const), errno, tookMs };
      }),
    );
    const isAnsweredForAll = (await decoy) === true;
    const reached = internet.filter(({ errno }) => errno === undefined);
    const isGood = reached.length > 0 && !isAnsweredForAll;
    return {
      state: isGood ? 'pass' : isAnsweredForAll ? 'warn' : 'fail',
      sentence: isAnsweredForAll
        ? 'Something near takes connections in the name of every host, also of one that does not exist.'
        : reached.length > 0
          ? `${reached.length} of ${internet.length} unrelated hosts on the internet take connections.`
          : 'No unrelated host on the internet takes a connection.',
      adds: { internet, isAnsweredForAll },
    };
  },
};

/** Whether the address at which nobody is takes connections; undefined where none is set. */
async function isNowhereOpen({ outside, settings, timeMs, contact }: Scene): Promise<boolean | undefined> {
  const place = settings.nowhere === '' ? undefined : parseHostPort(settings.nowhere, 443);
  if (place === undefined) return undefined;
  contact(settings.nowhere);
  // Half the time: who answers for everyone is near.
  return (await knock(outside, { ip: place.host, port: place.port }, timeMs / 2)).errno === undefined;
}

/** Whether somebody answers in the place of pages that are known. */
export const portalProbe: Probe = {
  id: 'portal',
  needs: [],
  async look(scene) {
    const { settings, target } = scene;
    if (target.reach !== 'public') return skipped('The target is near: no sign-in page can be in between.');
    if (settings.portals.length === 0) return skipped('No known pages are set to compare.');
    const portal = await Promise.all(settings.portals.map((each) => lookAtPortal(scene, each)));
    const captive = portal.find(({ state }) => state === 'captive');
    const isOnline = portal.some(({ state }) => state === 'online');
    return {
      state: captive === undefined ? (isOnline ? 'pass' : 'warn') : 'fail',
      sentence:
        captive === undefined
          ? isOnline
            ? 'No sign-in page stands in the way.'
            : 'The known pages did not answer.'
          : `Another page answered in the place of a known one${captive.location === undefined ? '' : `: ${captive.location}`}.`,
      adds: { portal },
    };
  },
};

async function lookAtPortal(scene: Scene, { url, status, body }: Portal): Promise<PortalFacts> {
  const { outside, timeMs, contact } = scene;
  const { host } = new URL(url);
  contact(host);
  const ips = await quickIps(scene, new URL(url).hostname, timeMs / 2);
  const none = { url, status: undefined, location: undefined, writer: undefined };
  if (ips.length === 0) return { ...none, state: 'silent' };
  const told = await ask(outside, { url, ips, timeoutMs: timeMs / 2 });
  if (told.kind === 'failure') return { ...none, state: 'silent' };
  hearDate(scene, host, told);
  const writer = provenance(told.status, told.fields, told.body);
  const location = plainText(fieldIn(told.fields, 'location') ?? '', 200);
  const text = new TextDecoder().decode(told.body);
  const isSame = told.status === status && (body === undefined || text.includes(body));
  // Chromium's rule: 204, or 200 with at most a byte, is online; 4xx and 5xx say nothing; any other page is a portal's.
  const isCaptive =
    told.status === 511 || writer.kind === 'portal' || (!isSame && told.status >= 200 && told.status < 400);
  return {
    url,
    state: isSame ? 'online' : isCaptive ? 'captive' : 'odd',
    status: told.status,
    location: location === '' ? undefined : location,
    writer: writer.writer === 'unknown' ? undefined : writer.writer,
  };
}

/** Addresses of a helper's name by DNS servers alone: the system's own look-up blocks a thread for half a minute when the network is dead. */
async function quickIps(scene: Scene, host: string, timeoutMs: number): Promise<readonly string[]> {
  const { names } = scene.outside;
  if (/^[\d.]+$/.test(host) || host.includes(':')) return [host.replace(/^\[|\]$/g, '')];
  const servers = [...names.servers().slice(0, 2), ...scene.settings.resolvers.slice(0, 2).map(({ server }) => server)];
  const asked = servers.map((server) => names.query(server, host, 'A', timeoutMs).then(({ addresses }) => addresses));
  return Promise.any(asked).catch(() => []);
}

/** Notes how far our clock is ahead of the `Date` of an answer. Half of the time that it took is the most that the way back can hide. */
export function hearDate(
  { outside, heardClock }: Scene,
  source: string,
  told: Extract<Told, { kind: 'answer' }>,
): void {
  // An answer out of a cache shows the time at which it went in.
  if (fieldIn(told.fields, 'age') !== undefined) return;
  const theirs = Date.parse(fieldIn(told.fields, 'date') ?? '');
  if (Number.isFinite(theirs)) heardClock({ source, aheadMs: outside.clock.wallMs() - theirs });
}
