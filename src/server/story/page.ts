import { hopRow } from '../page/drawing.ts';
import { htmlText } from '../page/html-text.ts';
import { messagesOf } from '../page/messages.ts';
import { bullets, facts, futile, shell, steps, wide } from '../page/shell.ts';
import { SAFETY } from './text.ts';
import { timesDrawing } from './times.ts';
import type { ToldAttempt, ToldCall } from './told.ts';
import { whereWords } from './words.ts';

const EN = messagesOf('en');

/** The story of a call as a page: what happened, the five hops, the attempts as a drawing of their times and as a table. No script. */
export function storyPage(told: ToldCall): string {
  const { problem } = told;
  const what = problem === undefined ? `This call ${ENDINGS[told.ended]}` : problem.detail;
  const body = [
    `<p class="code">Call <code>${told.id}</code></p>`,
    `<h1>${htmlText(what)}</h1>`,
    told.hops === undefined ? '' : hopRow(told.hops, EN),
    facts(aboutCall(told)),
    '<h2>Attempts</h2>',
    told.attempts.length === 0
      ? '<p>No target was asked.</p>'
      : wide('The attempts', timesDrawing(told) + table(told.attempts)),
    bullets('Notes', told.notes),
    ...failure(told),
    '<footer><p><a href="/goodgate/problems">All causes</a></p></footer>',
  ];
  return shell(
    `${told.id.slice(0, 8)} · ${problem?.title ?? told.ended}`,
    body.filter((part) => part !== '').join('\n'),
  );
}

const ENDINGS: Readonly<Record<ToldCall['ended'], string>> = {
  answered: 'was answered.',
  failed: 'failed.',
  abandoned: 'ended because its caller left.',
};

function aboutCall(told: ToldCall): [string, string | undefined][] {
  const { problem, evidence } = told;
  return [
    ['Asked', `${told.method} ${told.path}`],
    ['Model', told.model],
    ['When', `${told.at.replace('T', ' ').replace('Z', ' UTC')}, for ${told.took_ms} ms`],
    ['Ended', told.status === 0 ? told.ended : `${told.ended}, the caller saw status ${told.status}`],
    ['Cause', problem === undefined ? undefined : `${problem.title} (${problem.goodgate_code}, ${problem.confidence})`],
    ['Where', evidence === undefined ? undefined : whereWords(evidence)],
    [EN.safetyTitle, told.message],
    [EN.lastsTitle, told.lasts],
    [EN.othersTitle, told.others],
    ['Confined to', told.confined],
    [EN.actsTitle, problem === undefined ? undefined : EN.acts[problem.side]],
  ];
}

function failure({ problem, evidence, technical, operator_steps: operator }: ToldCall): string[] {
  if (problem === undefined || evidence === undefined) return [];
  const words = [evidence.termination, problem.proxy_error, evidence.errno, evidence.detail, evidence.writer];
  return [
    steps(EN.stepsTitle, problem.steps),
    steps('For who runs the gateway', operator),
    bullets(EN.futileTitle, futile(problem.goodgate_code)),
    `<h2>${htmlText(EN.details)}</h2><p>${htmlText(technical ?? '', 900)}</p>`,
    `<p><code>${htmlText(words.filter((word) => word !== undefined).join(' · '))}</code></p>`,
    `<p><a href="/goodgate/problems/${problem.goodgate_code}">${htmlText(EN.about)}</a></p>`,
  ];
}

const COLUMNS = ['#', 'Target', 'Verdict', 'Where', 'Status', 'Time', 'Sent', 'Request'];

function table(attempts: readonly ToldAttempt[]): string {
  const heads = COLUMNS.map((name) => `<th scope="col">${name}</th>`);
  const rows = attempts.map((attempt, index) => {
    const where = attempt.hop === undefined ? '' : EN.hops[attempt.hop];
    const cells = [
      String(index + 1),
      `${attempt.target} (${attempt.pool})`,
      attempt.reason === undefined ? attempt.verdict : `${attempt.verdict}: ${attempt.reason}`,
      where,
      attempt.status === undefined ? '–' : String(attempt.status),
      `${attempt.start_ms} to ${attempt.end_ms ?? '?'} ms`,
      attempt.bytes_sent === undefined ? 'all of it' : `${attempt.bytes_sent} bytes`,
      SAFETY[attempt.message_safety],
    ];
    return `<tr>${cells.map((cell) => `<td>${htmlText(cell)}</td>`).join('')}</tr>`;
  });
  return `<table><thead><tr>${heads.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}
