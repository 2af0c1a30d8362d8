import { CATALOGUE, type CauseCode } from '../../src/diagnosis/catalogue.ts';
import { run } from '../process.ts';
import type { Stage } from '../stage.ts';
import type { Reading } from './reading.ts';

const CURL_MS = 15_000;

/** What curl tells of a transfer (`--write-out %{json}`), as far as it is read here. */
type Told = {
  readonly http_code: number;
  readonly http_connect: number;
  readonly time_connect: number;
  readonly time_appconnect: number;
  readonly errormsg: string | null;
};

/** Asks the same address with curl, and reads its exit code and status as an engineer would who has nothing else. */
export async function askCurl({ house, env, url, clock, scenario }: Stage): Promise<Reading> {
  const words = [
    '-sS',
    '-m',
    '10',
    '-o',
    '/dev/null',
    '-w',
    '%{json}',
    '-H',
    `authorization: Bearer ${env['OPENAI_API_KEY']}`,
    `${url}/models`,
  ];
  const { code, out, tookMs } = await run('ip', ['netns', 'exec', house.space('person'), ...clock, 'curl', ...words], {
    env,
    timeoutMs: CURL_MS,
  });
  let told: Told | undefined;
  try {
    told = JSON.parse(out) as Told;
  } catch {
    // curl was killed or could not start: it said nothing.
  }
  const base = {
    isConfirmed: false,
    steps: [],
    firstMs: tookMs,
    lastMs: tookMs,
    tookMs,
    words: `curl ${code}, HTTP ${told?.http_code ?? '-'} ${told?.errormsg ?? ''} (${scenario.way})`,
  };
  const read = told === undefined || code === null ? undefined : causeOf(code, told);
  if (read === undefined) return { ...base, says: 'nothing', hop: undefined, code: undefined };
  if (read === 'well') return { ...base, says: 'healthy', hop: undefined, code: undefined };
  return { ...base, says: 'fault', hop: CATALOGUE[read].hop, code: read };
}

/** The plain reading of curl's exit codes and of HTTP's status codes: each says what it says, of whoever was asked. */
function causeOf(exit: number, told: Told): CauseCode | 'well' | undefined {
  if (exit === 0) return causeOfStatus(told.http_code);
  const error = told.errormsg ?? '';
  if (told.http_connect >= 400)
    return told.http_connect === 407 ? 'proxy-sign-in' : told.http_connect === 403 ? 'proxy-denied' : 'proxy-failed';
  if (exit === 28)
    return told.time_connect === 0 ? 'connect-timeout' : told.time_appconnect === 0 ? 'tls-timeout' : 'answer-timeout';
  if (exit === 60) {
    if (error.includes('expired')) return 'certificate-expired';
    if (error.includes('not yet valid')) return 'certificate-not-yet-valid';
    return error.includes('subject name') ? 'certificate-name' : 'certificate-untrusted';
  }
  return BY_EXIT[exit];
}

const BY_EXIT: Readonly<Record<number, CauseCode>> = {
  5: 'proxy-unreachable',
  6: 'name-unknown',
  7: 'connect-refused',
  18: 'body-incomplete',
  35: 'tls-closed',
  52: 'closed-before-answer',
  56: 'closed-before-answer',
  97: 'proxy-unreachable',
};

const BY_STATUS: Readonly<Record<number, CauseCode>> = {
  400: 'request-rejected',
  401: 'credential-refused',
  403: 'permission-refused',
  404: 'resource-not-found',
  407: 'proxy-sign-in',
  429: 'rate-limited',
  500: 'service-error',
  502: 'service-bad-gateway',
  503: 'service-unavailable',
  504: 'service-timeout',
  511: 'wifi-sign-in',
  521: 'edge-origin-refused',
  522: 'edge-origin-timeout',
  523: 'edge-origin-unreachable',
  524: 'edge-waited-too-long',
  525: 'edge-origin-tls',
  526: 'edge-origin-certificate',
  529: 'service-overloaded',
};

function causeOfStatus(status: number): CauseCode | 'well' | undefined {
  if (status < 300) return 'well';
  return (
    BY_STATUS[status] ?? (status < 400 ? 'answer-redirected' : status < 500 ? 'request-rejected' : 'service-error')
  );
}
