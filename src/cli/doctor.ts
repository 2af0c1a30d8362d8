import { KNOWN_SERVICES } from '../config/known-services.ts';
import type { Outside } from '../doctor/outside.ts';
import { codeOf } from '../doctor/outside.ts';
import { EXIT, PROBE_IDS, type ProbeId, type Report } from '../doctor/report.ts';
import { look, type Session } from '../doctor/session.ts';
import {
  DEFAULT_SETTINGS,
  type DoctorSettings,
  readSettings,
  SETTINGS_BYTES_MAX,
  SettingsFault,
} from '../doctor/settings.ts';
import { shared } from '../doctor/share.ts';
import { type Asked, readAsked, type Target, targetOf } from '../doctor/target.ts';
import { COLOURED, type Paint, PLAIN, probeLine, tell } from '../doctor/tell.ts';
import { realDevice } from '../world/device.ts';
import { realWorld } from '../world/real.ts';
import { lookAtTls } from '../world/tls-look.ts';
import { knownOf } from './doctor-known.ts';
import { offerFixes, watchCommand } from './doctor-rounds.ts';
import { UsageFault } from './usage-fault.ts';

/** As the options of the command come in. */
export type DoctorCommandOptions = {
  readonly json?: boolean;
  readonly gateway?: string;
  readonly control: boolean;
  readonly story: boolean;
  readonly feed: string | boolean;
  readonly targetIs?: string;
  readonly keyEnv?: string;
  readonly settings?: string;
  readonly ca?: string;
  readonly times?: string;
  readonly stream?: string | boolean;
  readonly speed?: boolean;
  readonly thirdParty: boolean;
  readonly skip?: string;
  readonly only?: string;
  readonly within?: string;
  readonly watch?: boolean;
  readonly every?: string;
  readonly rounds?: string;
  readonly fix?: boolean;
  readonly share?: boolean;
  readonly color: boolean;
  readonly verbose?: boolean;
};

const TIMES = 3;
const TIMES_MAX = 20;
const WITHIN_S = 20;

/** `goodgate doctor`: looks, judges, tells. Returns the exit code. */
export async function doctorCommand(text: string | undefined, options: DoctorCommandOptions): Promise<number> {
  const outside: Outside = { ...realWorld(), device: realDevice, lookAtTls };
  const paint = paintFor(options, outside);
  try {
    const session = await sessionOf(outside, text, options, paint);
    if (options.watch === true) return await watchRounds(outside, session, options);
    const { report, facts } = await look(outside, session);
    print(outside, report, options, paint);
    if (options.fix === true && !report.verdict.isHealthy) await offerFixes(outside, session, report, facts);
    return exitCode(report);
  } catch (error) {
    if (!(error instanceof UsageFault) && !(error instanceof SettingsFault)) throw error;
    process.stderr.write(`goodgate doctor: ${error.message}\n`);
    return EXIT.usage;
  }
}

const EVERY_S = 10;
const EVERY_S_MAX = 3_600;
const ROUNDS_MAX = 1_000_000;

async function watchRounds(outside: Outside, session: Session, options: DoctorCommandOptions): Promise<number> {
  const everyMs = numberOf(options.every, '--every', 1, EVERY_S_MAX, EVERY_S) * 1_000;
  const rounds = numberOf(options.rounds, '--rounds', 1, ROUNDS_MAX, Number.POSITIVE_INFINITY);
  return watchCommand(outside, session, { everyMs, rounds, isJson: options.json === true });
}

/** The exit code that a report stands for. */
export function exitCode({ verdict }: Report): number {
  if (verdict.isHealthy) return EXIT.well;
  return verdict.confidence === 'inconclusive' ? EXIT.inconclusive : EXIT.fault;
}

function print(outside: Outside, report: Report, options: DoctorCommandOptions, paint: Paint): void {
  const shown = options.share === true ? shared(report, outside.env) : report;
  if (options.json === true) process.stdout.write(`${JSON.stringify(shown)}\n`);
  else process.stdout.write(tell(shown, paint, options.verbose === true));
}

function paintFor(options: DoctorCommandOptions, { env }: Outside): Paint {
  const isForced = (env['FORCE_COLOR'] ?? '0') !== '0';
  const isRefused = !options.color || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return !isRefused && (isForced || process.stdout.isTTY === true) ? COLOURED : PLAIN;
}

async function sessionOf(
  outside: Outside,
  text: string | undefined,
  options: DoctorCommandOptions,
  paint: Paint,
): Promise<Session> {
  const settings = await settingsOf(outside, options);
  const trust = await trustOf(outside, settings, options);
  const asked = readAsked(text);
  const { known, url } = await knownOf(
    outside,
    asked,
    settings,
    [...trust.extra, ...(trust.public ?? [])],
    options.story,
  );
  const target = targetFor(asked, url, settings, options, outside);
  const say = (line: string): void => {
    if (options.json !== true) process.stderr.write(`${line}\n`);
  };
  return {
    asked: text ?? target?.url ?? '',
    target,
    known,
    settings,
    trust,
    depth: {
      times: numberOf(options.times, '--times', 1, TIMES_MAX, TIMES),
      stream: options.stream === true ? '' : options.stream === false ? undefined : options.stream,
      isSpeedMeasured: options.speed === true,
      isFeedRead: options.feed !== false && options.thirdParty,
      isControlAsked: options.control,
    },
    withinMs: numberOf(options.within, '--within', 1, WITHIN_S, WITHIN_S) * 1_000,
    isWanted: wanted(options),
    onSeen: (report, pending) => {
      say(probeLine(report, paint));
      if (pending.length > 0 && pending.length <= 2 && outside.clock.now() > 10_000)
        say(`still open: ${pending.join(', ')}`);
    },
    onFirst: (judgement, isAll) => {
      if (!isAll) say(`so far: ${judgement.code} (${judgement.confidence}); still looking`);
    },
  };
}

function targetFor(
  asked: Asked,
  found: string | undefined,
  settings: DoctorSettings,
  options: DoctorCommandOptions,
  outside: Outside,
): Target | undefined {
  const url = asked.kind === 'url' ? asked.url : asked.kind === 'nothing' ? usualUrl(outside, settings) : found;
  if (url === undefined) return undefined;
  const target = targetOf(url, { targetIs: settings.targetIs, gateway: settings.gateway, keyVariable: options.keyEnv });
  if (typeof target === 'string') throw new UsageFault(target);
  return target;
}

/** Nothing was named: the service whose key is in the environment, else the gateway of this machine. */
function usualUrl({ env }: Outside, settings: DoctorSettings): string {
  const service = KNOWN_SERVICES.find(({ key }) => (env[key] ?? '') !== '');
  const moved = service?.urlVariable === undefined ? undefined : env[service.urlVariable];
  return moved ?? service?.url ?? settings.gateway ?? GATEWAY;
}

const GATEWAY = 'http://127.0.0.1:5020';

async function settingsOf(outside: Outside, options: DoctorCommandOptions): Promise<DoctorSettings> {
  const path = options.settings ?? outside.env['GOODGATE_DOCTOR'];
  let settings = DEFAULT_SETTINGS;
  if (path !== undefined && path !== '') {
    const { bytes, size } = await readPart(outside, path, SETTINGS_BYTES_MAX);
    if (size > SETTINGS_BYTES_MAX)
      throw new UsageFault(`${path} has ${size} bytes; settings have at most ${SETTINGS_BYTES_MAX}`);
    settings = readSettings(new TextDecoder().decode(bytes));
  }
  if (options.gateway !== undefined && !isHttp(options.gateway))
    throw new UsageFault(`--gateway "${options.gateway}" is no URL such as ${GATEWAY}`);
  if (typeof options.feed === 'string' && !isHttp(options.feed))
    throw new UsageFault(`--feed "${options.feed}" is no URL`);
  const { targetIs } = options;
  if (targetIs !== undefined && targetIs !== 'gateway' && targetIs !== 'service')
    throw new UsageFault('--target-is takes gateway or service');
  return {
    ...settings,
    ...(options.gateway === undefined ? {} : { gateway: options.gateway }),
    ...(typeof options.feed === 'string' ? { feed: options.feed } : {}),
    ...(targetIs === undefined ? {} : { targetIs }),
    ...(options.thirdParty ? {} : { anchors: [], portals: [], resolvers: [], doh: [], knownName: '' }),
  };
}

function isHttp(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** 4 MiB: a whole bundle of public authorities has a quarter of it. */
const PEM_BYTES_MAX = 4 * 1024 * 1024;

async function trustOf(
  outside: Outside,
  settings: DoctorSettings,
  options: DoctorCommandOptions,
): Promise<Session['trust']> {
  const read = async (paths: readonly string[]): Promise<readonly string[]> => {
    const texts = await Promise.all(paths.map((path) => readPart(outside, path, PEM_BYTES_MAX)));
    return texts.flatMap(({ bytes }) => [
      ...(new TextDecoder().decode(bytes).match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []),
    ]);
  };
  return {
    public: settings.trustPublic === undefined ? undefined : await read(settings.trustPublic),
    system: settings.trustSystem === undefined ? undefined : await read(settings.trustSystem),
    extra: await read([...settings.trustExtra, ...(options.ca === undefined ? [] : [options.ca])]),
  };
}

async function readPart(
  outside: Outside,
  path: string,
  bytesMax: number,
): Promise<{ bytes: Uint8Array; size: number }> {
  try {
    return await outside.device.readPart(path, 0, bytesMax);
  } catch (error) {
    throw new UsageFault(`${path} cannot be read (${codeOf(error)})`);
  }
}

function numberOf(text: string | undefined, name: string, min: number, max: number, usual: number): number {
  if (text === undefined) return usual;
  const value = Number(text);
  if (text.trim() === '' || !(value >= min && value <= max))
    throw new UsageFault(`${name} takes a number from ${min} to ${max}, not "${text}"`);
  return value;
}

function wanted({ skip, only }: DoctorCommandOptions): (id: ProbeId) => boolean {
  const ids = (text: string | undefined, name: string): ReadonlySet<string> | undefined => {
    if (text === undefined) return undefined;
    const given = text.split(',').map((each) => each.trim());
    const strange = given.find((each) => !PROBE_IDS.some((id) => id === each));
    if (strange !== undefined)
      throw new UsageFault(`${name}: there is no probe "${strange}"; there are ${PROBE_IDS.join(', ')}`);
    return new Set(given);
  };
  const out = ids(skip, '--skip');
  const alone = ids(only, '--only');
  return (id) => (alone === undefined || alone.has(id)) && out?.has(id) !== true;
}
