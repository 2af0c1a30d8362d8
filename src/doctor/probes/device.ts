import { addressBytes, networksOf } from '../../http1/networks.ts';
import type { RouteFacts } from '../facts.ts';
import { codeOf } from '../outside.ts';
import { type Probe, type Scene, type Seen, skipped } from '../probe.ts';
import { type Route, readRoutes } from '../routes.ts';

/** Whether this machine has an address with which it could reach anything. */
export const interfaceProbe: Probe = {
  id: 'interface',
  needs: [],
  async look({ outside }) {
    const outward = outside.device.addresses().filter((each) => !each.isInternal);
    const real = outward.filter(({ ip }) => !isLinkLocal(ip));
    const hasAddress = real.length > 0;
    const isSelfAssigned = !hasAddress && outward.some(({ family }) => family === 4);
    const names = [...new Set(real.map((each) => each.interface))].join(', ');
    return {
      state: hasAddress ? 'pass' : 'fail',
      sentence: hasAddress
        ? `Connected by ${names}.`
        : isSelfAssigned
          ? 'The machine is plugged in, but no network gave it an address.'
          : 'No network interface has an address.',
      adds: { interface: { hasAddress, isSelfAssigned } },
    };
  },
};

const isLinkLocal = networksOf(['169.254.0.0/16', 'fe80::/10']);

/** Which way packets to this target leave, whether through a tunnel, and whether the router on that way is alive. */
export const routeProbe: Probe = {
  id: 'route',
  // After the others have sent packets: only then the neighbour table knows whether the router answers.
  needs: ['internet', 'connect'],
  async look(scene): Promise<Seen> {
    const { target, outside } = scene;
    if (target.reach === 'loopback' && target.kind !== 'gateway')
      return skipped('The target is on this machine itself.');
    const ip = addressOf(scene);
    const routes = await readRoutes(outside);
    if (ip === undefined) {
      const hasDefault = routes?.some(isDefault);
      const facts: RouteFacts = { ...NOTHING, hasDefault, ...(await routerOf(scene, routes ?? [], undefined)) };
      return told(facts);
    }
    let source: string | undefined;
    let errno: string | undefined;
    try {
      source = await outside.device.sourceTo(ip);
    } catch (error) {
      errno = codeOf(error);
    }
    const way = outside.device.addresses().find((each) => each.ip === source)?.interface;
    const entry = routes === undefined ? undefined : bestRoute(routes, ip, way);
    const name = way ?? entry?.interface;
    const kind = name === undefined ? {} : await kindOf(scene, name);
    return told({
      ...NOTHING,
      hasDefault: routes?.some(isDefault),
      errno,
      interface: name,
      ...kind,
      ...(await routerOf(scene, routes ?? [], entry)),
    });
  },
};

const NOTHING: RouteFacts = {
  hasDefault: undefined,
  router: undefined,
  routerState: 'unknown',
  interface: undefined,
  isTunnel: false,
  mtu: undefined,
  errno: undefined,
};

function told(route: RouteFacts): Seen {
  const adds = { route };
  if (route.hasDefault === false)
    return { state: 'fail', sentence: 'There is no default route: no way out of this machine.', adds };
  if (route.routerState === 'silent')
    return { state: 'fail', sentence: `The router ${route.router ?? ''} does not answer.`, adds };
  if (route.errno !== undefined)
    return { state: 'fail', sentence: `The system has no route to the target (${route.errno}).`, adds };
  const through = route.interface === undefined ? '' : ` through ${route.interface}`;
  if (route.isTunnel)
    return { state: 'warn', sentence: `The way to the target leads${through}, a tunnel (VPN).`, adds };
  return { state: 'pass', sentence: `The way to the target leads${through || ' out'}.`, adds };
}

/** The address to look for: the target's, or when its name is not known that of an unrelated host, which takes the same way out. */
function addressOf({ target, facts, settings }: Scene): string | undefined {
  if (addressBytes(target.host) !== undefined) return target.host;
  const known = facts.names?.system.ips[0] ?? facts.names?.public.flatMap(({ ips }) => ips)[0];
  return known ?? settings.anchors[0]?.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}

function isDefault(route: Route): boolean {
  return route.bits === 0 && !route.isReject;
}

function bestRoute(routes: readonly Route[], ip: string, way: string | undefined): Route | undefined {
  return routes
    .filter(
      (route) => (way === undefined || route.interface === way) && networksOf([`${route.network}/${route.bits}`])(ip),
    )
    .sort((a, b) => b.bits - a.bits)[0];
}

/**
 * The router, and whether it lives. A machine with both kinds of addresses has a router for each, often the same box: what is known of any is
 * told. It lives when the neighbour table has its hardware address, or when it answered as a name server.
 */
async function routerOf(
  { outside, facts }: Scene,
  routes: readonly Route[],
  way: Route | undefined,
): Promise<Pick<RouteFacts, 'router' | 'routerState'>> {
  const routers = [way, ...routes.filter(isDefault)].flatMap((each) => each?.router ?? []);
  const [router] = routers;
  if (router === undefined) return { router, routerState: 'unknown' };
  const answered = facts.names?.servers.find(({ by, errno }) => routers.includes(by) && errno !== 'ETIMEOUT');
  if (answered !== undefined) return { router: answered.by, routerState: 'alive' };
  if (outside.device.platform !== 'linux') return { router, routerState: 'unknown' };
  const table = await outside.files.read('/proc/net/arp').catch(() => '');
  const known = table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([ip]) => ip !== undefined && routers.includes(ip));
  // Flags 0x0: asked for, and nobody answered. 0x2: answered.
  const alive = known.find(([, , flags]) => (Number(flags) & 2) !== 0);
  const named = (alive ?? known[0])?.[0] ?? router;
  return { router: named, routerState: alive !== undefined ? 'alive' : known.length > 0 ? 'silent' : 'unknown' };
}

/** Names that tunnels have. A name alone proves nothing (macOS has `utun` without any VPN): it counts only for the interface on the way. */
const TUNNEL =
  /^(?:tun|tap|wg|utun|ppp|ipsec|tailscale|ts|zt|nordlynx|proton|warp|cloudflarewarp|cscotun|gpd|ovpn|vpn|nebula)/i;

async function kindOf({ outside }: Scene, name: string): Promise<Pick<RouteFacts, 'isTunnel' | 'mtu'>> {
  if (outside.device.platform !== 'linux' || !/^[A-Za-z0-9_.@-]+$/.test(name))
    return { isTunnel: TUNNEL.test(name), mtu: undefined };
  const read = (leaf: string): Promise<string> => outside.files.read(`/sys/class/net/${name}/${leaf}`).catch(() => '');
  const [type, mtu] = await Promise.all([read('type'), read('mtu')]);
  // 65534: no link layer (tun, WireGuard); 512: PPP. A tap looks like Ethernet and is told by its name.
  return {
    isTunnel: type.trim() === '65534' || type.trim() === '512' || TUNNEL.test(name),
    mtu: mtu.trim() === '' ? undefined : Number(mtu),
  };
}
