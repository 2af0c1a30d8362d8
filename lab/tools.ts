import { existsSync } from 'node:fs';
import { run } from './process.ts';

/** What the lab runs, and the Debian package that has it. */
const TOOLS: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  ss: 'iproute2',
  sysctl: 'procps',
  nft: 'nftables',
  unbound: 'unbound',
  dnsmasq: 'dnsmasq-base',
  squid: 'squid',
  nginx: 'nginx-light',
  haproxy: 'haproxy',
  mitmdump: 'mitmproxy',
  openvpn: 'openvpn',
  socat: 'socat',
  openssl: 'openssl',
  faketime: 'faketime',
  curl: 'curl',
};

/** mitmproxy brings hundreds of packages along on a bare machine. */
const INSTALL_MS = 15 * 60_000;

/** True when every tool is there; installs what is missing on Debian and says so, else says which packages to install. */
export async function haveTools(say: (line: string) => void): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    say('lab: network namespaces need Linux and root; run it as root, or in a container with --privileged');
    return false;
  }
  const missing = [...new Set((await Promise.all(Object.keys(TOOLS).map(missingPackage))).flat())];
  if (missing.length === 0) return true;
  if (!existsSync('/etc/debian_version') || !(await isThere('apt-get'))) {
    say(`lab: not installed: ${missing.join(', ')} (names of Debian packages)`);
    return false;
  }
  say(`lab: installing ${missing.join(', ')} with apt-get`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { code, err } = await run('apt-get', ['install', '-y', '--no-install-recommends', ...missing], {
    env,
    timeoutMs: INSTALL_MS,
  });
  if (code === 0) return true;
  say(`lab: apt-get failed, so install by hand: apt-get install ${missing.join(' ')}\n${err.trim()}`);
  return false;
}

async function missingPackage(tool: string): Promise<string[]> {
  return (await isThere(tool)) ? [] : [TOOLS[tool] ?? tool];
}

async function isThere(tool: string): Promise<boolean> {
  return (await run('sh', ['-c', `command -v ${tool}`])).code === 0;
}
