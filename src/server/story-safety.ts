import type { Attempt } from '../call/story.ts';
import type { Finding } from '../diagnosis/finding.ts';
import { attemptSafety, callSafety, type Safety } from '../diagnosis/safety.ts';

/** What became of the message in one attempt. A head that came back proves that the request had left, whatever was counted. */
export function safetyOfAttempt(attempt: Attempt): Safety {
  const { status, bytesWritten, verdict, code } = attempt;
  if (verdict === 'answered') return 'answered';
  // … of a proxy on the way it proves no such thing.
  if (code === 'proxy-connect-failed') return attemptSafety({ phase: 'proxy-connect', bytesWritten });
  if (status === undefined) return attemptSafety({ phase: 'wait-head', bytesWritten });
  return attemptSafety({ phase: 'body', answer: { status } });
}

/** The finding of a call, with the safety of all its attempts: one that may have been processed puts the whole call in doubt (P6). */
export function withStory(finding: Finding, attempts: readonly Attempt[]): Finding {
  if (attempts.length === 0) return finding;
  const safety = callSafety(attempts.map(safetyOfAttempt));
  return safety === finding.safety ? finding : { ...finding, safety };
}
