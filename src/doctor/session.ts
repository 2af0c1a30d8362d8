import { type Examination, type Examined, examine } from './examine.ts';
import type { Facts } from './facts.ts';
import { type Outside, plainText } from './outside.ts';
import type { Depth } from './probe.ts';
import type { ProbeId, ProbeReport, Report } from './report.ts';
import { reportOf } from './report-of.ts';
import type { DoctorSettings } from './settings.ts';
import type { Target } from './target.ts';
import { judge } from './verdict/verdict.ts';

/** Everything that was asked for, ready to look. */
export type Session = {
  readonly asked: string;
  readonly target: Target | undefined;
  /** What is already known, and the probe under whose name it is reported. */
  readonly known: { readonly facts: Partial<Facts>; readonly report: ProbeReport } | undefined;
  readonly settings: DoctorSettings;
  readonly trust: Examination['trust'];
  readonly depth: Depth;
  readonly withinMs: number;
  readonly isWanted: (id: ProbeId) => boolean;
  readonly onSeen: Examination['onSeen'];
  readonly onFirst: Examination['onFirst'];
};

/** The report, and the facts behind it. */
export type Looked = { readonly report: Report; readonly facts: Facts };

/** Looks once and reports. A failure that is on record is not probed again: it has happened, and may be healed by now. */
export async function look(outside: Outside, session: Session): Promise<Looked> {
  const { known, target } = session;
  const isDecided = known?.facts.past !== undefined && known.facts.past.confidence !== 'inconclusive';
  const isAnswered = known?.facts.isStoryGood === true;
  const asked = plainText(session.asked, 200);
  if (known !== undefined && (isDecided || isAnswered || target === undefined)) {
    const facts: Facts = { target, ...known.facts };
    const judgement = judge(facts);
    const { tookMs } = known.report;
    const report = reportOf({
      ...parts(outside, asked),
      facts,
      judgement,
      probes: [known.report],
      firstVerdictMs: tookMs,
      totalMs: tookMs,
      contacted: [],
    });
    return { report, facts };
  }
  if (target === undefined) throw new RangeError('nothing to look at');
  const examined: Examined = await examine(outside, { ...session, target });
  // What the file told and could not decide stands beside what was seen.
  const probes = known === undefined ? examined.probes : [known.report, ...examined.probes];
  const report = reportOf({ ...parts(outside, asked), ...examined, probes });
  const past = known?.facts.past;
  if (past === undefined) return { report, facts: examined.facts };
  const said = `On record is ${past.code}: ${past.decidedBy.join('; ')}.`;
  return { report: { ...report, remarks: [said, ...report.remarks] }, facts: examined.facts };
}

function parts(outside: Outside, asked: string): { asked: string; wallMs: number; platform: string } {
  return { asked, wallMs: outside.clock.wallMs(), platform: outside.device.platform };
}
