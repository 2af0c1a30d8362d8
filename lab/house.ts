import { mkdirSync, writeFileSync } from 'node:fs';
import { CABLES, ISP, NEXT_HOPS, PLACES, type Place, PUBLIC, ROUTER } from './addresses.ts';
import { addSpace, must, NETNS_ETC, removeSpace } from './process.ts';

/** The empty house: namespaces, cables, addresses, routes and the home's address translation. Nobody serves in it yet. */
export type House = {
  readonly space: (place: Place) => string;
  /** What a place has of its own in /etc. */
  etc(place: Place, file: string, text: string): void;
  /** `ip` words inside a place. */
  ip(place: Place, words: string): Promise<void>;
  /** An nftables ruleset inside a place, added to what is there. */
  nft(place: Place, ruleset: string): Promise<void>;
  remove(): Promise<void>;
};

/** Builds the house. Its namespaces are named after this process and `number`, so that several stand at once. */
export async function buildHouse(number: number): Promise<House> {
  const space = (place: Place): string => `gglab-${process.pid}-${number}-${place}`;
  await Promise.all(PLACES.map((place) => addSpace(space(place))));
  await must('ip', ['-batch', '-'], cables(space));
  const house: House = {
    space,
    etc(place, file, text) {
      // `ip netns exec` lays each file here over the one in /etc, for what it starts and for nothing else.
      mkdirSync(`${NETNS_ETC}/${space(place)}`, { recursive: true });
      writeFileSync(`${NETNS_ETC}/${space(place)}/${file}`, text);
    },
    ip: async (place, words) => void (await must('ip', ['-n', space(place), ...words.split(' ')])),
    nft: async (place, ruleset) => void (await must('ip', ['netns', 'exec', space(place), 'nft', '-f', '-'], ruleset)),
    remove: async () => {
      for (const place of PLACES) await removeSpace(space(place));
    },
  };
  await Promise.all(PLACES.map((place) => must('ip', ['-n', space(place), '-batch', '-'], inside(place))));
  await Promise.all(
    PLACES.filter((place) => place === 'router' || place === 'isp' || place === 'core' || place === 'vpn').map(
      (place) =>
        must('ip', [
          'netns',
          'exec',
          space(place),
          'sysctl',
          '-qw',
          'net.ipv4.ip_forward=1',
          'net.ipv6.conf.all.forwarding=1',
          // A router that answers only the first few of several tries would make a fault seem to come and go.
          'net.ipv4.icmp_ratelimit=0',
          'net.ipv6.icmp.ratelimit=0',
        ]),
    ),
  );
  await house.nft(
    'router',
    'table ip nat { chain leave { type nat hook postrouting priority 100; oifname "wan" masquerade; }; }',
  );
  return house;
}

function cables(space: (place: Place) => string): string {
  return CABLES.map(
    (each) =>
      `link add ${each.fromName} netns ${space(each.from)} type veth peer name ${each.toName} netns ${space(each.to)}\n`,
  ).join('');
}

/** What `ip -batch` does inside one place. */
function inside(place: Place): string {
  const lines = ['link set lo up'];
  for (const each of CABLES) {
    if (each.from === place) lines.push(...up(each.fromName, each.from4, each.from6));
    if (each.to === place) lines.push(...up(each.toName, each.to4, each.to6));
  }
  if (place === 'router') {
    lines.push('link add home type bridge', 'link set lan1 master home', 'link set lan2 master home');
    lines.push(...up('home', ROUTER.v4, ROUTER.v6));
  }
  const own =
    place === 'core' ? Object.values(PUBLIC).flat() : place === 'isp' ? [ISP.resolver4, ISP.resolver6, ISP.page4] : [];
  for (const address of own) lines.push(`addr add ${address}/${address.includes(':') ? '128 nodad' : '32'} dev lo`);
  const next = NEXT_HOPS[place];
  if (next !== undefined) lines.push(`route add default via ${next.v4}`, `route add default via ${next.v6}`);
  if (place === 'isp') lines.push('route add 2a02:1110:5::/48 via 2a02:1110:0:1::2');
  if (place === 'core')
    lines.push('route add 84.112.0.0/16 via 84.112.255.1', 'route add 2a02:1110::/32 via 2a02:1110:ff::1');
  return `${lines.join('\n')}\n`;
}

function up(name: string, v4: string, v6: string): string[] {
  return [
    ...(v4 === '' ? [] : [`addr add ${v4}/24 dev ${name}`]),
    ...(v6 === '' ? [] : [`addr add ${v6}/64 dev ${name} nodad`]),
    `link set ${name} up`,
  ];
}
