import type { Call } from '../call/call.ts';
import type { Outcome } from '../call/reply.ts';
import type { LogSettings } from '../config/settings.ts';
import type { Finding } from '../diagnosis/finding.ts';
import { type TerminationState, terminationState } from '../diagnosis/termination.ts';
import type { Clock } from '../world/world.ts';
import type { RecordCall } from './data-handler.ts';
import { hiding } from './hiding.ts';

/** Lines a second; a storm of failures must not become a storm of writes. What is left out is counted and said. */
const LINES_PER_S_MAX = 50;

/** Longer is no name of a model. */
const MODEL_CHARS_MAX = 200;
/** Keys are pasted into paths and names of models, too. */
const HIDE = hiding(undefined);

/** A line a call for whoever watches the process: failures by default, every call with `info`. Never prompts, answers or credentials. */
export function callLog(say: (line: string) => void, clock: Clock, level: () => LogSettings['level']): RecordCall {
  let secondMs = 0;
  let said = 0;
  let omitted = 0;
  return (call, outcome, _status, finding) => {
    const wanted = level();
    if (wanted === 'off' || (outcome.kind !== 'failed' && wanted !== 'info' && wanted !== 'debug')) return;
    const nowMs = clock.now();
    if (nowMs - secondMs >= 1000) {
      if (omitted > 0) say(`goodgate: ${omitted} lines were left out in the last second`);
      secondMs = nowMs;
      said = 0;
      omitted = 0;
    }
    said += 1;
    if (said > LINES_PER_S_MAX) {
      omitted += 1;
      return;
    }
    say(callLine(call, outcome, finding, nowMs));
  };
}

/** `2b1c…9f POST /v1/chat/completions gpt-4 failed(connect-refused) SC 12 ms: a connect-refused → b answered`. The two letters are who ended it, and in which phase. */
export function callLine(call: Call, outcome: Outcome, finding: Finding | undefined, nowMs: number): string {
  const ended = outcome.kind === 'failed' ? `failed(${finding?.code ?? outcome.failure.code})` : outcome.kind;
  const path = printable(HIDE(call.path.split('?', 1)[0] ?? ''));
  const model = call.model === undefined ? '' : ` ${printable(HIDE(call.model.slice(0, MODEL_CHARS_MAX)))}`;
  const attempts = call.story.attempts
    .map((attempt) => `${attempt.target} ${attempt.code ?? attempt.verdict}`)
    .join(' → ');
  const tried = attempts === '' ? '' : `: ${attempts}`;
  return `${call.id} ${printable(call.method)} ${path}${model} ${ended} ${stateOf(call, outcome, finding)} ${Math.round(nowMs - call.startMs)} ms${tried}`;
}

/** As HAProxy writes it: `--` for a call that ended well, `C` and the phase for a caller who left. */
function stateOf(call: Call, outcome: Outcome, finding: Finding | undefined): TerminationState {
  if (finding !== undefined) return terminationState(finding);
  if (outcome.kind !== 'abandoned') return '--';
  const last = call.story.attempts.at(-1);
  if (last === undefined) return 'CQ';
  return last.firstPartMs === undefined ? 'CH' : 'CD';
}

/** What callers write may not write to a terminal: ASCII without controls, at most 80 characters. */
function printable(text: string): string {
  return text.slice(0, 80).replace(/[^\x20-\x7e]/g, '?');
}
