/** Which forward proxy a target is reached through: its own, or the environment's as curl and every SDK read it. */
import type { Origin } from '../http1/contract.ts';
import { proxyFor } from '../http1/via.ts';
import type { Env } from './environment.ts';
import { originOf, urlFault } from './url.ts';

/**
 * The forward proxy of an origin, undefined for none. `written` is a URL, `off`, or undefined: then `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY` count,
 * in either case of letters, unless `NO_PROXY` names the host or its network. Loopback never goes through a proxy of the environment: its loopback is not ours.
 * A variable that holds no URL is ignored here; `proxyVariableFault` tells it.
 */
export function forwardProxyOf(
  origin: Pick<Origin, 'host' | 'port' | 'isSecure'>,
  written: string | undefined,
  env: Env,
): Origin['via'] {
  if (written === 'off') return undefined;
  if (written !== undefined) return viaOf(written);
  const host = origin.host.includes(':') ? `[${origin.host}]` : origin.host;
  const choice = proxyFor(`${origin.isSecure ? 'https' : 'http'}://${host}:${origin.port}`, env);
  return choice.kind === 'proxy' ? choice.via : undefined;
}

/** What is wrong with the variable that would be used, or undefined. Without its value: it may hold a password. */
export function proxyVariableFault(isSecure: boolean, env: Env): string | undefined {
  const url = proxyVariable(env, isSecure);
  const fault = url === undefined ? undefined : urlFault(url, true);
  return fault === undefined
    ? undefined
    : `the environment variable ${isSecure ? 'HTTPS_PROXY' : 'HTTP_PROXY'} ${fault}`;
}

function proxyVariable(env: Env, isSecure: boolean): string | undefined {
  const url = variable(env, isSecure ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  // curl takes `proxy:3128` for http://proxy:3128, and so do many environments.
  return url === undefined || url.includes('://') ? url : `http://${url}`;
}

function variable(env: Env, name: string): string | undefined {
  const value = env[name.toLowerCase()] ?? env[name];
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

function viaOf(text: string): NonNullable<Origin['via']> {
  const url = new URL(text);
  const via = originOf(text);
  if (url.username === '' && url.password === '') return via;
  const bytes = new TextEncoder().encode(`${decoded(url.username)}:${decoded(url.password)}`);
  return { ...via, authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone % in a password: it means itself.
    return text;
  }
}
