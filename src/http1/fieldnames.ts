/**
 * Field names that are known are handed out as one shared string each, so that reading a head allocates nothing for them and later
 * comparisons are comparisons of pointers. Unknown names are made anew each time: hostile ones must not fill a cache.
 */
const KNOWN = [
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'accept-ranges',
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
  'access-control-expose-headers',
  'access-control-max-age',
  'access-control-request-headers',
  'access-control-request-method',
  'age',
  'allow',
  'alt-svc',
  'anthropic-beta',
  'anthropic-dangerous-direct-browser-access',
  'anthropic-organization-id',
  'anthropic-version',
  'api-key',
  'apim-request-id',
  'authorization',
  'baggage',
  'cache-control',
  'cache-status',
  'cdn-loop',
  'cf-cache-status',
  'cf-connecting-ip',
  'cf-ray',
  'connection',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-security-policy',
  'content-type',
  'cookie',
  'cross-origin-opener-policy',
  'date',
  'dnt',
  'etag',
  'expect',
  'expires',
  'forwarded',
  'from',
  'goodgate-attempt',
  'goodgate-attempts',
  'goodgate-target',
  'host',
  'http2-settings',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'keep-alive',
  'last-event-id',
  'last-modified',
  'link',
  'location',
  'max-forwards',
  'nel',
  'openai-beta',
  'openai-model',
  'openai-organization',
  'openai-processing-ms',
  'openai-project',
  'openai-version',
  'origin',
  'pragma',
  'priority',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'proxy-status',
  'range',
  'referer',
  'referrer-policy',
  'report-to',
  'request-id',
  'retry-after',
  'retry-after-ms',
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
  'sec-websocket-accept',
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-version',
  'server',
  'server-timing',
  'set-cookie',
  'strict-transport-security',
  'te',
  'traceparent',
  'tracestate',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'upgrade-insecure-requests',
  'user-agent',
  'vary',
  'via',
  'warning',
  'www-authenticate',
  'x-accel-buffering',
  'x-api-key',
  'x-content-type-options',
  'x-envoy-upstream-service-time',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-frame-options',
  'x-powered-by',
  'x-ratelimit-limit-requests',
  'x-ratelimit-limit-tokens',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-remaining-tokens',
  'x-ratelimit-reset-requests',
  'x-ratelimit-reset-tokens',
  'x-real-ip',
  'x-request-id',
  'x-requested-with',
  'x-robots-tag',
  'x-should-retry',
  'x-stainless-arch',
  'x-stainless-async',
  'x-stainless-helper-method',
  'x-stainless-lang',
  'x-stainless-os',
  'x-stainless-package-version',
  'x-stainless-retry-count',
  'x-stainless-runtime',
  'x-stainless-runtime-version',
  'x-stainless-timeout',
  'x-xss-protection',
];

/** Lower-cased character for each one a token may hold (RFC 9110 §5.6.2), 0 for every other. */
export const TOKEN_LOWER = new Uint8Array(256);
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") {
  const code = character.charCodeAt(0);
  TOKEN_LOWER[code] = code;
  TOKEN_LOWER[character.toUpperCase().charCodeAt(0)] ||= code;
}

/** 1 for what a field value may hold: HTAB, SP, VCHAR, obs-text (RFC 9110 §5.5). */
export const VALUE_CHARACTER = new Uint8Array(256).fill(1, 32).fill(0, 127, 128);
// The tab.
VALUE_CHARACTER[9] = 1;

/**
 * Each known name under two spellings, lower-case and Like-This. A spelling is found by its length and three of its characters, and then
 * compared as a whole: engines compare texts many times faster than a loop over their characters can.
 */
const SLOTS = 4096;
const spellings = new Array<string>(SLOTS).fill('');
const names = new Array<string>(SLOTS).fill('');

function slotOf(text: string, start: number, length: number): number {
  const first = text.charCodeAt(start);
  const middle = text.charCodeAt(start + (length >> 1));
  const last = text.charCodeAt(start + length - 1);
  // Found by trying: of the 301 spellings nine share a slot with another, none of them an everyday one.
  return (length * 2588 + first * 1033 + middle * 983 + last * 1397) & (SLOTS - 1);
}

/** Spellings that are not Like-This, as the OpenAI and Anthropic clients and browsers send them. */
const ODD = [
  'DNT',
  'ETag',
  'NEL',
  'TE',
  'WWW-Authenticate',
  'X-Stainless-OS',
  'X-XSS-Protection',
  'x-stainless-OS',
  'OpenAI-Beta',
];

function add(spelling: string, name: string): void {
  const slot = slotOf(spelling, 0, spelling.length);
  if (spellings[slot] !== '') return;
  spellings[slot] = spelling;
  names[slot] = name;
}

for (const name of KNOWN) {
  add(name, name);
  add(
    name.replace(/(^|-)[a-z]/g, (initial) => initial.toUpperCase()),
    name,
  );
}
for (const spelling of ODD) {
  const name = KNOWN.find((known) => known === spelling.toLowerCase());
  if (name !== undefined) add(spelling, name);
}

/** The shared lower-case string of a known name that stands in `text` from `start` to `end` in a usual spelling; else undefined. */
export function knownName(text: string, start: number, end: number): string | undefined {
  const slot = slotOf(text, start, end - start);
  return text.slice(start, end) === spellings[slot] && end > start ? names[slot] : undefined;
}

/** The place of a lower-case name that is known, and so needs no further check; -1 for others. Below `NAME_PLACES`. */
export function placeOfName(name: string): number {
  if (name.length === 0) return -1;
  const slot = slotOf(name, 0, name.length);
  return spellings[slot] === name ? slot : -1;
}

export const NAME_PLACES = SLOTS;
