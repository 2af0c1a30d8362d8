import type { Outside } from './outside.ts';

/** What the system's own settings say about proxies. Programs on Node.js do not read them; browsers do. */
export type OsProxy = { readonly pac: string | undefined; readonly proxy: string | undefined; readonly from: string };

const TOOL_MS = 1_500;
const NONE: OsProxy = { pac: undefined, proxy: undefined, from: 'the system' };

/** Asks the system. Never rejects: what cannot be read is not set. */
export async function readOsProxy({ device, env }: Outside): Promise<OsProxy> {
  try {
    if (device.platform === 'darwin') return macProxy(await device.run('scutil', ['--proxy'], TOOL_MS));
    if (device.platform === 'win32') {
      const key = 'HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';
      return windowsProxy(await device.run('reg', ['query', key], TOOL_MS));
    }
    // Without a desktop nobody has set anything there, and the tool takes its time to say so.
    const isDesktop = (env['XDG_CURRENT_DESKTOP'] ?? env['DESKTOP_SESSION'] ?? '') !== '';
    if (device.platform !== 'linux' || !isDesktop) return NONE;
    return gnomeProxy(await device.run('gsettings', ['list-recursively', 'org.gnome.system.proxy'], TOOL_MS));
  } catch {
    return NONE;
  }
}

/** `scutil --proxy` of macOS. */
export function macProxy(text: string): OsProxy {
  const value = (name: string): string | undefined => new RegExp(`^\\s*${name} : (\\S+)$`, 'm').exec(text)?.[1];
  const from = 'System Settings › Network › Proxies';
  const host = value('HTTPSEnable') === '1' ? value('HTTPSProxy') : undefined;
  const pac = value('ProxyAutoConfigEnable') === '1' ? value('ProxyAutoConfigURLString') : undefined;
  return { pac, proxy: host === undefined ? undefined : `${host}:${value('HTTPSPort') ?? '443'}`, from };
}

/** The Internet Settings key of Windows. */
export function windowsProxy(text: string): OsProxy {
  const value = (name: string): string | undefined =>
    new RegExp(`^\\s*${name}\\s+REG_\\w+\\s+(\\S+)\\s*$`, 'm').exec(text)?.[1];
  const isOn = value('ProxyEnable') === '0x1';
  const server = value('ProxyServer');
  const secure = server === undefined ? undefined : (/https=([^;]+)/.exec(server)?.[1] ?? server);
  return { pac: value('AutoConfigURL'), proxy: isOn ? secure : undefined, from: 'Settings › Network › Proxy' };
}

/** GNOME's settings. */
export function gnomeProxy(text: string): OsProxy {
  const value = (name: string): string | undefined =>
    new RegExp(`^org\\.gnome\\.system\\.${name} '?([^'\\n]*)'?$`, 'm').exec(text)?.[1]?.trim() || undefined;
  const mode = value('proxy mode');
  const host = value('proxy\\.https host');
  return {
    pac: mode === 'auto' ? value('proxy autoconfig-url') : undefined,
    proxy: mode === 'manual' && host !== undefined ? `${host}:${value('proxy\\.https port') ?? '443'}` : undefined,
    from: 'Settings › Network › Proxy',
  };
}

/**
 * The proxies that a proxy script (PAC) names, in the order in which they stand there, and whether it also allows the direct way. The script
 * itself is not run: it is foreign code, and which proxies it knows is enough to see whether they live.
 */
export function proxiesInScript(script: string): {
  readonly proxies: readonly string[];
  readonly isDirect: boolean;
  readonly isScript: boolean;
} {
  const named = [...script.matchAll(/\b(?:PROXY|HTTPS?)\s+([A-Za-z0-9.[\]:-]+:\d{1,5})/g)].map(
    (found) => found[1] ?? '',
  );
  return {
    proxies: [...new Set(named)].slice(0, 8),
    isDirect: /\bDIRECT\b/.test(script),
    isScript: /\bFindProxyForURL\b/.test(script),
  };
}
