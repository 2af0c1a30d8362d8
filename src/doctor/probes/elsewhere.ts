import { ask, jsonIn, viaTo } from '../ask.ts';
import type { ControlFacts, FeedFacts } from '../facts.ts';
import { readFeed } from '../feed.ts';
import { isCauseCode } from '../judge-answer.ts';
import { hostPort, plainText } from '../outside.ts';
import { type Probe, type Scene, skipped } from '../probe.ts';
import { hearDate } from './internet.ts';

/** Status pages of the services that are known by their host. All speak Statuspage's JSON. */
const FEEDS: Readonly<Record<string, string>> = {
  openai: 'https://status.openai.com/api/v2/summary.json',
  anthropic: 'https://status.anthropic.com/api/v2/summary.json',
  groq: 'https://groqstatus.com/api/v2/summary.json',
  deepseek: 'https://status.deepseek.com/api/v2/summary.json',
};

/** What the service says of itself. It supports a verdict and never makes one. */
export const feedProbe: Probe = {
  id: 'feed',
  needs: [],
  async look(scene) {
    const { outside, settings, target, depth, contact, timeMs, trust } = scene;
    const url = settings.feed ?? (target.service === undefined ? undefined : FEEDS[target.service]);
    if (!depth.isFeedRead || url === undefined) return skipped('No status feed is known for this host.');
    contact(new URL(url).host);
    const told = await ask(outside, { url, ca: trust.asking, via: viaTo(outside, url), timeoutMs: timeMs });
    if (told.kind === 'answer') hearDate(scene, new URL(url).host, told);
    const feed: FeedFacts =
      told.kind === 'failure'
        ? { state: 'unknown', titles: [], reason: told.evidence.errno ?? 'no answer' }
        : readFeed(told.status, told.fields, told.body);
    const sentence =
      feed.state === 'incident'
        ? `The service reports: ${feed.titles[0] ?? 'an incident'}.`
        : feed.state === 'quiet'
          ? 'The service reports no fault, which proves nothing.'
          : `The status feed could not be read (${feed.reason ?? 'unknown'}).`;
    return {
      state: feed.state === 'incident' ? 'warn' : feed.state === 'quiet' ? 'pass' : 'skip',
      sentence,
      adds: { feed },
    };
  },
};

/** The same target, tried from where a Goodgate stands. */
export const controlProbe: Probe = {
  id: 'control',
  needs: [],
  async look(scene) {
    const { settings, target, depth } = scene;
    if (!depth.isControlAsked || settings.gateway === undefined)
      return skipped('No gateway is set to try it from elsewhere.');
    const control = await askControl(scene, settings.gateway, target.url);
    return {
      state: control.state === 'unknown' ? 'skip' : control.isReached ? 'pass' : 'warn',
      sentence:
        control.state === 'unknown'
          ? `The gateway could not be asked to try it (${control.reason ?? 'unknown'}).`
          : control.isReached
            ? `From the gateway the target answers (status ${control.status ?? 0}).`
            : `From the gateway the target fails as well (${control.code ?? control.phase ?? 'no answer'}).`,
      adds: { control },
    };
  },
};

const UNKNOWN: ControlFacts = {
  state: 'unknown',
  reason: undefined,
  isReached: false,
  status: undefined,
  code: undefined,
  phase: undefined,
  addresses: [],
};

async function askControl(scene: Scene, gateway: string, url: string): Promise<ControlFacts> {
  const { outside, settings, contact, timeMs, trust } = scene;
  const base = new URL(gateway);
  contact(hostPort(base.hostname, Number(base.port) || (base.protocol === 'https:' ? 443 : 80)));
  const token = outside.env[settings.gatewayTokenVariable];
  const told = await ask(outside, {
    url: new URL('/goodgate/check', base).href,
    via: viaTo(outside, base.href),
    method: 'POST',
    fields: [
      'content-type',
      'application/json',
      'accept',
      'application/json',
      ...(token === undefined ? [] : ['authorization', `Bearer ${token}`]),
    ],
    body: JSON.stringify({ url }),
    ca: trust.asking,
    timeoutMs: timeMs,
  });
  if (told.kind === 'failure') return { ...UNKNOWN, reason: told.evidence.errno ?? 'no answer in time' };
  hearDate(scene, base.host, told);
  return readControl(told.status, told.body);
}

/** The answer of a control check, read defensively: what is not as documented is unknown. */
export function readControl(status: number, body: Uint8Array): ControlFacts {
  const json = jsonIn(body);
  if (typeof json !== 'object' || json === null) return { ...UNKNOWN, reason: `status ${status}` };
  const of = (name: string): unknown => Reflect.get(json, name);
  const isReached = of('isReached');
  if (status !== 200 || typeof isReached !== 'boolean') {
    const error = of('error');
    return { ...UNKNOWN, reason: typeof error === 'string' ? plainText(error, 160) : `status ${status}` };
  }
  const [code, phase, answered, addresses] = [of('code'), of('phase'), of('status'), of('addresses')];
  return {
    state: 'told',
    reason: undefined,
    isReached,
    status: typeof answered === 'number' ? answered : undefined,
    code: isCauseCode(code) ? code : undefined,
    phase: typeof phase === 'string' ? plainText(phase, 20) : undefined,
    addresses: Array.isArray(addresses) ? addresses.filter((each) => typeof each === 'string').slice(0, 8) : [],
  };
}
