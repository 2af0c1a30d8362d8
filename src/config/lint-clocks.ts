/** Clocks that contradict each other or what is on either side of us. */
import type { Config } from './config.ts';
import * as standard from './defaults.ts';
import type { Remark, Rule } from './lint.ts';
import { durationWords as words } from './measure.ts';
import type { Settings } from './settings.ts';
import type { Path } from './source.ts';
import type { AskedClocks } from './timeouts-schema.ts';

/** Below these a healthy service is cut off: a far handshake takes 300 ms, a long prompt some seconds, a reasoning model a minute. */
const SHORT_MS = {
  dns: 100,
  connect: 100,
  tls: 300,
  write: 1_000,
  head: 30_000,
  'first-part': 5_000,
  'between-parts': 3_000,
  quiet: 15_000,
  'between-bytes': 1_000,
} as const satisfies Record<keyof AskedClocks, number>;

/** A deadline below it ends ordinary answers of large models. */
const SHORT_DEADLINE_MS = 30_000;

/** Node and uvicorn, which most services run on, close an unused connection after 5 s. */
const SERVER_IDLE_MS = 5_000;

/** Balancers in front of us (AWS, nginx) keep an unused connection for 60 s. */
const BALANCER_IDLE_MS = 60_000;

/** Some balancers and browsers drop a connection that is silent for longer. */
const SILENCE_MS = 30_000;

/** The rules about clocks. */
export const clockRules: readonly Rule[] = [inverted, outlived, short, deadlines, idleRaces];

function inverted(config: Config, { clocks, hedge }: Settings): Remark[] {
  const rule = 'timeouts-invert';
  const found: Remark[] = [];
  const { connectMs, tlsMs, firstPartMs, betweenPartsMs, quietMs } = clocks;
  const setting = (name: string, message: string, advice: string, group = 'timeouts'): void => {
    found.push({ rule, path: [group, name], message, advice });
  };
  if (firstPartMs !== 0 && connectMs + tlsMs >= firstPartMs) {
    const sum = `connect (${words(connectMs)}) and tls (${words(tlsMs)}) together are no shorter than first-part (${words(firstPartMs)}).`;
    setting(
      'first-part',
      sum,
      'Make first-part the longest of the three, or a slow connection is told as a slow answer.',
    );
  }
  if (hedge !== undefined && firstPartMs !== 0 && hedge.afterMs >= firstPartMs) {
    const sentence = `A second attempt starts after ${words(hedge.afterMs)}, when first-part (${words(firstPartMs)}) has ended the first.`;
    const [group, name] = config.asked.hedge?.after === undefined ? ['timeouts', 'first-part'] : ['hedge', 'after'];
    setting(name ?? '', sentence, 'Make hedge.after shorter, or switch hedge off.', group);
  }
  if (quietMs !== 0 && betweenPartsMs > quietMs) {
    const sentence = `between-parts (${words(betweenPartsMs)}) is longer than quiet (${words(quietMs)}), which then decides alone.`;
    setting('between-parts', sentence, 'Make quiet the longer one.');
  }
  return found;
}

/** A clock that holds everywhere, and a route whose calls cannot live that long. */
function outlived({ asked }: Config, settings: Settings): Remark[] {
  return (asked.routes ?? []).flatMap((route, index) => {
    const first = asked.timeouts?.['first-part'];
    const { deadline } = route;
    if (!deadline || first === undefined || route.timeouts?.['first-part'] !== undefined || first < deadline) return [];
    const name = settings.routes[index]?.name ?? '';
    return {
      rule: 'timeouts-invert',
      path: ['routes', index, 'deadline'],
      message: `Calls of route ${name} end after ${words(deadline)}, before first-part (${words(first)}) gives another target its turn.`,
      advice: `Give the route a first-part of ${words(Math.ceil(deadline / 2))} or less.`,
    };
  });
}

function short({ asked, writtenAt }: Config): Remark[] {
  const groups: [Path, AskedClocks | undefined][] = [
    [['timeouts'], asked.timeouts],
    ...Object.entries(asked.targets ?? {}).map(([name, { timeouts }]): [Path, AskedClocks | undefined] => [
      ['targets', name, 'timeouts'],
      timeouts,
    ]),
    ...(asked.routes ?? []).map(({ timeouts }, index): [Path, AskedClocks | undefined] => [
      ['routes', index, 'timeouts'],
      timeouts,
    ]),
  ];
  return groups.flatMap(([path, clocks]) =>
    Object.entries(SHORT_MS).flatMap(([name, least]) => {
      const ms = Object.entries(clocks ?? {}).find(([clock]) => clock === name)?.[1];
      return ms === undefined || ms === 0 || ms >= least
        ? []
        : tooShort([...path, name], name, ms, least, writtenAt([...path, name]));
    }),
  );
}

function tooShort(path: Path, name: string, ms: number, least: number, written: string | undefined): Remark {
  const isBare = /^\d+$/.test(written ?? '');
  return {
    rule: 'short-clock',
    path,
    message: `${name} is ${words(ms)}, which ends healthy attempts.`,
    advice: isBare
      ? `A number alone is milliseconds: write ${written}s for seconds.`
      : `Give it ${words(least)} or more.`,
  };
}

function deadlines({ asked, writtenAt }: Config, settings: Settings): Remark[] {
  const all: [Path, number | undefined][] = [
    [['timeouts', 'deadline'], asked.timeouts?.deadline],
    ...(asked.routes ?? []).map(({ deadline }, index): [Path, number | undefined] => [
      ['routes', index, 'deadline'],
      deadline,
    ]),
  ];
  const found = all.flatMap(([path, ms]): Remark[] => {
    if (ms === undefined) return [];
    if (ms !== 0 && ms < SHORT_DEADLINE_MS) return [tooShort(path, 'deadline', ms, SHORT_DEADLINE_MS, writtenAt(path))];
    if (ms !== 0 && ms <= standard.DEADLINE_MS) return [];
    const message = `The deadline is ${ms === 0 ? 'off' : words(ms)}, but the SDKs of OpenAI and Anthropic give up after ${words(standard.DEADLINE_MS)}.`;
    return [
      { rule: 'deadline-unread', path, message, advice: 'Raise their timeout too, or nobody reads the late answers.' },
    ];
  });
  const { heartbeatMs } = settings;
  if (heartbeatMs === 0 || heartbeatMs > SILENCE_MS) {
    found.push({
      rule: 'silent-wait',
      path: ['timeouts', 'heartbeat'],
      message: `A waiting stream hears nothing for ${heartbeatMs === 0 ? 'as long as it waits' : words(heartbeatMs)}.`,
      advice: `Keep heartbeat at ${words(SILENCE_MS)} or less, or balancers and browsers take it for dead.`,
    });
  }
  return found;
}

/** Whoever closes an unused connection later than its peer loses a request on it, now and then. */
function idleRaces(_config: Config, { server, upstream }: Settings): Remark[] {
  const found: Remark[] = [];
  if (upstream.idleMs >= SERVER_IDLE_MS) {
    found.push({
      rule: 'idle-race',
      path: ['limits', 'target-idle'],
      message: `Unused connections to targets are kept for ${words(upstream.idleMs)}; many servers close theirs after ${words(SERVER_IDLE_MS)}.`,
      advice: `Keep target-idle below ${words(SERVER_IDLE_MS)}; longer limits are learned where a target allows them.`,
    });
  }
  if (server.keepAliveMs !== 0 && server.keepAliveMs <= BALANCER_IDLE_MS) {
    found.push({
      rule: 'idle-race',
      path: ['timeouts', 'caller-idle'],
      message: `Unused connections of callers are closed after ${words(server.keepAliveMs)}; balancers in front keep theirs for ${words(BALANCER_IDLE_MS)}.`,
      advice: `Keep caller-idle above the idle limit of what stands in front.`,
    });
  }
  return found;
}
