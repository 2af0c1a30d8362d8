import type { Fields } from '../call/fields.ts';
import { reasonOf } from '../http1/reasons.ts';
import { type Answer, jsonAnswer, plainAnswer } from './answers/answer.ts';

/** nginx's built-in page (`ngx_http_special_response.c`), byte for byte but for the version; below 300 its welcome page. */
export function nginxPage(status: number): Answer {
  const fields = ['server', 'nginx', 'content-type', 'text/html'];
  if (status < 300) {
    const body =
      '<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n<body>\n<h1>Welcome to nginx!</h1>\n<p>If you see this page, the nginx web server is successfully installed and\nworking. Further configuration is required.</p>\n</body>\n</html>\n';
    return plainAnswer(status, fields, body);
  }
  const more = status < 400 ? ['location', 'http://127.0.0.1/elsewhere'] : [];
  return plainAnswer(status, [...fields, ...more], barePage(status, 'nginx'));
}

/** Cloudflare's own bare page: the edge itself failed, or the traffic is being moved away from a location. */
export function cloudflareEdgePage(status: number, ray: string): Answer {
  return plainAnswer(status, [...edgeFields(ray), 'content-type', 'text/html'], barePage(status, 'cloudflare'));
}

function barePage(status: number, server: string): string {
  const title = `${status} ${NGINX_TITLES[status] ?? reasonOf(status)}`;
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>${server}</center>\r\n</body>\r\n</html>\r\n`;
}

/** Cloudflare's branded page with its three hops (you, the edge's city, the host): the origin answered 502 or 504, or one of Cloudflare's 52x. */
export function cloudflarePage(status: number, ray: string, at: string): Answer {
  const title = titleOf(status);
  const host = 'api.example.com';
  const body = `<!DOCTYPE html>
<html class="no-js" lang="en-US">
<head>
<title>${host} | ${status}: ${title}</title>
<meta charset="UTF-8" />
<meta name="robots" content="noindex, nofollow" />
<link rel="stylesheet" id="cf_styles-css" href="/cdn-cgi/styles/main.css" />
</head>
<body>
<div id="cf-wrapper">
  <div id="cf-error-details" class="p-0">
    <header class="mx-auto pt-10">
      <h1 class="inline-block"><span class="inline-block">${title}</span> <span class="code-label">Error code ${status}</span></h1>
      <div>Visit <a href="https://www.cloudflare.com/5xx-error-landing?utm_source=errorcode_${status}">cloudflare.com</a> for more information.</div>
      <div class="mt-3">${at}</div>
    </header>
    <div id="cf-browser-status"><span class="cf-icon-ok"></span><span>You</span><h3>Browser</h3><span>Working</span></div>
    <div id="cf-cloudflare-status"><span class="cf-icon-ok"></span><span>Frankfurt</span><h3>Cloudflare</h3><span>Working</span></div>
    <div id="cf-host-status" class="cf-error-source"><span class="cf-icon-error"></span><span>${host}</span><h3>Host</h3><span>Error</span></div>
    <h2>What happened?</h2>
    <p>The web server reported a ${title.toLowerCase()} error.</p>
    <h2>What can I do?</h2>
    <p>Please try again in a few minutes.</p>
    <div class="cf-error-footer">Cloudflare Ray ID: <strong>${ray}</strong> &bull; Performance &amp; security by Cloudflare</div>
  </div>
</div>
</body>
</html>
`;
  return plainAnswer(status, [...edgeFields(ray), 'content-type', 'text/html; charset=UTF-8'], body);
}

/** The edge's words in JSON: OpenAI's own for 502, 503 and 504, Cloudflare's problem+json (RFC 9457) for its own codes. */
export function edgeError(status: number, ray: string, at: string): Answer {
  const word = OPENAI_EDGE[status];
  if (word !== undefined) {
    const error = { code: status, message: `${titleOf(status)}.`, param: null, type: word };
    return jsonAnswer(status, edgeFields(ray), { error });
  }
  const [name, detail] = CLOUDFLARE_NAMES[status] ?? [
    'unknown_error',
    'The origin web server returned an unexpected response.',
  ];
  const problem = {
    type: `https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/error-${status}/`,
    title: `Error ${status}: ${titleOf(status)}`,
    status,
    detail,
    instance: ray,
    error_code: status,
    error_name: name,
    error_category: 'origin',
    ray_id: ray,
    timestamp: at,
    zone: 'api.example.com',
    cloudflare_error: true,
    retryable: true,
    retry_after: 120,
    owner_action_required: true,
  };
  const fields = ['content-type', 'application/problem+json', 'retry-after', '120', ...edgeFields(ray)];
  return plainAnswer(status, fields, JSON.stringify(problem));
}

/** A sign-in page in the way, under the address UniFi's guest portals have: 200 with its HTML, 302 to it, or 511 as RFC 6585 §6 would have it. */
export function captivePortal(status: number): Answer {
  const portal =
    'http://192.0.2.1:8880/guest/s/default/?ap=00%3A00%3A5e%3A00%3A53%3A01&t=1&url=http%3A%2F%2Fapi.example.com%2F';
  const page = `<!DOCTYPE html>
<html>
<head>
<title>Guest Wi-Fi - Sign in</title>
<meta http-equiv="refresh" content="0; url=${portal}">
</head>
<body>
<h1>Welcome to the guest network</h1>
<p>You need to <a href="${portal}">sign in to this network</a> and accept the terms of use before you can go online.</p>
<form method="post" action="${portal}"><input type="text" name="username"><input type="password" name="password"><button>Log in</button></form>
</body>
</html>
`;
  const fields = ['content-type', 'text/html; charset=utf-8', 'cache-control', 'no-store'];
  return plainAnswer(status, status === 302 ? [...fields, 'location', portal] : fields, page);
}

function edgeFields(ray: string): Fields {
  return ['server', 'cloudflare', 'cf-ray', ray, 'cache-control', 'private, no-store'];
}

const OPENAI_EDGE: Readonly<Record<number, string>> = {
  502: 'cf_bad_gateway',
  503: 'cf_service_unavailable',
  504: 'cf_gateway_timeout',
};

/** Where nginx's own table (`ngx_http_error_pages`) differs from the registry. Cloudflare's bare pages come from the same code. */
const NGINX_TITLES: Readonly<Record<number, string>> = {
  401: 'Authorization Required',
  408: 'Request Time-out',
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Large',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
};

/** Names as Cloudflare documents them; statuses above 511 are not in the IANA registry. */
const CLOUDFLARE_TITLES: Readonly<Record<number, string>> = {
  502: 'Bad gateway',
  504: 'Gateway time-out',
  520: 'Web server is returning an unknown error',
  521: 'Web server is down',
  522: 'Connection timed out',
  523: 'Origin is unreachable',
  524: 'A timeout occurred',
  525: 'SSL handshake failed',
  526: 'Invalid SSL certificate',
  530: 'Origin DNS error',
};

const CLOUDFLARE_NAMES: Readonly<Record<number, readonly [name: string, detail: string]>> = {
  520: ['unknown_error', 'The origin web server returned an unexpected response.'],
  521: ['web_server_down', 'The origin web server refused the connection.'],
  522: ['connection_timeout', 'The connection to the origin web server timed out.'],
  523: ['origin_unreachable', 'The origin web server could not be reached.'],
  524: ['origin_timeout', 'The origin web server did not answer in time.'],
  525: ['ssl_handshake_failed', 'The TLS handshake with the origin web server failed.'],
  526: ['invalid_ssl_certificate', "The origin web server's certificate is not valid."],
  530: ['origin_dns_error', "The origin's name could not be resolved."],
};

function titleOf(status: number): string {
  return CLOUDFLARE_TITLES[status] ?? reasonOf(status);
}
