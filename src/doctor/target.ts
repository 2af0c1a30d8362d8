import { KNOWN_SERVICES } from '../config/known-services.ts';
import { addressBytes, networksOf } from '../http1/networks.ts';

/** Where the doctor looks: one origin, and the base of an API behind it where that is known. */
export type Target = {
  /** As it is shown: without user, password, query and fragment. */
  readonly url: string;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** Path with which the harmless call is made: `…/models` below a base URL, else the path that was given. */
  readonly path: string;
  /** True: the answer should be JSON of an AI service's API. */
  readonly isApi: boolean;
  readonly kind: 'gateway' | 'service';
  /** `loopback` and `private` addresses need no internet. */
  readonly reach: 'loopback' | 'private' | 'public';
  /** The service known by this host. */
  readonly service: string | undefined;
  readonly keyVariable: string | undefined;
};

/** True where the answer needs the internet: for whatever is not near, and for a gateway of this machine, whose services are not. */
export function needsInternet({ reach, kind }: Pick<Target, 'reach' | 'kind'>): boolean {
  return reach === 'public' || (reach === 'loopback' && kind === 'gateway');
}

/** What was typed. */
export type Asked =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'call'; readonly id: string }
  | { readonly kind: 'input' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'nothing' };

/** Tells a URL, a call number, `-` and a file apart by their form. A bare host is taken for `https://host`. */
export function readAsked(text: string | undefined): Asked {
  const asked = text?.trim() ?? '';
  if (asked === '') return { kind: 'nothing' };
  if (asked === '-') return { kind: 'input' };
  if (/^[0-9a-f]{32}$/i.test(asked)) return { kind: 'call', id: asked.toLowerCase() };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(asked)) return { kind: 'url', url: asked };
  if (/\.(?:html?|har|json|txt|log|md)$/i.test(asked) || /^[./~]|^[A-Za-z]:\\/.test(asked))
    return { kind: 'file', path: asked };
  if (/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?(?::\d+)?(?:\/\S*)?$/i.test(asked) && /[.:]|^localhost/i.test(asked)) {
    const isNear = /^(?:localhost|127\.|10\.|192\.168\.)/i.test(asked);
    return { kind: 'url', url: `${isNear ? 'http' : 'https'}://${asked}` };
  }
  if (/^\[[0-9a-f:.]+\](?::\d+)?(?:\/\S*)?$/i.test(asked)) return { kind: 'url', url: `http://${asked}` };
  return { kind: 'file', path: asked };
}

const isLoopback = networksOf(['127.0.0.0/8', '::1/128']);
const isNearby = networksOf([
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '100.64.0.0/10',
  'fc00::/7',
  'fe80::/10',
]);

/** How far an address or name is, as far as its form tells. */
export function reachOf(host: string): Target['reach'] {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (name === 'localhost' || name.endsWith('.localhost') || isLoopback(name)) return 'loopback';
  return isNearby(name) || /\.(?:local|lan|internal|home\.arpa)$/.test(name) || isDotless(name) ? 'private' : 'public';
}

function isDotless(name: string): boolean {
  return addressBytes(name) === undefined && !name.includes('.');
}

/** True for an address that no public name should lead to. */
export function isBogus(ip: string): boolean {
  return ip === '0.0.0.0' || ip === '::' || isLoopback(ip);
}

/** A target from a URL, or a sentence that says what is wrong with it. */
export function targetOf(
  text: string,
  options: {
    readonly targetIs: 'gateway' | 'service' | undefined;
    readonly gateway: string | undefined;
    readonly keyVariable: string | undefined;
  },
): Target | string {
  if (text.length > 2_048) return 'the address is longer than 2,048 characters';
  if (!URL.canParse(text)) return `"${text.slice(0, 200)}" is no URL; expected one such as https://api.openai.com/v1`;
  const url = new URL(text);
  const isSecure = url.protocol === 'https:' || url.protocol === 'wss:';
  if (!isSecure && url.protocol !== 'http:' && url.protocol !== 'ws:')
    return `only http and https can be looked at, not ${url.protocol}`;
  if (url.hostname === '') return 'the URL names no host';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const service = KNOWN_SERVICES.find((each) => each.url !== undefined && new URL(each.url).hostname === host);
  const path = url.pathname.replace(/\/+$/, '');
  const isBase = /\/v\d+(?:beta)?$/.test(path) || (service !== undefined && path === '');
  const prefix = path === '' && service?.url !== undefined ? new URL(service.url).pathname.replace(/\/+$/, '') : path;
  const isApi = isBase || /\/v\d+(?:beta)?\//.test(path);
  return {
    url: `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`,
    host,
    port: Number(url.port) || (isSecure ? 443 : 80),
    isSecure,
    // Anything but the list of models would cost, or answer with another fault than the one that is looked for.
    path: isBase ? `${prefix}/models` : isApi ? path.replace(/(\/v\d+(?:beta)?)\/.*$/, '$1/models') : url.pathname,
    isApi,
    kind:
      options.targetIs ?? (isSameOrigin(url, options.gateway) || isUsualPlace(host, url.port) ? 'gateway' : 'service'),
    reach: reachOf(host),
    service: service?.name,
    keyVariable: options.keyVariable ?? service?.key,
  };
}

/** Where a Goodgate listens unless it is told otherwise. */
function isUsualPlace(host: string, port: string): boolean {
  return port === '5020' && reachOf(host) === 'loopback';
}

function isSameOrigin(url: URL, gateway: string | undefined): boolean {
  return gateway !== undefined && URL.canParse(gateway) && new URL(gateway).origin === url.origin;
}
