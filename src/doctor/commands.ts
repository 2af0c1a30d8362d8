import type { PersonStepId } from '../diagnosis/person-steps.ts';
import type { Facts } from './facts.ts';

/** Systems by Node's names; any other is treated as Linux. */
type System = 'linux' | 'darwin' | 'win32';

type Commands = Readonly<Record<System, string>>;

/** The exact command or setting for a step, by system. Steps that are the same everywhere or have no command are not here. */
const COMMANDS: Readonly<Partial<Record<PersonStepId, Commands>>> = {
  'set-clock': {
    linux: 'sudo timedatectl set-ntp true',
    darwin: 'sudo sntp -sS time.apple.com',
    win32: 'w32tm /resync',
  },
  'flush-names': {
    linux: 'resolvectl flush-caches',
    darwin: 'sudo dscacheutil -flushcache; sudo killall -HUP mDNSResponder',
    win32: 'ipconfig /flushdns',
  },
  'public-resolver': {
    linux: 'resolvectl dns <interface> 9.9.9.9 1.1.1.1',
    darwin: 'networksetup -setdnsservers Wi-Fi 9.9.9.9 1.1.1.1',
    win32: 'Settings › Network & internet › your connection › DNS server assignment › Manual: 9.9.9.9',
  },
  'delete-hosts-line': {
    linux: 'sudoedit /etc/hosts',
    darwin: 'sudo nano /etc/hosts',
    win32: 'notepad C:\\Windows\\System32\\drivers\\etc\\hosts (as administrator)',
  },
  'turn-on-network': {
    linux: 'nmcli networking on',
    darwin: 'networksetup -setairportpower en0 on',
    win32: 'Settings › Network & internet',
  },
  'use-system-roots': {
    linux: 'export NODE_USE_SYSTEM_CA=1',
    darwin: 'export NODE_USE_SYSTEM_CA=1',
    win32: 'setx NODE_USE_SYSTEM_CA 1',
  },
  'turn-family-off': {
    linux: 'sudo sysctl net.ipv6.conf.all.disable_ipv6=1',
    darwin: 'networksetup -setv6off Wi-Fi',
    win32: 'Settings › Network & internet › adapter options › Internet Protocol Version 6: off',
  },
  'lower-mtu': {
    linux: 'sudo ip link set dev <interface> mtu 1400',
    darwin: 'sudo networksetup -setMTU Wi-Fi 1400',
    win32: 'netsh interface ipv4 set subinterface "<interface>" mtu=1400 store=active',
  },
  'allow-app': {
    linux: 'sudo nft list ruleset',
    darwin: 'System Settings › Network › Firewall › Options',
    win32: 'Windows Security › Firewall & network protection › Allow an app through firewall',
  },
  'remove-route': {
    linux: 'ip route get <address>; sudo ip route del <address>',
    darwin: 'route -n get <address>; sudo route delete <address>',
    win32: 'route print; route delete <address>',
  },
};

/** The command for a step on this system with what is known filled in; undefined where there is none. */
export function commandFor(step: PersonStepId, platform: string, facts: Facts): string | undefined {
  if (step === 'fix-proxy-setting') return proxyCommand(platform, facts);
  if (step === 'sign-in-portal') return portalPlace(facts);
  const commands = COMMANDS[step];
  if (commands === undefined) return undefined;
  const command = commands[platform === 'darwin' || platform === 'win32' ? platform : 'linux'];
  const way = facts.route?.interface;
  const address = facts.connect?.tries[0]?.ip;
  return command.replaceAll('<interface>', way ?? '<interface>').replaceAll('<address>', address ?? '<address>');
}

function proxyCommand(platform: string, { proxy, target }: Facts): string | undefined {
  const setting = proxy?.setting;
  if (setting === undefined) return undefined;
  // A setting of the system is named, and has no command that is the same everywhere.
  if (!/^[A-Za-z_]+$/.test(setting)) return setting;
  const host = target?.host ?? 'the host';
  if (platform === 'win32') return `set NO_PROXY=${host} (this host only), or set ${setting}= (no proxy at all)`;
  return `export NO_PROXY="$NO_PROXY,${host}" (this host only), or unset ${setting}`;
}

function portalPlace({ portal }: Facts): string | undefined {
  const captive = portal?.find(({ state }) => state === 'captive');
  return captive?.location ?? captive?.url;
}
