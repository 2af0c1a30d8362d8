import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hop } from '../../src/diagnosis/cause.ts';
import { NAMES } from '../addresses.ts';
import { harOf } from '../har.ts';
import { type Ran, run } from '../process.ts';
import { type Stage, stepOf, stepsOf } from '../stage.ts';
import type { Reading } from './reading.ts';

/** The views that can be left out. */
export const VIEWS = ['control', 'story', 'feed'] as const;

/** One view of the doctor. */
export type View = (typeof VIEWS)[number];

const ROOT = join(import.meta.dirname, '..', '..');
const FIXTURES = join(ROOT, 'src', 'diagnosis', 'fixtures');
/** The doctor promises 20 s; what takes longer than this hangs. */
const DOCTOR_MS = 40_000;

/**
 * Asks `goodgate doctor` from the person's place, as the person would; without one of its views where told so. Without the story a call number
 * is worth nothing, so then the address is asked about.
 */
export async function askDoctor(stage: Stage, without?: View): Promise<Reading> {
  const { scenario, house, folder } = stage;
  const settings = join(folder, 'doctor.yaml');
  writeFileSync(settings, settingsOf(stage));
  const options = stepsOf(scenario, 'options').flatMap((step) => step.words);
  const words = [
    'doctor',
    '--json',
    '--settings',
    settings,
    ...options,
    ...(without === undefined ? [] : [`--no-${without}`]),
    ...(without === 'story' ? [stage.url] : subject(stage)),
  ];
  const ran = await run(
    'ip',
    ['netns', 'exec', house.space('person'), ...stage.clock, 'sh', join(ROOT, 'bin', 'goodgate'), ...words],
    {
      env: stage.env,
      cwd: folder,
      timeoutMs: DOCTOR_MS,
    },
  );
  writeFileSync(join(folder, `doctor${without === undefined ? '' : `-no-${without}`}.json`), ran.out || ran.err);
  return readingOf(ran);
}

/** What a report of the doctor says, from its JSON. A run that printed none says nothing. */
export function readingOf({ out, err, code, tookMs }: Ran): Reading {
  let report: Report;
  try {
    report = JSON.parse(out) as Report;
  } catch {
    return {
      says: 'nothing',
      hop: undefined,
      code: undefined,
      isConfirmed: false,
      steps: [],
      firstMs: undefined,
      lastMs: undefined,
      tookMs,
      words: `exit ${code}: ${(err || out).trim().slice(-300)}`,
    };
  }
  const { verdict, timings } = report;
  return {
    says: verdict.isHealthy ? 'healthy' : verdict.confidence === 'inconclusive' ? 'inconclusive' : 'fault',
    hop: verdict.hop,
    code: verdict.code,
    isConfirmed: verdict.confidence === 'confirmed',
    steps: verdict.steps.person.map(({ id }) => id),
    firstMs: timings.firstVerdictMs,
    lastMs: timings.totalMs,
    tookMs,
    words: `${verdict.code} (${verdict.hop}, ${verdict.confidence}): ${verdict.sentence}`,
  };
}

/** The part of the report that is judged (docs/doctor.md). */
type Report = {
  readonly verdict: {
    readonly code: string;
    readonly hop: Hop;
    readonly confidence: string;
    readonly isHealthy: boolean;
    readonly sentence: string;
    readonly steps: { readonly person: readonly { readonly id: string }[] };
  };
  readonly timings: { readonly firstVerdictMs: number; readonly totalMs: number };
};

/** What the person hands over: an address, a call number, a file. */
function subject({ scenario, url, callId, folder }: Stage): string[] {
  const { given } = scenario;
  if (given === undefined) return [url];
  if (given.kind === 'call' || given.kind === 'unknown-call') return [callId ?? ''];
  const file = join(folder, given.kind === 'har' ? 'given.har' : given.kind === 'page' ? 'given.html' : 'given.txt');
  const text =
    given.kind === 'har'
      ? harOf(given.har)
      : given.kind === 'page'
        ? readFileSync(join(FIXTURES, given.fixture), 'latin1')
        : given.text;
  writeFileSync(file, text, 'latin1');
  return [file];
}

/** The settings that stand for this world: its authorities in place of the public ones, and whom to ask. */
function settingsOf({ scenario, certificates }: Stage): string {
  const { way, given } = scenario;
  const intercept = stepOf(scenario, 'intercept');
  const pac = stepOf(scenario, 'pac');
  const gateway = gatewayFor();
  return [
    `trust: { public: [${certificates.root}], system: [${[certificates.root, ...(intercept === undefined ? [] : [certificates.interceptor.root])].join(', ')}] }`,
    `feed: https://status.openai.com/api/v2/summary.json`,
    ...(gateway === undefined ? [] : [`gateway: ${gateway}`, 'gateway-token-env: GOODGATE_ADMIN_TOKEN']),
    ...(way === 'service' || way === 'lan' ? ['target-is: service'] : ['target-is: gateway']),
    ...(pac === undefined ? [] : [`pac: ${pac.url}`]),
    '',
  ].join('\n');

  /** A call number belongs to the gateway that gave it; everything else is checked from the other vantage. */
  function gatewayFor(): string | undefined {
    if (given?.kind === 'call' || given?.kind === 'unknown-call') return `https://${NAMES.gateway}`;
    if (way === 'local') return 'http://127.0.0.1:5020';
    return scenario.control === false || way === 'lan' ? undefined : `https://${NAMES.control}`;
  }
}
