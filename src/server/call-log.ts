import type { Call } from '../call/call.ts';
import type { Outcome } from '../call/reply.ts';
import type { LogSettings } from '../config/settings.ts';
import type { Clock } from '../world/world.ts';

/** Lines a second; a storm of failures must not become a storm of writes. What is left out is counted and said. */
const LINES_PER_S_MAX = 50;

/** A line a call for whoever watches the process: failures by default, every call with `info`. Never prompts, answers or credentials. */
export function callLog(
  say: (line: string) => void,
  clock: Clock,
  level: () => LogSettings['level'],
): (call: Call, outcome: Outcome) => void {
  let secondMs = 0;
  let said = 0;
  let omitted = 0;
  return (call, outcome) => {
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
    say(callLine(call, outcome, nowMs));
  };
}

/** `2b1c… POST /v1/chat/completions gpt-4 failed(connect-refused) 12 ms: a connect-refused → b answered`. */
export function callLine(call: Call, outcome: Outcome, nowMs: number): string {
  const ended = outcome.kind === 'failed' ? `failed(${outcome.failure.code})` : outcome.kind;
  const path = printable(call.path.split('?', 1)[0] ?? '');
  const model = call.model === undefined ? '' : ` ${printable(call.model)}`;
  const attempts = call.story.attempts
    .map((attempt) => `${attempt.target} ${attempt.code ?? attempt.verdict}`)
    .join(' → ');
  const tried = attempts === '' ? '' : `: ${attempts}`;
  return `${call.id.slice(0, 8)} ${printable(call.method)} ${path}${model} ${ended} ${Math.round(nowMs - call.startMs)} ms${tried}`;
}

/** What callers write may not write to a terminal: ASCII without controls, at most 80 characters. */
function printable(text: string): string {
  return text.slice(0, 80).replace(/[^\x20-\x7e]/g, '?');
}
