import { createInterface } from 'node:readline/promises';
import type { Facts } from '../doctor/facts.ts';
import { type Fix, fixesFor } from '../doctor/fix.ts';
import { codeOf, type Outside } from '../doctor/outside.ts';
import { EXIT, type Report } from '../doctor/report.ts';
import { look, type Session } from '../doctor/session.ts';
import { Watch } from '../doctor/watch.ts';

/** How to go on looking. */
export type WatchOptions = { readonly everyMs: number; readonly rounds: number; readonly isJson: boolean };

/** Looks again and again until the rounds are over or the person interrupts, and tells each change once. The exit code is that of the last round. */
export async function watchCommand(outside: Outside, session: Session, options: WatchOptions): Promise<number> {
  const watch = new Watch();
  const quiet: Session = { ...session, onSeen: () => undefined, onFirst: () => undefined };
  let code: number = EXIT.well;
  let isStopped = false;
  let wake: () => void = () => undefined;
  const stop = (): void => {
    isStopped = true;
    wake();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  for (let round = 0; round < options.rounds && !isStopped; round += 1) {
    const startMs = outside.clock.now();
    const { report } = await look(outside, quiet);
    const { verdict } = report;
    const isUnclear = verdict.confidence === 'inconclusive';
    code = verdict.isHealthy ? EXIT.well : isUnclear ? EXIT.inconclusive : EXIT.fault;
    const lines = watch.hear({ atMs: outside.clock.wallMs(), code: verdict.code, isHealthy: verdict.isHealthy });
    if (options.isJson) process.stdout.write(`${JSON.stringify(report)}\n`);
    else for (const line of lines) process.stdout.write(`${line}\n`);
    if (round + 1 >= options.rounds) break;
    await new Promise<void>((fulfil) => {
      wake = fulfil;
      outside.timers.after(Math.max(0, options.everyMs - (outside.clock.now() - startMs)), fulfil);
      if (isStopped) fulfil();
    });
  }
  const summary = watch.summary();
  if (options.isJson) process.stdout.write(`${JSON.stringify({ summary, spells: watch.spells })}\n`);
  else process.stdout.write(`${summary.join('\n')}\n`);
  return code;
}

/** Offers what is safe to try, one at a time; each is done only after a yes. */
export async function offerFixes(outside: Outside, session: Session, report: Report, facts: Facts): Promise<void> {
  const fixes = fixesFor(report, facts, outside);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  if (fixes.length === 0) {
    say('There is nothing here that is safe to change and could help.');
    return;
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    for (const fix of fixes) {
      const answer = await prompt.question(
        `${fix.question}\n  This will ${fix.kind === 'command' ? 'run ' : ''}${fix.does}\n[y/N] `,
      );
      if (!/^y(es)?$/i.test(answer.trim())) continue;
      if (await apply(outside, session, fix, say)) return;
    }
  } finally {
    prompt.close();
  }
}

/** A command ends with the look that shows whether it helped; true when it did. */
async function apply(outside: Outside, session: Session, fix: Fix, say: (line: string) => void): Promise<boolean> {
  if (fix.kind === 'command') {
    try {
      await outside.device.run(fix.tool, fix.args, 10_000);
    } catch (error) {
      say(`${fix.does} did not work (${codeOf(error)}); it may need more rights.`);
      return false;
    }
  }
  const { report } = await look(fix.kind === 'again' ? fix.outside : outside, session);
  const { verdict } = report;
  if (verdict.isHealthy) say(fix.kind === 'again' ? fix.helped : 'It works now.');
  else say(`That did not help: ${verdict.sentence}`);
  return verdict.isHealthy;
}
