import { CATALOGUE } from '../../diagnosis/catalogue.ts';
import type { Cause } from '../../diagnosis/cause.ts';
import type { Finding } from '../../diagnosis/finding.ts';
import { isReading } from '../../diagnosis/safety.ts';
import { spanParts } from '../../diagnosis/wording.ts';
import type { Messages } from './messages.ts';

/** A failure that is younger has no past worth telling. */
const SINCE_MS_MIN = 10_000;

/** What became of the message: of one who only asked for a page there is none to lose. */
export function safetySentence(finding: Finding, method: string, m: Messages): string {
  return isReading(method) ? m.safety.page : m.safety[finding.safety];
}

/** How long it lasts: since when, and when its like are over. */
export function lastsSentence(finding: Finding, m: Messages): string {
  const cause: Cause = CATALOGUE[finding.code];
  if (cause.side === 'person' && cause.lasts === 'lasting') return m.lasts.changed;
  const { sinceMs = 0, remaining } = finding.outlook ?? {};
  const since = sinceMs < SINCE_MS_MIN ? '' : spaced(m.lasts.since.replace('{span}', span(sinceMs, m)));
  if (remaining === undefined) return `${since}${m.lasts.unknown}`;
  const ms = remaining.source === 'service' ? remaining.leastMs : remaining.mostMs;
  return `${since}${m.lasts[remaining.source].replace('{n}', String(remaining.seen)).replace('{span}', span(ms, m))}`;
}

/** Who else has it; undefined where that is not known, and for a fault of the request, which is nobody else's. */
export function othersSentence(finding: Finding, m: Messages): string | undefined {
  const who = finding.hop === 'you' ? 'unknown' : (finding.outlook?.radius.who ?? 'unknown');
  return who === 'unknown' ? undefined : m.others[who];
}

/** A full stop of Chinese and Japanese brings its space along. */
function spaced(sentence: string): string {
  return sentence.endsWith('。') ? sentence : `${sentence} `;
}

function span(ms: number, m: Messages): string {
  const { count, unit } = spanParts(ms);
  return m.spans[unit][count === 1 ? 0 : 1].replace('{n}', String(count));
}
