/** When these marks were last checked. They are facts about other people's software, so they age. */
export const PROVENANCE_VERSION = '2026-11';

/**
 * What kind of thing wrote an answer. `server`: web server or proxy · `balancer`: load balancer · `edge`: CDN ·
 * `forward-proxy`, `portal`, `filter`: someone between asker and service · `application`: the service itself.
 */
export type WriterKind =
  | 'us'
  | 'server'
  | 'balancer'
  | 'edge'
  | 'forward-proxy'
  | 'portal'
  | 'filter'
  | 'application'
  | 'unknown';

/**
 * One observable thing. Field values and bodies are compared in lower case; `body` looks anywhere in the part that is read. All marks in
 * bodies hold for pages and plain text only, and `json` (any of these) for JSON only: an application's error may quote what its user wrote,
 * and a quoted page is nobody's page.
 */
export type Mark =
  | { readonly field: string; readonly is?: string; readonly starts?: string; readonly has?: string }
  | { readonly without: string }
  | { readonly body: string }
  | { readonly bodyAny: readonly string[] }
  | { readonly bodyStarts: string }
  | { readonly bodyIs: string }
  | { readonly json: readonly string[] }
  | { readonly status: readonly number[] };

/** A writer and the marks that give it away; all of them must hold. Marks that others show too make it `likely` only. */
export type Signature = {
  readonly writer: string;
  readonly kind: Exclude<WriterKind, 'us' | 'unknown'>;
  readonly marks: readonly Mark[];
  readonly confidence: 'confirmed' | 'likely';
  /** `itself`: the failure is the writer's own · `origin`: it only words what the origin said · undefined: cannot be told. */
  readonly speaksFor?: 'itself' | 'origin';
};

/** Marks that nobody else shows: the writer wrote it, about itself. */
function own(writer: string, kind: Signature['kind'], ...marks: Mark[]): Signature {
  return { writer, kind, marks, confidence: 'confirmed', speaksFor: 'itself' };
}

/** Marks that others may show too. */
function likely(writer: string, kind: Signature['kind'], ...marks: Mark[]): Signature {
  return { writer, kind, marks, confidence: 'likely', speaksFor: 'itself' };
}

/** The writer worded what its origin said. */
function forOrigin(writer: string, kind: Signature['kind'], ...marks: Mark[]): Signature {
  return { writer, kind, marks, confidence: 'confirmed', speaksFor: 'origin' };
}

/** A name alone: it wrote this or passed it on. */
function named(writer: string, kind: Signature['kind'], ...marks: Mark[]): Signature {
  return { writer, kind, marks, confidence: 'likely' };
}

/** Cloudflare's own statuses. */
const CLOUDFLARE_STATUSES = [520, 521, 522, 523, 524, 525, 526, 527, 530];

/** Those who stand between and answer in the service's place. They come first: what they write may copy anybody. */
const BETWEEN: readonly Signature[] = [
  own('squid', 'forward-proxy', { field: 'x-squid-error' }),
  own('squid', 'forward-proxy', { field: 'server', starts: 'squid/' }),
  own('forward proxy', 'forward-proxy', { status: [407] }),
  own('captive portal', 'portal', { body: '<wispaccessgatewayparam' }),
  own('captive portal', 'portal', { status: [511] }),
  likely(
    'captive portal',
    'portal',
    { body: 'http-equiv="refresh"' },
    {
      bodyAny: [
        'captive portal',
        'captiveportal',
        'nodogsplash',
        '/guest/s/',
        'network sign-in',
        'wifi login',
        'wi-fi login',
      ],
    },
  ),
  // A form that asks for a password and speaks of the network: no service answers an API's request so.
  likely(
    'captive portal',
    'portal',
    { status: [200] },
    { body: '<form' },
    {
      bodyAny: [
        'sign in to this network',
        'guest network',
        'guest wi-fi',
        'guest wifi',
        'hotspot',
        'wi-fi access',
        'wifi access',
        'internet access',
        'go online',
        'room number',
      ],
    },
  ),
  own('zscaler', 'filter', { field: 'server', starts: 'zscaler' }),
  own('zscaler', 'filter', {
    bodyAny: ['<title>internet security by zscaler', 'zscaler makes the internet safe', 'zscaler.net/'],
  }),
  own('fortiguard', 'filter', { bodyAny: ['fortiguard', 'fortinet application control', 'fgtauth'] }),
  own('palo alto networks', 'filter', { body: 'blocked in accordance with company policy' }),
  own('cisco umbrella', 'filter', { bodyAny: ['.opendns.com/', 'block.umbrella.com', 'cisco umbrella'] }),
  own('sophos', 'filter', { bodyAny: ['sophos web appliance', 'sophos utm', 'blocked by sophos', 'sophos firewall'] }),
  own('forcepoint', 'filter', { bodyAny: ['blocked by websense', 'forcepoint web security', 'websense triton'] }),
  own('symantec proxysg', 'filter', {
    bodyAny: ['access denied (policy_denied)', 'blue coat systems', 'your system policy has denied access'],
  }),
  own('skyhigh web gateway', 'filter', { bodyAny: ['mcafee web gateway', 'skyhigh secure web gateway'] }),
  own('netskope', 'filter', { bodyAny: ['netskope cloud security', 'blocked by netskope', 'goskope.com/'] }),
  own('barracuda', 'filter', { bodyAny: ['barracuda web filter', 'barracuda networks'] }),
  likely('kaspersky', 'filter', { body: 'kaspersky' }, { bodyAny: ['access denied', 'blocked'] }),
  likely('eset', 'filter', { body: 'eset' }, { body: 'access denied' }, { body: 'antivirus' }),
];

/** The provider's application, by fields that only it sets, or by an error object. An edge's own error objects come before. */
const APPLICATIONS: readonly Signature[] = [
  own('cloudflare', 'edge', { json: ['"cloudflare_error":true'] }),
  own('cloudflare', 'edge', { json: ['"type":"cf_', '"type": "cf_'] }),
  own('openai', 'application', { field: 'openai-processing-ms' }),
  own('openai', 'application', { field: 'openai-version' }),
  own('anthropic', 'application', { field: 'anthropic-organization-id' }),
  own('anthropic', 'application', { field: 'request-id', starts: 'req_' }, { json: ['{"type":"error"'] }),
  own('azure-openai', 'application', { field: 'apim-request-id' }),
  own('openai', 'application', { field: 'x-request-id', starts: 'req_' }, { json: ['{'] }),
  own('mistral', 'application', { field: 'mistral-correlation-id' }),
  own('groq', 'application', { field: 'x-groq-region' }),
  own('aws-api-gateway', 'balancer', { field: 'x-amzn-errortype' }, { field: 'x-amz-apigw-id' }),
  named('another goodgate', 'server', { field: 'goodgate-code' }),
  likely(
    'application',
    'application',
    { field: 'content-type', has: 'json' },
    { json: ['{"error":', '"type":"error"', '"object":"error"', '{"detail":', '[{"error":', '{"message":'] },
  ),
];

/** Edges, by what they write themselves. A page of someone else's that passes through is judged by its own marks below. */
const EDGES: readonly Signature[] = [
  own('cloudflare', 'edge', { field: 'cf-mitigated' }),
  own('cloudflare', 'edge', { field: 'cf-ray' }, { status: CLOUDFLARE_STATUSES }),
  own('cloudflare', 'edge', { field: 'cf-ray' }, { bodyStarts: 'error code: 1' }),
  own('cloudflare', 'edge', { bodyAny: ['<hr><center>cloudflare</center>', '<center>cloudflare-nginx</center>'] }),
  forOrigin('cloudflare', 'edge', { body: 'cf-error-details' }, { status: [502, 504] }),
  own('cloudflare', 'edge', { bodyAny: ['cf-error-details', 'cloudflare ray id'] }),
  own('cloudfront', 'edge', { body: 'generated by cloudfront' }),
  own('cloudfront', 'edge', { field: 'server', is: 'cloudfront' }),
  own('akamai', 'edge', { field: 'server', is: 'akamaighost' }),
  own('akamai', 'edge', { body: 'reference&#32;&#35;' }),
  own(
    'fastly',
    'edge',
    { bodyAny: ['varnish cache server', 'guru mediation', '<h3>error 5'] },
    { bodyAny: ['details: cache-', 'fastly error'] },
  ),
  own('fastly', 'edge', { body: 'fastly error: unknown domain' }),
  own('azure-front-door', 'edge', {
    bodyAny: ["our services aren't available right now", "weren't able to find your azure front door"],
  }),
  own('azure-application-gateway', 'balancer', { body: '<center>microsoft-azure-application-gateway' }),
  own('vercel', 'edge', { field: 'x-vercel-error' }),
  likely(
    'netlify',
    'edge',
    { field: 'x-nf-request-id' },
    { field: 'server', is: 'netlify' },
    { status: [500, 502, 503, 504] },
  ),
  own('imperva', 'edge', { body: 'incapsula incident id' }),
  own('sucuri', 'edge', { body: 'sucuri website firewall' }),
  own('google', 'edge', { body: 'all we know.' }, { body: '!!1</title>' }),
  own('google', 'balancer', { body: '<h1>error: ' }, { body: 'please try again in 30 seconds.</h2>' }),
  own('aws-alb', 'balancer', { field: 'server', starts: 'awselb/' }),
];

/** The sentences of HAProxy's built-in pages, after `<html><body><h1>`. */
const HAPROXY_SENTENCES = [
  'the server returned an invalid or incomplete response.',
  'no server is available to handle this request.',
  "the server didn't respond in time.",
  'request forbidden by administrative rules.',
  'your browser sent an invalid request.',
  "your browser didn't send a complete request in time.",
  'you have sent too many requests in a given amount of time.',
  'the requested resource does not exist.',
  'an internal server error occurred.',
];

/** Servers and proxies, by the pages they write themselves; then by their name alone, which proves no more than that they passed it on. */
const SERVERS: readonly Signature[] = [
  own('haproxy', 'balancer', { bodyStarts: '<html><body><h1>' }, { bodyAny: HAPROXY_SENTENCES }),
  own('openresty', 'server', { body: '<center>openresty' }),
  own('nginx', 'server', { body: '<hr><center>nginx' }),
  own('nginx', 'balancer', { bodyIs: 'default backend - 404' }),
  own('envoy', 'balancer', { bodyStarts: 'upstream connect error or disconnect/reset before headers' }),
  own('envoy', 'balancer', { bodyIs: 'no healthy upstream' }),
  own('envoy', 'balancer', { bodyIs: 'upstream request timeout' }),
  own('apache', 'server', { body: 'the proxy server received an invalid' }),
  own(
    'apache',
    'server',
    { field: 'server', starts: 'apache' },
    { bodyStarts: '<!doctype html public' },
    { body: '</title>\n</head><body>\n<h1>' },
  ),
  own('apache', 'server', { body: '<address>apache/' }),
  own('varnish', 'server', { body: 'varnish cache server' }),
  own('caddy', 'server', { field: 'server', is: 'caddy' }, { bodyIs: '' }),
  likely(
    'traefik',
    'balancer',
    { without: 'server' },
    { field: 'content-type', starts: 'text/plain' },
    { bodyIs: 'bad gateway' },
  ),
  likely(
    'traefik',
    'balancer',
    { without: 'server' },
    { field: 'content-type', starts: 'text/plain' },
    { bodyIs: 'gateway timeout' },
  ),
  likely(
    'traefik',
    'balancer',
    { without: 'server' },
    { field: 'content-type', starts: 'text/plain' },
    { bodyIs: 'service unavailable' },
  ),
  likely(
    'traefik',
    'balancer',
    { without: 'server' },
    { field: 'x-content-type-options' },
    { bodyIs: '404 page not found' },
  ),
  likely('go', 'server', { bodyIs: '400 bad request' }, { field: 'content-type', starts: 'text/plain' }),
  own('iis', 'server', { field: 'server', starts: 'microsoft-httpapi/' }),
  named('haproxy', 'balancer', { field: 'server', starts: 'haproxy' }),
  named('envoy', 'balancer', { field: 'server', has: 'envoy' }),
  named('nginx', 'server', { field: 'server', starts: 'nginx' }),
  named('openresty', 'server', { field: 'server', starts: 'openresty' }),
  named('apache', 'server', { field: 'server', starts: 'apache' }),
  named('caddy', 'server', { field: 'server', is: 'caddy' }),
  named('varnish', 'server', { field: 'x-varnish' }),
  named('cloudflare', 'edge', { field: 'cf-ray' }, { bodyIs: '' }, { status: [500, 502, 503, 504] }),
];

/** All signatures, in the order in which they are tried: the first that holds names the writer. */
export const SIGNATURES: readonly Signature[] = [...BETWEEN, ...APPLICATIONS, ...EDGES, ...SERVERS];

/** Fields by which those who passed an answer on give themselves away, and whose value helps their support to find it. */
export const PASSING: readonly (readonly [field: string, writer: string])[] = [
  ['cf-ray', 'cloudflare'],
  ['x-amz-cf-id', 'cloudfront'],
  ['x-azure-ref', 'azure-front-door'],
  ['x-vercel-id', 'vercel'],
  ['x-nf-request-id', 'netlify'],
  ['x-served-by', 'fastly'],
  ['x-akamai-request-id', 'akamai'],
  ['x-iinfo', 'imperva'],
  ['x-sucuri-id', 'sucuri'],
  ['cdn-requestid', 'bunny'],
  ['x-amzn-requestid', 'aws'],
  ['apim-request-id', 'azure-openai'],
  ['request-id', 'application'],
  ['x-request-id', 'application'],
];

/** Where a writer's own code for the failure stands: in a field, or in the body after one of these words. */
export const CODES: Readonly<Record<string, { readonly field?: string; readonly after?: readonly string[] }>> = {
  cloudflare: { after: ['error code: ', '"error_code":', 'code-label">error code '] },
  squid: { field: 'x-squid-error' },
  vercel: { field: 'x-vercel-error' },
  envoy: { after: ['reset reason: '] },
  fastly: { after: ['<h3>error '] },
};
