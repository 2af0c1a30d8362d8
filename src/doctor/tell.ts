import type { HopReport, ProbeReport, Report, ReportStep } from './report.ts';

/** Colour is never the only sign: each state has its word. */
export type Paint = (text: string, style: 'strong' | 'good' | 'bad' | 'faint') => string;

/** For files, pipes and readers of the screen. */
export const PLAIN: Paint = (text) => text;

const CODES = { strong: 1, good: 32, bad: 31, faint: 2 } as const;

/** For terminals. */
export const COLOURED: Paint = (text, style) => `\u001b[${CODES[style]}m${text}\u001b[0m`;

const SURE = { confirmed: 'certain', likely: 'likely', inconclusive: 'not certain' } as const;
const WHO = {
  person: 'you',
  'network-admin': 'whoever looks after this network',
  operator: 'whoever runs the gateway',
  provider: 'the provider of the service',
  nobody: 'nobody',
} as const;
const ELSE = {
  'only-you': 'Only here: from elsewhere it is reached.',
  everyone: 'Not only you: from elsewhere it fails as well.',
} as const;
const STATES = { good: 'works', broken: 'BROKEN', unchecked: 'not checked' } as const;
const PROBE_WORDS = { pass: 'ok', warn: 'look', fail: 'FAIL', skip: '-', crash: 'BROKE' } as const;

/** The report for a person: the answer first, then what to do, what not, the hops, and at the end how it was found. */
export function tell(report: Report, paint: Paint, isVerbose: boolean): string {
  const { verdict } = report;
  const lines = [
    paint(verdict.sentence, verdict.isHealthy ? 'good' : 'strong'),
    '',
    ...(verdict.isHealthy ? [] : about(report)),
    ...section('What to do', numbered(verdict.isHealthy ? [] : verdict.steps.person)),
    ...section('For the people who look after the network', bullets(verdict.steps.admin)),
    ...section('For whoever runs the gateway', verdict.side === 'operator' ? bullets(verdict.steps.operator) : []),
    ...section(
      'What will not help',
      verdict.isHealthy || verdict.wontHelp.length === 0 ? [] : [vain(verdict.wontHelp)],
    ),
    ...section('Hops', [verdict.hops.map((hop) => hopWord(hop, paint)).join(' > ')]),
    ...section(
      'Also seen',
      report.remarks.map((each) => `- ${each}`),
    ),
    ...section(
      'Could not be checked',
      report.unchecked.map((each) => `- ${each}`),
    ),
    ...section(
      'How it was found',
      isVerbose || !verdict.isHealthy
        ? report.probes.filter((each) => isVerbose || isTelling(report, each)).map((each) => probeLine(each, paint))
        : [],
    ),
    paint(
      `${report.probes.length} checks in ${(report.timings.totalMs / 1000).toFixed(1)} s. Code ${verdict.code}.`,
      'faint',
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function about({ verdict }: Report): string[] {
  const lines = [
    `Who has to act: ${WHO[verdict.side]}. How sure: ${SURE[verdict.confidence]}.`,
    ...(verdict.decidedBy.length === 0 ? [] : [`Because ${verdict.decidedBy.join('; ')}.`]),
  ];
  if (verdict.isTemporary === true) lines.push(`It usually passes by itself${usually(verdict.typical)}.`);
  if (verdict.isTemporary === false) lines.push('It does not pass by itself.');
  if (verdict.retryAfterMs !== undefined) lines.push(`Try again in ${Math.ceil(verdict.retryAfterMs / 1000)} s.`);
  if (verdict.whoElse !== 'unknown') lines.push(ELSE[verdict.whoElse]);
  return [...lines, ''];
}

function usually({ minS, maxS }: Report['verdict']['typical']): string {
  return maxS === 0 ? '' : ` within ${span(minS)} to ${span(maxS)}`;
}

function span(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`), ''];
}

function numbered(steps: readonly ReportStep[]): string[] {
  return steps.flatMap((step, at) => [
    `${at + 1}. ${step.text}`,
    ...(step.command === undefined ? [] : [`   ${step.command}`]),
  ]);
}

function bullets(steps: readonly ReportStep[]): string[] {
  return steps.map(({ text }) => `- ${text}`);
}

function vain(steps: readonly ReportStep[]): string {
  return `${steps.map(({ text }, at) => (at === 0 ? text : `${text.charAt(0).toLowerCase()}${text.slice(1)}`)).join(', ')}.`;
}

function hopWord({ hop, state }: HopReport, paint: Paint): string {
  const word = `${hop} ${STATES[state]}`;
  return state === 'broken' ? paint(word, 'bad') : state === 'good' ? paint(word, 'good') : word;
}

/** Symptoms that the cause explains are hidden; so is what was left out. */
function isTelling({ symptoms }: Report, { id, state }: ProbeReport): boolean {
  return state !== 'skip' && !symptoms.some(({ probe }) => probe === id);
}

/** One line for one probe, as it ends and in the report. */
export function probeLine({ id, state, sentence }: ProbeReport, paint: Paint): string {
  const word = PROBE_WORDS[state];
  const style = state === 'pass' ? 'good' : state === 'fail' || state === 'crash' ? 'bad' : 'faint';
  return `${paint(word.padEnd(5), style)} ${id.padEnd(9)} ${sentence}`;
}
