import type { TlsSight } from '../../world/tls-look.ts';
import type { Wire, WireFault } from '../../world/world.ts';
import { connectOnce, isAnswered, tunnelOnce } from '../connect-once.ts';
import type { TlsFacts, TlsTry } from '../facts.ts';
import { hostPort } from '../outside.ts';
import { type Probe, type Scene, skipped } from '../probe.ts';
import { viaOf } from './proxy.ts';

/** A name that no filter has on a list, and under which most servers still shake hands. */
const OTHER_NAME = 'www.example.org';
/** The handshake, and then the tests that tell why it failed, share the probe's time. */
const HANDSHAKE_SHARE = 0.6;

/** What the target shows at the TLS handshake; when there is none, whether the name or the size of the first message matters. */
export const tlsProbe: Probe = {
  id: 'tls',
  needs: ['connect', 'proxy'],
  async look(scene) {
    const { target, facts, timeMs } = scene;
    if (!target.isSecure) return skipped('The target speaks plain HTTP.');
    const isProxied = facts.proxy?.applies === true;
    const open = isProxied ? [] : (facts.connect?.tries ?? []).filter(({ errno }) => errno === undefined);
    const system = open.filter(({ isSystem }) => isSystem).slice(0, 2);
    const others = open.filter(({ isSystem }) => !isSystem).slice(0, 2);
    const looked = [...system, ...others];
    if (!isProxied && looked.length === 0) return skipped('No connection to shake hands on.');
    const timeFirst = timeMs * HANDSHAKE_SHARE;
    const tries = isProxied
      ? [await throughProxy(scene, timeFirst)]
      : await Promise.all(looked.map(({ ip, isSystem }) => shake(scene, ip, isSystem, timeFirst)));
    const known = tries.filter((each) => each !== undefined);
    const first = known[0];
    if (first === undefined) return skipped('The proxy opened no tunnel to shake hands in.');
    const failed = !isProxied && first.errno !== undefined ? await why(scene, first.ip, timeMs - timeFirst) : NOT_ASKED;
    const fault = first.errno ?? first.fault;
    return {
      state: fault === undefined ? 'pass' : 'fail',
      sentence:
        fault === undefined
          ? `The certificate is good, from ${issuerOf(first)}.`
          : first.errno === undefined
            ? `The certificate is not accepted (${fault}), issued by ${issuerOf(first)}.`
            : `No handshake (${fault}).`,
      adds: { tls: { tries: known, ...failed } },
    };
  },
};

function issuerOf({ chain }: TlsTry): string {
  const issuer = chain[0]?.issuer ?? 'nobody';
  return /(?:^|, )O=([^,]+)/.exec(issuer)?.[1] ?? /(?:^|, )CN=([^,]+)/.exec(issuer)?.[1] ?? issuer;
}

async function shake(scene: Scene, ip: string, isSystem: boolean, timeMs: number): Promise<TlsTry> {
  const { outside, target } = scene;
  const { wire, errno, tookMs } = await connectOnce(outside, { ip, port: target.port }, timeMs);
  if (wire === undefined) return { ...NOTHING, ip, isSystem, errno, tookMs };
  return look(scene, wire, ip, isSystem, Math.max(1, timeMs - tookMs), target.host);
}

async function throughProxy(scene: Scene, timeMs: number): Promise<TlsTry | undefined> {
  const { outside, target } = scene;
  const via = viaOf(scene);
  if (via === undefined || via.isSecure || scene.facts.proxy?.errno !== undefined) return undefined;
  const [address = via.host] = await outside.names.lookup(via.host).catch(() => []);
  const authority = hostPort(target.host, target.port);
  const { wire, tookMs } = await tunnelOnce(
    outside,
    { ip: address, port: via.port },
    authority,
    via.authorization,
    timeMs,
  );
  if (wire === undefined) return undefined;
  return look(scene, wire, address, true, Math.max(1, timeMs - tookMs), target.host);
}

async function look(
  scene: Scene,
  wire: Wire,
  ip: string,
  isSystem: boolean,
  timeMs: number,
  serverName: string,
): Promise<TlsTry> {
  const { outside, trust } = scene;
  const startMs = outside.clock.now();
  const sight = await outside.lookAtTls(
    wire,
    { serverName, roots: trust.all, otherRoots: trust.system, alpn: ['h2', 'http/1.1'] },
    timeMs,
  );
  const tookMs = outside.clock.now() - startMs;
  if (!isSight(sight)) return { ...NOTHING, ip, isSystem, errno: sight.code, tookMs };
  const { chain, chainLength, protocol, alpn, fault } = sight;
  return {
    ip,
    isSystem,
    errno: undefined,
    fault,
    isVouchedBySystem: sight.isVouchedByOthers,
    chain,
    chainLength,
    protocol,
    alpn,
    tookMs,
  };
}

function isSight(sight: TlsSight | WireFault): sight is TlsSight {
  return 'chain' in sight;
}

const NOTHING = {
  errno: undefined,
  fault: undefined,
  isVouchedBySystem: false,
  chain: [],
  chainLength: 0,
  protocol: undefined,
  alpn: undefined,
};

const NOT_ASKED: Omit<TlsFacts, 'tries'> = { otherName: undefined, small: undefined, isPlainAnswered: undefined };

/** Three more handshakes at once, each with one thing changed. */
async function why(scene: Scene, ip: string, timeMs: number): Promise<Omit<TlsFacts, 'tries'>> {
  const { outside, target, trust } = scene;
  const address = { ip, port: target.port };
  const again = async (serverName: string, isSmall: boolean): Promise<string> => {
    const { wire, errno, tookMs } = await connectOnce(outside, address, timeMs);
    if (wire === undefined) return errno ?? 'ETIMEDOUT';
    const options = { serverName, roots: trust.all, otherRoots: [], alpn: ['http/1.1'], isSmall };
    const sight = await outside.lookAtTls(wire, options, Math.max(1, timeMs - tookMs));
    return isSight(sight) ? 'open' : sight.code;
  };
  const plain = async (): Promise<boolean> => {
    const { wire, tookMs } = await connectOnce(outside, address, timeMs);
    return wire !== undefined && isAnswered(outside, wire, 'GET / HTTP/1.0\r\n\r\n', Math.max(1, timeMs - tookMs));
  };
  const [otherName, small, isPlainAnswered] = await Promise.all([
    again(OTHER_NAME, false),
    again(target.host, true),
    plain(),
  ]);
  return { otherName, small, isPlainAnswered };
}
