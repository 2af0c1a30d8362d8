import { ADMIN_STEPS } from './admin-steps.ts';
import { CATALOGUE } from './catalogue.ts';
import type { Cause, Hop, Side } from './cause.ts';
import { FOLK_STEPS, LOCAL_FOLK } from './folk-steps.ts';
import { OPERATOR_STEPS } from './operator-steps.ts';
import { PERSON_STEPS } from './person-steps.ts';
import type { Safety } from './safety.ts';

const HOPS: Readonly<Record<Hop, string>> = {
  you: 'You',
  network: 'Network',
  edge: 'Edge',
  gateway: 'Gateway',
  service: 'Service',
};

const SIDES: Readonly<Record<Side, string>> = {
  person: 'the person',
  'network-admin': "the network's administrator",
  operator: "the gateway's operator",
  provider: 'the provider',
  nobody: 'nobody',
};

const SAFETY: Readonly<Record<Safety, string>> = {
  'not-sent': 'not sent',
  'sent-unanswered': 'sent, unanswered',
  answered: 'answered',
};

/** docs/reference/causes.md: every cause with its side, its surfaces and its steps, from the catalogue alone. */
export function causesReference(): string {
  const causes: readonly (readonly [string, Cause])[] = Object.entries(CATALOGUE);
  const lines = [
    '# Causes',
    '',
    '<!-- Generated from src/diagnosis by `npm run generate`. Do not edit. -->',
    '',
    'Every failure has one of these codes. *Hop* is where it happened, *acts* is who can end it. *Message* says what became of the message',
    'where no bytes were counted; with a counted attempt the counts decide. Times marked "estimate" are experience, not measurement.',
    '',
  ];
  for (const hop of Object.keys(HOPS) as Hop[]) {
    const here = causes.filter(([, cause]) => cause.hop === hop);
    lines.push(
      `## ${HOPS[hop]}`,
      '',
      '| code | what | status | RFC 9209 | acts | caller may retry |',
      '|---|---|--:|---|---|---|',
    );
    for (const [code, cause] of here) lines.push(row(code, cause));
    lines.push('');
  }
  lines.push('# Each cause', '');
  for (const [code, cause] of causes) lines.push(...section(code, cause));
  return `${lines.join('\n').trimEnd()}\n`;
}

function row(code: string, cause: Cause): string {
  const status = cause.status === 0 ? '–' : String(cause.status);
  const error = cause.proxyError === undefined ? '–' : `\`${cause.proxyError}\``;
  return `| [\`${code}\`](#${code}) | ${cause.title} | ${status} | ${error} | ${SIDES[cause.side]} | ${cause.retry.caller} |`;
}

/** One cause as markdown; `/goodgate/problems/<code>` says the same. */
function section(code: string, cause: Cause): string[] {
  const picture = cause.picture === undefined ? '' : ` ${cause.picture}`;
  const lines = [
    `## ${code}`,
    '',
    `**${cause.title}.** ${cause.person}${picture}`,
    '',
    cause.technical,
    '',
    `Message: ${SAFETY[cause.data]} · lasts: ${duration(cause)} · we retry: ${cause.retry.ours} · counts against: ${cause.blame}`,
    '',
  ];
  lines.push(
    ...list(
      'For the person',
      cause.steps.person.map((id) => PERSON_STEPS[id].text),
    ),
  );
  lines.push(
    ...list(
      "For the network's administrator",
      cause.steps.admin.map((id) => ADMIN_STEPS[id]),
    ),
  );
  lines.push(
    ...list(
      'For the operator',
      cause.steps.operator.map((id) => OPERATOR_STEPS[id]),
    ),
  );
  lines.push(`Will not help: ${futile(cause)}.`, '');
  return lines;
}

function list(heading: string, texts: readonly string[]): string[] {
  if (texts.length === 0) return [];
  return [`${heading}:`, '', ...texts.map((text, index) => `${index + 1}. ${text}`), ''];
}

function duration(cause: Cause): string {
  const { minS, maxS, source } = cause.typical;
  if (maxS === 0) return cause.lasts === 'lasting' ? 'until the cause is changed' : 'it is over';
  return `${span(minS)} to ${span(maxS)} (${source.replace('-', ' ')})`;
}

function span(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** The local steps are summed up where none of them helps. */
function futile(cause: Cause): string {
  const isAllLocal = LOCAL_FOLK.every((id) => cause.wontHelp.includes(id));
  const local: readonly string[] = isAllLocal ? LOCAL_FOLK : [];
  const others = cause.wontHelp.filter((id) => !local.includes(id)).map((id) => lowerFirst(FOLK_STEPS[id]));
  return [...(isAllLocal ? ["anything on the person's own device or network"] : []), ...others].join(', ');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
