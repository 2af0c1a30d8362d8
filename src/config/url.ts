/** Where targets are, as text: what may be written as `url` and `proxy`, and what it means. */
import type { TargetDialect } from '../call/target.ts';
import type { Origin } from '../http1/contract.ts';

/** Where a target is when its `url` is not written; Azure gives each customer another host. */
export const DIALECT_URLS = {
  openai: 'https://api.openai.com/v1',
  'azure-openai': undefined,
  anthropic: 'https://api.anthropic.com/v1',
} as const satisfies Record<Exclude<TargetDialect, 'sandbox'>, string | undefined>;

/** What is wrong with a URL, in words that follow "url" or "proxy"; never with the URL itself, which may hold a password. */
export function urlFault(text: string, mayHoldPassword: boolean): string | undefined {
  const form = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text);
  if (form === null) return 'does not begin with http:// or https://';
  const scheme = (form[1] ?? '').toLowerCase();
  if (scheme !== 'http' && scheme !== 'https')
    return `begins with ${scheme.slice(0, 10)}://; expected http:// or https://`;
  if (/\s/.test(text)) return 'contains a space';
  const authority = /^[^/?#]*/.exec(text.slice(form[0].length))?.[0] ?? '';
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (host === '' || host.startsWith(':')) return 'names no host';
  const port = /:(\d+)$/.exec(host)?.[1];
  if (port !== undefined && (Number(port) > 65_535 || Number(port) === 0)) {
    return `has the port ${port.slice(0, 6)}; expected 1 to 65535`;
  }
  if (!URL.canParse(text)) return 'is not a URL; expected one such as https://api.openai.com/v1';
  const url = new URL(text);
  if (!mayHoldPassword && (url.username !== '' || url.password !== '')) {
    return 'contains a user name or password; give the credential as key, or in headers';
  }
  if (url.search !== '' || url.hash !== '') return 'contains "?" or "#"; expected only host, port and path';
  return undefined;
}

/** Host, port and encryption of a URL that `urlFault` has passed. */
export function originOf(text: string): Pick<Origin, 'host' | 'port' | 'isSecure'> {
  const url = new URL(text);
  const isSecure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { host, port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port), isSecure };
}

/**
 * The path before the API's own, by dialect, without a trailing slash. Where none is written: `/v1`, Azure `/openai/v1`. SDKs disagree on whether
 * `/v1` belongs to the base URL (OpenAI's: yes, Anthropic's: no), so both ways of writing mean the same. A single `/` after the
 * host means the root, for OpenAI-like services that have no `/v1`.
 */
export function basePathOf(dialect: TargetDialect, text: string): string {
  const path = new URL(text).pathname.replace(/\/+$/, '');
  switch (dialect) {
    case 'openai':
    case 'sandbox':
      return path === '' && !text.endsWith('/') ? '/v1' : path;
    case 'azure-openai':
      return path === '' ? '/openai/v1' : path;
    case 'anthropic':
      return path.endsWith('/v1') ? path : `${path}/v1`;
  }
}
