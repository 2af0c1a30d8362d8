import { ask, fieldIn, jsonIn, type Question, type Told } from '../ask.ts';
import type { ExchangeTry } from '../facts.ts';
import { isEmptyList, judgeBeyond, judgeTold } from '../judge-answer.ts';
import { type Probe, type Scene, skipped } from '../probe.ts';
import { hearDate } from './internet.ts';
import { viaOf } from './proxy.ts';

/** Asked for first: Cloudflare and Goodgate then tell in JSON who failed, and not in a page. */
const ACCEPT = [
  'accept',
  'application/problem+json, application/json;q=0.9, */*;q=0.5',
  'user-agent',
  'goodgate-doctor/1',
];

/** A question to the target, on the way that was found. Undefined when there is none. */
export function questionFor(scene: Scene): Question | undefined {
  const { target, facts, trust, timeMs } = scene;
  const via = viaOf(scene);
  const url = new URL(target.path, target.url).href;
  const base = { url, fields: ACCEPT, ca: trust.asking, timeoutMs: timeMs };
  if (via !== undefined) return facts.proxy?.errno === undefined ? { ...base, via } : undefined;
  const open = (facts.connect?.tries ?? []).filter(({ isSystem, errno }) => isSystem && errno === undefined);
  return open.length === 0 ? undefined : { ...base, ips: open.map(({ ip }) => ip) };
}

/** Whether certificates forbid to ask: nothing is said over a connection whose other end is not known. */
function isInsecure({ facts }: Scene): boolean {
  const first = facts.tls?.tries[0];
  return first !== undefined && (first.errno !== undefined || first.fault !== undefined);
}

/** The same harmless question several times, each on a connection of its own: a fault that comes and goes is a rate. */
export const exchangeProbe: Probe = {
  id: 'exchange',
  needs: ['tls'],
  async look(scene) {
    const { outside, target, depth, contact } = scene;
    const question = questionFor(scene);
    if (question === undefined) return skipped('There is no connection to ask on.');
    if (isInsecure(scene)) return skipped('The connection is not safe, so nothing was asked on it.');
    contact(target.host);
    const goodgate = isGoodgateThere(scene, question);
    const startMs = outside.clock.now();
    const asked = goodgate.then((isIt) =>
      isIt ? askBeyond(scene, question, scene.timeMs - (outside.clock.now() - startMs)) : undefined,
    );
    const [isGoodgate, passedOn, ...told] = await Promise.all([
      goodgate,
      asked,
      ...Array.from({ length: depth.times }, () => ask(outside, question)),
    ]);
    const first = told.find((each) => each.kind === 'answer');
    if (first !== undefined) hearDate(scene, target.host, first);
    const tries = told.map((each) => tryOf(each, scene, isGoodgate));
    const bad = tries.filter(({ finding }) => finding !== undefined);
    const isListEmpty = first !== undefined && isEmptyList(first);
    const beyond = passedOn === undefined ? undefined : judgeBeyond(passedOn, isListEmpty);
    const worst = bad[0]?.finding ?? beyond?.finding;
    const status = first === undefined ? '' : `, status ${first.status}`;
    return {
      state: worst === undefined ? 'pass' : 'fail',
      sentence:
        worst === undefined
          ? `Answered ${tries.length} of ${tries.length} times${status}.`
          : bad.length === 0
            ? `The gateway answers, and the service behind it does not: ${worst.code}.`
            : `${bad.length} of ${tries.length} tries failed: ${worst.code}.`,
      adds: { exchange: { tries, isGoodgate, beyond } },
    };
  },
};

function tryOf(told: Told, { target }: Scene, isGoodgate: boolean): ExchangeTry {
  const finding = judgeTold(told, { target, hasKey: false, isGoodgate });
  return { status: told.status, tookMs: told.tookMs, finding };
}

/** Its health page says so in a form that nobody else has. */
async function isGoodgateThere(scene: Scene, question: Question): Promise<boolean> {
  const told = await ask(scene.outside, { ...question, url: new URL('/goodgate/health', question.url).href });
  if (told.kind === 'failure') return false;
  const body = jsonIn(told.body);
  const status: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'status') : undefined;
  return (status === 'ok' || status === 'draining') && fieldIn(told.fields, 'content-type') === 'application/json';
}

/** No service has a model of this name: the question is passed on, costs nothing, and "not found" is the good answer. */
const NO_MODEL = 'goodgate-doctor';

/** A Goodgate makes the list of models by itself, also out of nothing: what its service says shows in a question that it passes on. */
async function askBeyond(scene: Scene, question: Question, leftMs: number): Promise<Told | undefined> {
  if (!scene.target.isApi || leftMs < BEYOND_MS_MIN) return undefined;
  return ask(scene.outside, { ...question, url: `${question.url}/${NO_MODEL}`, timeoutMs: leftMs });
}

/** Less is no time in which a service far away answers. */
const BEYOND_MS_MIN = 500;

/** 4 KiB: three packets, so that some of it is full-size on any path. */
const LARGE = 'x'.repeat(4_096);

/** Whether small packets pass and full ones do not: the same question with a head of one packet and of three. */
export const mtuProbe: Probe = {
  id: 'mtu',
  needs: ['tls'],
  async look(scene) {
    const { outside, target } = scene;
    const question = questionFor(scene);
    if (question === undefined || isInsecure(scene)) return skipped('There is no connection to test on.');
    if (target.reach === 'loopback') return skipped('Nothing lies in between.');
    // The same path for both, one that nobody passes on: what is silent then is the way, and not a service that is slow.
    const url = new URL('/goodgate/health', question.url).href;
    const [small, large] = await Promise.all([
      ask(outside, { ...question, url, timeoutMs: scene.timeMs }),
      ask(outside, { ...question, url, fields: [...ACCEPT, 'x-doctor-size', LARGE], timeoutMs: scene.timeMs }),
    ]);
    const mtu = { small: heard(small), large: heard(large) };
    const isBlack = mtu.small === 'answered' && mtu.large === 'silent';
    return {
      state: isBlack ? 'fail' : 'pass',
      sentence: isBlack ? 'Small packets are answered and large ones get lost.' : 'Large packets pass.',
      adds: { mtu },
    };
  },
};

/** An end or a refusal answers as well: only silence tells of lost packets. */
function heard(told: Told): 'answered' | 'silent' {
  return told.kind === 'failure' && told.evidence.firstEvent === 'our-timer' ? 'silent' : 'answered';
}

/** Whether the key in the environment is accepted, by the one call that costs nothing: the list of models. */
export const accountProbe: Probe = {
  id: 'account',
  needs: ['tls'],
  async look(scene) {
    const { outside, target } = scene;
    const variable = target.keyVariable;
    const key = variable === undefined ? undefined : outside.env[variable]?.trim();
    const question = questionFor(scene);
    if (key === undefined || key === '') {
      const adds = { account: { variable, hasKey: false, finding: undefined } };
      const sentence =
        variable === undefined
          ? 'No key belongs to this host.'
          : `No key in ${variable}: the account was not looked at.`;
      return { state: 'skip', sentence, adds };
    }
    if (!target.isApi || question === undefined || isInsecure(scene))
      return skipped('There is no safe connection to show the key on.');
    const isAnthropic = target.service === 'anthropic' || variable === 'ANTHROPIC_API_KEY';
    const credential = isAnthropic
      ? ['x-api-key', key, 'anthropic-version', '2023-06-01']
      : target.service === 'azure-openai'
        ? ['api-key', key]
        : ['authorization', `Bearer ${key}`];
    const told = await ask(outside, { ...question, fields: [...ACCEPT, ...credential] });
    const isGoodgate = target.kind === 'gateway';
    const finding = judgeTold(told, { target, hasKey: true, isGoodgate });
    return {
      state: finding === undefined ? 'pass' : 'fail',
      sentence:
        finding === undefined
          ? `The key in ${variable ?? ''} is accepted.`
          : `With the key in ${variable ?? ''}: ${finding.code}.`,
      adds: { account: { variable, hasKey: true, finding } },
    };
  },
};
