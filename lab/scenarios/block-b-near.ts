import { NAMES, SERVICE } from '../addresses.ts';
import type { Naming, Scenario, Step } from '../scenario.ts';
import {
  droppedHere,
  LINK_DOWN,
  lossy,
  MTU_BLACK_HOLE,
  NO_ROUTE,
  OUTAGE,
  one,
  or,
  rejectedHere,
  V4_DEAD,
} from './words.ts';

/** One resolver has its own mind about the service. */
const named = (is: Naming, at: 'isp' | 'router' | 'public' = 'isp'): Step => ({
  do: 'name',
  at,
  name: NAMES.service,
  is,
});

const DEVICE: readonly Scenario[] = [
  one('link-down', 'B1', 'service', [LINK_DOWN], 'device-offline', 'The cable is out.'),
  one(
    'no-address',
    'B1',
    'service',
    [{ do: 'ip', at: 'person', words: ['addr flush dev eth0', 'addr add 169.254.12.7/16 dev eth0'] }],
    'device-offline',
    'The device found no address and gave itself one.',
  ),
  one(
    'clock-behind',
    'B2',
    'service',
    [{ do: 'clock', offset: '-400d' }],
    'clock-wrong',
    'The clock is 400 days behind; certificates are not valid yet.',
  ),
  one(
    'clock-ahead',
    'B2',
    'service',
    [{ do: 'clock', offset: '+200d' }],
    'clock-wrong',
    'The clock is 200 days ahead; certificates have run out.',
  ),
  one(
    'clock-behind-gateway',
    'B2',
    'gateway',
    [{ do: 'clock', offset: '-400d' }],
    'clock-wrong',
    'The same before a Goodgate.',
  ),
  one(
    'hosts-line',
    'B12',
    'service',
    [{ do: 'hosts', line: `10.11.12.13 ${NAMES.service}` }],
    'hosts-file-override',
    'A line of the hosts file leads nowhere.',
  ),
  {
    ...one('name-misspelt', 'B11', 'service', [], 'name-unknown', 'A letter is wrong in what was typed.'),
    url: 'https://api.opanai.com/v1',
  },
];

const NETWORK: readonly Scenario[] = [
  one(
    'no-default-route',
    'B3',
    'service',
    [NO_ROUTE],
    'router-unreachable',
    'The device has an address and no way out.',
  ),
  one(
    'router-dead',
    'B3',
    'service',
    [{ do: 'ip', at: 'router', words: ['link set home down'] }],
    'router-unreachable',
    'The router does not answer.',
  ),
  one(
    'local-gateway-without-route',
    'B3',
    'local',
    [NO_ROUTE],
    'router-unreachable',
    'Goodgate runs on this device, which has no way out.',
  ),
  one(
    'weak-radio',
    'B4',
    'service',
    [...lossy(30), { do: 'options', words: ['--speed'] }],
    'wifi-weak',
    'Three of ten packets get lost between device and router, both ways.',
  ),
  one('outage-silent', 'B5', 'service', [OUTAGE], 'isp-outage', 'The internet provider passes nothing on.'),
  one(
    'outage-told',
    'B5',
    'service',
    [{ do: 'ip', at: 'isp', words: ['route replace unreachable default', '-6 route replace unreachable default'] }],
    'isp-outage',
    'The internet provider says that it has no route to anywhere.',
  ),
  or(
    one(
      'line-down',
      'B5',
      'service',
      [{ do: 'ip', at: 'router', words: ['link set wan down'] }],
      'isp-outage',
      'The router is there, its line is dead.',
    ),
    ['no-internet'],
    'whether the router or its line fails is not seen from the device',
  ),
  one('outage-gateway', 'B5', 'edge', [OUTAGE], 'isp-outage', 'The same on the way to a Goodgate.'),
  one(
    'not-our-prefix-silent',
    'B5',
    'service',
    [droppedHere('service')],
    'isp-routing',
    'All packets to the service are lost at the internet provider; the rest of the internet is there.',
  ),
  one(
    'not-our-prefix-black-hole',
    'B5',
    'gateway',
    [{ do: 'ip', at: 'isp', words: ['route add blackhole 51.15.20.0/24', '-6 route add blackhole 2001:bc8:20::/64'] }],
    'isp-routing',
    'A black hole in the routes of the internet provider.',
  ),
  one(
    'not-our-prefix-told',
    'B5',
    'service',
    [
      {
        do: 'ip',
        at: 'isp',
        words: ['route add unreachable 162.159.140.0/24', '-6 route add unreachable 2606:4700:140::/64'],
      },
    ],
    'isp-routing',
    'The internet provider has no route to the service, and says so.',
  ),
  or(
    one(
      'prohibited',
      'B5',
      'service',
      [
        {
          do: 'ip',
          at: 'isp',
          words: ['route add prohibit 162.159.140.0/24', '-6 route add prohibit 2606:4700:140::/64'],
        },
      ],
      'isp-routing',
      'The internet provider forbids the way.',
    ),
    ['port-blocked'],
    'a route that forbids is routing and blocking at once',
  ),
  one(
    'family-broken',
    'B6',
    'service',
    [V4_DEAD, named({ v4: SERVICE.v4 }), named({ v4: SERVICE.v4 }, 'public')],
    'address-family-broken',
    'IPv4 leads nowhere, IPv6 is well, and the service has IPv4 only.',
  ),
  one(
    'mtu-black-hole',
    'B7',
    'service',
    MTU_BLACK_HOLE,
    'mtu-black-hole',
    'A small link on the way whose complaints are dropped.',
  ),
  one('mtu-black-hole-gateway', 'B7', 'gateway', MTU_BLACK_HOLE, 'mtu-black-hole', 'The same before a Goodgate.'),
  one(
    'port-silent',
    'B16',
    'service',
    [droppedHere('service', 'port')],
    'port-blocked',
    'The home firewall drops connections to this port of the service.',
  ),
  one('port-refused', 'B16', 'service', [rejectedHere('service')], 'port-blocked', 'The home firewall refuses them.'),
  one(
    'port-silent-gateway',
    'B16',
    'gateway',
    [droppedHere('gateway', 'port')],
    'port-blocked',
    'The same before a Goodgate.',
  ),
  one(
    'name-reset',
    'B17',
    'service',
    [{ do: 'censor' }],
    'connection-filtered',
    'A filter resets what names the service in its ClientHello.',
  ),
];

/** Block B, first part: the device and the way out. */
export const BLOCK_B_NEAR: readonly Scenario[] = [...DEVICE, ...NETWORK];
