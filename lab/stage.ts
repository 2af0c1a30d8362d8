import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LAN_HOST, NAMES, PLACES, type Place, ROUTER } from './addresses.ts';
import type { Certificates } from './certificates.ts';
import { buildHouse, type House } from './house.ts';
import { startNames } from './names.ts';
import { type Door, must, opened, ownFolder, run, start } from './process.ts';
import type { Given, Scenario, Step } from './scenario.ts';
import { startServers } from './servers.ts';
import { makeTroubles } from './troubles.ts';

/** One scenario, standing: the person may now ask. */
export type Stage = {
  readonly house: House;
  readonly scenario: Scenario;
  readonly folder: string;
  readonly certificates: Certificates;
  /** The person's environment: nothing of the machine's own but the path. */
  readonly env: NodeJS.ProcessEnv;
  /** What the person's program asks for. */
  readonly url: string;
  /** Shifts the clock of what it wraps, where the scenario does. */
  readonly clock: readonly string[];
  /** The number of the call that was made just before, where the scenario gives one. */
  readonly callId: string | undefined;
  close(): Promise<void>;
};

/** What each part of the stage is handed. */
export type Backstage = {
  readonly house: House;
  readonly scenario: Scenario;
  readonly folder: string;
  readonly certificates: Certificates;
  /** Starts a program at a place; what it says goes to a file of its own. */
  begin(place: Place, name: string, command: string, args: readonly string[], env?: NodeJS.ProcessEnv): void;
  /** Starts one of lab/actors. */
  act(place: Place, actor: string, settings: object): void;
};

/** Keys that mean nothing outside the lab. */
export const KEYS = {
  service: 'sk-lab-0123456789abcdefghij',
  caller: 'gk-lab-0123456789abcdefghij',
  admin: 'lab-admin-0123456789',
} as const;

const URLS = {
  service: `https://${NAMES.service}/v1`,
  edge: `https://${NAMES.edge}/v1`,
  gateway: `https://${NAMES.gateway}/v1`,
  local: 'http://127.0.0.1:5020/v1',
  lan: `http://${LAN_HOST.v4}:11434/v1`,
} as const;

/** The last step of a kind, which is the one that counts where only one can. */
export function stepOf<K extends Step['do']>(scenario: Scenario, kind: K): Extract<Step, { do: K }> | undefined {
  return stepsOf(scenario, kind).at(-1);
}

/** All steps of a kind, in order. */
export function stepsOf<K extends Step['do']>(scenario: Scenario, kind: K): readonly Extract<Step, { do: K }>[] {
  return scenario.steps.filter((step): step is Extract<Step, { do: K }> => step.do === kind);
}

/** True unless a step stops it. */
export function isUp(scenario: Scenario, who: Extract<Step, { do: 'stop' }>['who']): boolean {
  return !stepsOf(scenario, 'stop').some((step) => step.who === who);
}

/** Builds the house, lets everyone in it serve, and then does to it what the scenario says. */
export async function setStage(
  scenario: Scenario,
  number: number,
  runFolder: string,
  certificates: Certificates,
): Promise<Stage> {
  const folder = join(runFolder, `${number}-${scenario.name}`);
  mkdirSync(folder, { recursive: true });
  const house = await buildHouse(number);
  try {
    writeEtc(house, scenario);
    const backstage = backstageOf(house, scenario, folder, certificates);
    const doors = [...(await startNames(backstage)), ...startServers(backstage)];
    const troubles = makeTroubles(backstage);
    await opened([...doors, ...troubles.doors].map((door): Door => ({ ...door, space: house.space(door.place) })));
    await troubles.strike();
    const stage = {
      house,
      scenario,
      folder,
      certificates,
      env: personEnv(scenario, folder, certificates),
      url: scenario.url ?? URLS[scenario.way],
      clock: clockOf(scenario),
      close: house.remove,
    };
    return { ...stage, callId: await callIdOf(stage) };
  } catch (error) {
    await house.remove();
    throw error;
  }
}

/** A door at a place of the house. */
export type PlaceDoor = { readonly place: Place; readonly kind: 'tcp' | 'udp'; readonly port: number };

/** Every scenario starts the same programs: the second time they need not be compiled again. */
const COMPILED = { NODE_COMPILE_CACHE: join(tmpdir(), `goodgate-lab-compiled-${process.pid}`) };
ownFolder(COMPILED.NODE_COMPILE_CACHE);

function backstageOf(house: House, scenario: Scenario, folder: string, certificates: Certificates): Backstage {
  const begin: Backstage['begin'] = (place, name, command, args, env) => {
    const log = join(folder, `${place}-${name}.log`);
    start(house.space(place), command, args, { log, cwd: folder, env: { ...process.env, ...COMPILED, ...env } });
  };
  return {
    house,
    scenario,
    folder,
    certificates,
    begin,
    act: (place, actor, settings) =>
      begin(place, actor, process.execPath, [
        join(import.meta.dirname, 'actors', `${actor}.ts`),
        JSON.stringify(settings),
      ]),
  };
}

/** Every place has its own resolvers and hosts file. */
function writeEtc(house: House, scenario: Scenario): void {
  const hosts = '127.0.0.1 localhost\n::1 localhost\n';
  const servers = stepOf(scenario, 'resolv')?.servers ?? [ROUTER.v4];
  for (const place of PLACES) {
    const own = place === 'person' ? servers : place === 'lan' ? [ROUTER.v4] : ['8.8.8.8', '1.1.1.1'];
    house.etc(place, 'resolv.conf', own.map((server) => `nameserver ${server}\n`).join(''));
    const lines = place === 'person' ? stepsOf(scenario, 'hosts').map((step) => `${step.line}\n`) : [];
    house.etc(place, 'hosts', hosts + lines.join(''));
  }
}

function personEnv(scenario: Scenario, folder: string, certificates: Certificates): NodeJS.ProcessEnv {
  const own = Object.fromEntries(stepsOf(scenario, 'env').map((step) => [step.name, step.value]));
  const proxy = stepOf(scenario, 'proxy');
  const trusted = join(folder, 'trusted.pem');
  writeFileSync(trusted, trustedPem(scenario, certificates));
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: folder,
    LANG: 'C.UTF-8',
    CURL_CA_BUNDLE: trusted,
    OPENAI_API_KEY: stepOf(scenario, 'key')?.value ?? KEYS.service,
    GOODGATE_KEY: KEYS.caller,
    GOODGATE_ADMIN_TOKEN: KEYS.admin,
    // A company that opens connections tells its programs to trust it.
    ...(stepOf(scenario, 'intercept')?.isTrusted && { NODE_EXTRA_CA_CERTS: certificates.interceptor.root }),
    ...(proxy &&
      proxy.isSet !== false && { [proxy.env ?? 'HTTPS_PROXY']: `http://${LAN_HOST.v4}:${proxy.port ?? 3128}` }),
    ...own,
  };
}

/** What browsers and curl on the person's machine trust: the public authority, and the company's where it was installed. */
function trustedPem(scenario: Scenario, certificates: Certificates): string {
  const intercept = stepOf(scenario, 'intercept');
  return [certificates.root, ...(intercept?.isTrusted ? [certificates.interceptor.root] : [])].map(readText).join('');
}

function clockOf(scenario: Scenario): readonly string[] {
  const clock = stepOf(scenario, 'clock');
  return clock === undefined ? [] : ['env', 'DONT_FAKE_MONOTONIC=1', 'faketime', '-f', clock.offset];
}

const CALL_MS = 20_000;
/** When a caller leaves a stream that has stalled: after its first words, before the gateway's 15 s between two parts. */
const LEAVING_S = 5;
const MESSAGE = { model: 'gpt-5', messages: [{ role: 'user', content: 'Tell me about bridges.' }] };

/** The number of the call that the person asks about, if any. */
async function callIdOf(stage: Omit<Stage, 'callId'>): Promise<string | undefined> {
  const { given } = stage.scenario;
  if (given?.kind === 'unknown-call') return '0123456789abcdef0123456789abcdef';
  return given?.kind === 'call' ? await makeCall(stage, given) : undefined;
}

/** A call as any program makes it; its number is in the head of the answer. @throws Error when the gateway gave none. */
async function makeCall(
  stage: Omit<Stage, 'callId'>,
  { as, fault }: Extract<Given, { kind: 'call' }>,
): Promise<string> {
  const body = JSON.stringify({ ...MESSAGE, ...(as !== 'plain' && { stream: true }) });
  const seconds = as === 'left' ? LEAVING_S : CALL_MS / 1000;
  const auth = `authorization: Bearer ${KEYS.caller}`;
  const words = [
    '-sS',
    '-m',
    String(seconds),
    '-D',
    '-',
    '-o',
    '/dev/null',
    '-H',
    'content-type: application/json',
    '-H',
    auth,
  ];
  if (fault !== undefined) await atService(stage, ['-X', 'PUT', '-d', fault]);
  const { out, err } = await run(
    'ip',
    ['netns', 'exec', stage.house.space('person'), 'curl', ...words, '-d', body, `${stage.url}/chat/completions`],
    { env: stage.env, timeoutMs: CALL_MS + 5_000 },
  );
  if (fault !== undefined) await atService(stage, ['-X', 'DELETE']);
  const id = /^x-request-id: ([0-9a-f]{32})/im.exec(out)?.[1];
  if (id === undefined) throw new Error(`the call got no number: ${out} ${err}`);
  return id;
}

/** Breaks or heals the service, which takes such words from its own machine only. */
async function atService({ house }: Omit<Stage, 'callId'>, words: readonly string[]): Promise<void> {
  await must('ip', [
    'netns',
    'exec',
    house.space('service'),
    'curl',
    '-sS',
    '-f',
    '-k',
    ...words,
    'https://127.0.0.1/drill/fault',
  ]);
}

function readText(file: string): string {
  return readFileSync(file, 'utf8');
}
