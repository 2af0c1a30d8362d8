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

/** One observable thing. Field values and bodies are compared in lower case; `body` looks anywhere in the part that is read. */
export type Mark =
  | { readonly field: string; readonly is?: string; readonly starts?: string; readonly has?: string }
  | { readonly without: string }
  | { readonly body: string }
  | { readonly bodyAny: readonly string[] }
  | { readonly bodyStarts: string }
  | { readonly bodyIs: string }
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

/** Cloudflare's own statuses. */
const CLOUDFLARE_STATUSES = [520, 521, 522, 523, 524, 525, 526, 527, 530];

/** Those who stand between and answer in the service's place. They come first: what they write may copy anybody. */
const BETWEEN: readonly Signature[] = [
  {
    writer: 'squid',
    kind: 'forward-proxy',
    marks: [{ field: 'x-squid-error' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'squid',
    kind: 'forward-proxy',
    marks: [{ field: 'server', starts: 'squid/' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'forward proxy',
    kind: 'forward-proxy',
    marks: [{ status: [407] }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'captive portal',
    kind: 'portal',
    marks: [{ body: '<wispaccessgatewayparam' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'captive portal',
    kind: 'portal',
    marks: [{ status: [511] }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'captive portal',
    kind: 'portal',
    marks: [
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
    ],
    confidence: 'likely',
    speaksFor: 'itself',
  },
  {
    writer: 'zscaler',
    kind: 'filter',
    marks: [{ field: 'server', starts: 'zscaler' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'zscaler',
    kind: 'filter',
    marks: [{ bodyAny: ['<title>internet security by zscaler', 'zscaler makes the internet safe', 'zscaler.net/'] }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'fortiguard',
    kind: 'filter',
    marks: [{ bodyAny: ['fortiguard', 'fortinet application control', 'fgtauth'] }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'palo alto networks',
    kind: 'filter',
    marks: [{ body: 'blocked in accordance with company policy' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'cisco umbrella',
    kind: 'filter',
    marks: [{ bodyAny: ['.opendns.com/', 'block.umbrella.com', 'cisco umbrella'] }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'sophos',
    kind: 'filter',
    marks: [{ bodyAny: ['sophos web appliance', 'sophos utm', 'blocked by sophos', 'sophos firewall'] }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'forcepoint',
    kind: 'filter',
    marks: [{ bodyAny: ['blocked by websense', 'forcepoint web security', 'websense triton'] }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'symantec proxysg',
    kind: 'filter',
    marks: [
      { bodyAny: ['access denied (policy_denied)', 'blue coat systems', 'your system policy has denied access'] },
    ],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'skyhigh web gateway',
    kind: 'filter',
    marks: [{ bodyAny: ['mcafee web gateway', 'skyhigh secure web gateway'] }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'netskope',
    kind: 'filter',
    marks: [{ bodyAny: ['netskope cloud security', 'blocked by netskope', 'goskope.com/'] }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'barracuda',
    kind: 'filter',
    marks: [{ bodyAny: ['barracuda web filter', 'barracuda networks'] }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'kaspersky',
    kind: 'filter',
    marks: [{ body: 'kaspersky' }, { bodyAny: ['access denied', 'blocked'] }],
    confidence: 'likely',
    speaksFor: 'itself',
  },
  {
    writer: 'eset',
    kind: 'filter',
    marks: [{ body: 'eset' }, { body: 'access denied' }, { body: 'antivirus' }],
    confidence: 'likely',
    speaksFor: 'itself',
  },
];

/** The provider's application, by fields that only it sets, or by an error object. An edge's own error objects come before. */
const APPLICATIONS: readonly Signature[] = [
  {
    writer: 'cloudflare',
    kind: 'edge',
    marks: [{ body: '"cloudflare_error":true' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'cloudflare',
    kind: 'edge',
    marks: [{ bodyAny: ['"type":"cf_', '"type": "cf_'] }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'openai',
    kind: 'application',
    marks: [{ field: 'openai-processing-ms' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'openai',
    kind: 'application',
    marks: [{ field: 'openai-version' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'anthropic',
    kind: 'application',
    marks: [{ field: 'anthropic-organization-id' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'anthropic',
    kind: 'application',
    marks: [{ field: 'request-id', starts: 'req_' }, { bodyStarts: '{"type":"error"' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'azure-openai',
    kind: 'application',
    marks: [{ field: 'apim-request-id' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'openai',
    kind: 'application',
    marks: [{ field: 'x-request-id', starts: 'req_' }, { bodyStarts: '{' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'mistral',
    kind: 'application',
    marks: [{ field: 'mistral-correlation-id' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'groq',
    kind: 'application',
    marks: [{ field: 'x-groq-region' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'aws-api-gateway',
    kind: 'balancer',
    marks: [{ field: 'x-amzn-errortype' }, { field: 'x-amz-apigw-id' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  { writer: 'another goodgate', kind: 'server', marks: [{ field: 'goodgate-code' }], confidence: 'likely' },
  {
    writer: 'application',
    kind: 'application',
    marks: [
      { field: 'content-type', has: 'json' },
      { bodyAny: ['{"error":', '"type":"error"', '"object":"error"', '{"detail":', '[{"error":', '{"message":'] },
    ],
    confidence: 'likely',
    speaksFor: 'itself',
  },
];

/** Edges, by what they write themselves. A page of someone else's that passes through is judged by its own marks below. */
const EDGES: readonly Signature[] = [
  {
    writer: 'cloudflare',
    kind: 'edge',
    marks: [{ field: 'cf-mitigated' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'cloudflare',
    kind: 'edge',
    marks: [{ field: 'cf-ray' }, { status: CLOUDFLARE_STATUSES }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'cloudflare',
    kind: 'edge',
    marks: [{ field: 'cf-ray' }, { bodyStarts: 'error code: 1' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'cloudflare',
    kind: 'edge',
    marks: [{ bodyAny: ['<hr><center>cloudflare</center>', '<center>cloudflare-nginx</center>'] }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'cloudflare',
    kind: 'edge',
    marks: [{ body: 'cf-error-details' }, { status: [502, 504] }],
    confidence: 'confirmed',
    speaksFor: 'origin',
  },
  {
    writer: 'cloudflare',
    kind: 'edge',
    marks: [{ bodyAny: ['cf-error-details', 'cloudflare ray id'] }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'cloudfront',
    kind: 'edge',
    marks: [{ body: 'generated by cloudfront' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'cloudfront',
    kind: 'edge',
    marks: [{ field: 'server', is: 'cloudfront' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'akamai',
    kind: 'edge',
    marks: [{ field: 'server', is: 'akamaighost' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'akamai',
    kind: 'edge',
    marks: [{ body: 'reference&#32;&#35;' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'fastly',
    kind: 'edge',
    marks: [
      { bodyAny: ['varnish cache server', 'guru mediation', '<h3>error 5'] },
      { bodyAny: ['details: cache-', 'fastly error'] },
    ],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'fastly',
    kind: 'edge',
    marks: [{ body: 'fastly error: unknown domain' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'azure-front-door',
    kind: 'edge',
    marks: [{ bodyAny: ["our services aren't available right now", "weren't able to find your azure front door"] }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'azure-application-gateway',
    kind: 'balancer',
    marks: [{ body: '<center>microsoft-azure-application-gateway' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'vercel',
    kind: 'edge',
    marks: [{ field: 'x-vercel-error' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'netlify',
    kind: 'edge',
    marks: [{ field: 'x-nf-request-id' }, { field: 'server', is: 'netlify' }, { status: [500, 502, 503, 504] }],
    confidence: 'likely',
    speaksFor: 'itself',
  },
  {
    writer: 'imperva',
    kind: 'edge',
    marks: [{ body: 'incapsula incident id' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'sucuri',
    kind: 'edge',
    marks: [{ body: 'sucuri website firewall' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'google',
    kind: 'edge',
    marks: [{ body: 'all we know.' }, { body: '!!1</title>' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'google',
    kind: 'balancer',
    marks: [{ body: '<h1>error: ' }, { body: 'please try again in 30 seconds.</h2>' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'aws-alb',
    kind: 'balancer',
    marks: [{ field: 'server', starts: 'awselb/' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
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
  {
    writer: 'haproxy',
    kind: 'balancer',
    marks: [{ bodyStarts: '<html><body><h1>' }, { bodyAny: HAPROXY_SENTENCES }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'openresty',
    kind: 'server',
    marks: [{ body: '<center>openresty' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'nginx',
    kind: 'server',
    marks: [{ body: '<hr><center>nginx' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'nginx',
    kind: 'balancer',
    marks: [{ bodyIs: 'default backend - 404' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'envoy',
    kind: 'balancer',
    marks: [{ bodyStarts: 'upstream connect error or disconnect/reset before headers' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'envoy',
    kind: 'balancer',
    marks: [{ bodyIs: 'no healthy upstream' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'envoy',
    kind: 'balancer',
    marks: [{ bodyIs: 'upstream request timeout' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'apache',
    kind: 'server',
    marks: [{ body: 'the proxy server received an invalid' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'apache',
    kind: 'server',
    marks: [
      { field: 'server', starts: 'apache' },
      { bodyStarts: '<!doctype html public' },
      { body: '</title>\n</head><body>\n<h1>' },
    ],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'apache',
    kind: 'server',
    marks: [{ body: '<address>apache/' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'varnish',
    kind: 'server',
    marks: [{ body: 'varnish cache server' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'caddy',
    kind: 'server',
    marks: [{ field: 'server', is: 'caddy' }, { bodyIs: '' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  {
    writer: 'traefik',
    kind: 'balancer',
    marks: [{ without: 'server' }, { field: 'content-type', starts: 'text/plain' }, { bodyIs: 'bad gateway' }],
    confidence: 'likely',
    speaksFor: 'itself',
  },
  {
    writer: 'traefik',
    kind: 'balancer',
    marks: [{ without: 'server' }, { field: 'content-type', starts: 'text/plain' }, { bodyIs: 'gateway timeout' }],
    confidence: 'likely',
    speaksFor: 'itself',
  },
  {
    writer: 'traefik',
    kind: 'balancer',
    marks: [{ without: 'server' }, { field: 'content-type', starts: 'text/plain' }, { bodyIs: 'service unavailable' }],
    confidence: 'likely',
    speaksFor: 'itself',
  },
  {
    writer: 'traefik',
    kind: 'balancer',
    marks: [{ without: 'server' }, { field: 'x-content-type-options' }, { bodyIs: '404 page not found' }],
    confidence: 'likely',
    speaksFor: 'itself',
  },
  {
    writer: 'go',
    kind: 'server',
    marks: [{ bodyIs: '400 bad request' }, { field: 'content-type', starts: 'text/plain' }],
    confidence: 'likely',
    speaksFor: 'itself',
  },
  {
    writer: 'iis',
    kind: 'server',
    marks: [{ field: 'server', starts: 'microsoft-httpapi/' }],
    confidence: 'confirmed',
    speaksFor: 'itself',
  },
  { writer: 'haproxy', kind: 'balancer', marks: [{ field: 'server', starts: 'haproxy' }], confidence: 'likely' },
  { writer: 'envoy', kind: 'balancer', marks: [{ field: 'server', has: 'envoy' }], confidence: 'likely' },
  { writer: 'nginx', kind: 'server', marks: [{ field: 'server', starts: 'nginx' }], confidence: 'likely' },
  { writer: 'openresty', kind: 'server', marks: [{ field: 'server', starts: 'openresty' }], confidence: 'likely' },
  { writer: 'apache', kind: 'server', marks: [{ field: 'server', starts: 'apache' }], confidence: 'likely' },
  { writer: 'caddy', kind: 'server', marks: [{ field: 'server', is: 'caddy' }], confidence: 'likely' },
  { writer: 'varnish', kind: 'server', marks: [{ field: 'x-varnish' }], confidence: 'likely' },
  {
    writer: 'cloudflare',
    kind: 'edge',
    marks: [{ field: 'cf-ray' }, { bodyIs: '' }, { status: [500, 502, 503, 504] }],
    confidence: 'likely',
  },
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
