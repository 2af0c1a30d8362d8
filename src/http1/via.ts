import { bareHost, ipFamily } from './addresses.ts';
import type { Origin } from './contract.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Which way to a URL the environment asks for, and which variable said so: the first thing a person needs to know to change it. */
export type ProxyChoice =
  | { readonly kind: 'direct'; readonly variable: string | undefined }
  | { readonly kind: 'proxy'; readonly via: NonNullable<Origin['via']>; readonly variable: string }
  /** The variable holds no proxy that we speak to: not a URL, or one of SOCKS. To go direct instead would break what its author wants. */
  | { readonly kind: 'unreadable'; readonly variable: string };

/**
 * The proxy for an `http:` or `https:` URL by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, each in lower case first, as curl
 * and Go read them. This machine itself is never asked for through a proxy. @throws TypeError when `url` is none.
 */
export function proxyFor(url: string, env: Environment): ProxyChoice {
  const asked = new URL(url);
  const host = bareHost(asked.hostname).toLowerCase();
  const port = asked.port === '' ? (asked.protocol === 'https:' ? '443' : '80') : asked.port;
  const variable = variableFor(asked.protocol, env);
  if (variable === undefined || isLoopback(host)) return { kind: 'direct', variable: undefined };
  const exception = set(env, 'no_proxy') ?? set(env, 'NO_PROXY');
  if (exception !== undefined && isExcepted(host, port, env[exception] ?? '')) {
    return { kind: 'direct', variable: exception };
  }
  const via = readProxy(env[variable] ?? '');
  return via === undefined ? { kind: 'unreadable', variable } : { kind: 'proxy', via, variable };
}

function set(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value.trim() === '' ? undefined : name;
}

function variableFor(protocol: string, env: Environment): string | undefined {
  const all = set(env, 'all_proxy') ?? set(env, 'ALL_PROXY');
  if (protocol === 'https:') return set(env, 'https_proxy') ?? set(env, 'HTTPS_PROXY') ?? all;
  // Under CGI, HTTP_PROXY is the caller's `Proxy:` field and not the environment's word (CVE-2016-5385).
  const upper = set(env, 'REQUEST_METHOD') === undefined ? set(env, 'HTTP_PROXY') : undefined;
  return set(env, 'http_proxy') ?? upper ?? all;
}

function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '::1' ||
    (ipFamily(host) === 4 && host.startsWith('127.'))
  );
}

/** 2048 exceptions are more than any list in use; the rest of a longer one is not read. */
const EXCEPTIONS_MAX = 2048;

function isExcepted(host: string, port: string, list: string): boolean {
  const rules = list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((rule) => rule !== '')
    .slice(0, EXCEPTIONS_MAX);
  return rules.some((rule) => matches(host, port, rule));
}

function matches(host: string, port: string, rule: string): boolean {
  if (rule === '*') return true;
  if (rule.includes('/')) return isInNetwork(host, rule);
  const { name, only } = splitPort(rule);
  if (only !== undefined && only !== port) return false;
  // `example.com`, `.example.com` and `*.example.com` all mean the name and what is below it, as curl reads them.
  const bare = name.replace(/^\*?\./, '');
  if (bare === '') return false;
  if (ipFamily(host) !== 0) return sameAddress(host, bare);
  return host === bare || host.endsWith(`.${bare}`);
}

function splitPort(rule: string): { readonly name: string; readonly only: string | undefined } {
  const found = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(rule);
  // Several colons without brackets: an IPv6 literal, which takes no port.
  if (found === null) return { name: rule, only: undefined };
  return { name: bareHost(found[1] ?? ''), only: found[2] };
}

function sameAddress(a: string, b: string): boolean {
  const left = bitsOf(a);
  return left !== undefined && left === bitsOf(b);
}

function isInNetwork(host: string, rule: string): boolean {
  const [base = '', length = ''] = rule.split('/', 2);
  const address = bitsOf(host);
  const network = bitsOf(base);
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : -1;
  if (address === undefined || network === undefined || address.length !== network.length) return false;
  return bits >= 0 && bits <= address.length && address.slice(0, bits) === network.slice(0, bits);
}

/** An IP literal as a string of bits, 32 or 128 long. */
function bitsOf(literal: string): string | undefined {
  if (ipFamily(literal) === 4)
    return literal
      .split('.')
      .map((octet) => binary(Number(octet), 8))
      .join('');
  if (ipFamily(literal) !== 6) return undefined;
  // The URL parser knows every way of writing an IPv6 address and gives the one canonical form.
  if (!URL.canParse(`http://[${literal}]/`)) return undefined;
  const canonical = bareHost(new URL(`http://[${literal}]/`).hostname);
  const [head = '', tail] = canonical.split('::', 2);
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = new Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...zeros, ...right].map((group) => binary(Number.parseInt(group, 16), 16)).join('');
}

function binary(value: number, width: number): string {
  return value.toString(2).padStart(width, '0');
}

function readProxy(text: string): NonNullable<Origin['via']> | undefined {
  // curl and Go take `proxy:3128` for an HTTP proxy.
  const trimmed = text.trim();
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`;
  if (!URL.canParse(whole)) return undefined;
  const url = new URL(whole);
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') return undefined;
  const isSecure = url.protocol === 'https:';
  const usualPort = isSecure ? 443 : 80;
  const authorization = basic(url.username, url.password);
  return {
    host: bareHost(url.hostname),
    port: url.port === '' ? usualPort : Number(url.port),
    isSecure,
    ...(authorization === undefined ? {} : { authorization }),
  };
}

/** The credentials of a URL as `proxy-authorization` carries them (RFC 7617), in UTF-8. */
function basic(username: string, password: string): string | undefined {
  if (username === '' && password === '') return undefined;
  const pair = `${unescaped(username)}:${unescaped(password)}`;
  return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign stands for itself.
    return text;
  }
}
