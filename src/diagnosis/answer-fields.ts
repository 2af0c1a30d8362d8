/** The first value of a field of a flat list; `name` lower case. */
export function field(fields: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < fields.length; i += 2) if (fields[i] === name) return fields[i + 1];
  return undefined;
}

/** One day: a longer `Retry-After` is taken as one day. */
const RETRY_AFTER_MS_MAX = 86_400_000;

/**
 * `retry-after-ms` (OpenAI, Azure) or `Retry-After` (RFC 9110 §10.2.3) in milliseconds, 0 to one day. Its date form is measured
 * against the same answer's `Date`, so that no clock of ours is needed. Undefined when absent or unreadable.
 */
export function retryAfterMs(fields: readonly string[]): number | undefined {
  const ms = field(fields, 'retry-after-ms');
  if (ms !== undefined && /^\d{1,12}(\.\d{1,6})?$/.test(ms)) return Math.min(Number(ms), RETRY_AFTER_MS_MAX);
  const value = field(fields, 'retry-after')?.trim();
  if (value === undefined) return undefined;
  if (/^\d{1,12}(\.\d{1,6})?$/.test(value)) return Math.min(Number(value) * 1000, RETRY_AFTER_MS_MAX);
  const untilS = secondsOfDate(value);
  const sentS = secondsOfDate(field(fields, 'date') ?? '');
  if (untilS === undefined || sentS === undefined) return undefined;
  return Math.min(Math.max(0, (untilS - sentS) * 1000), RETRY_AFTER_MS_MAX);
}

/** The media type of the answer, lower case, without parameters; empty when absent. */
export function mediaType(fields: readonly string[]): string {
  const value = field(fields, 'content-type') ?? '';
  const end = value.indexOf(';');
  return (end === -1 ? value : value.slice(0, end)).trim().toLowerCase();
}

const FIXDATE = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Seconds since 1970 of an IMF-fixdate (RFC 9110 §5.6.7), or undefined; the days are counted as in the civil calendar. */
function secondsOfDate(text: string): number | undefined {
  const match = text.length === 29 ? FIXDATE.exec(text) : null;
  if (match === null) return undefined;
  const [, day, monthName, yearText, hours, minutes, seconds] = match;
  const month = MONTHS.indexOf(monthName ?? '');
  if (month === -1) return undefined;
  // March is month 0, so that the leap day is the last of its year.
  const shifted = (month + 10) % 12;
  const year = Number(yearText) - (month < 2 ? 1 : 0);
  const leapDays = Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
  const days = year * 365 + leapDays + Math.floor((153 * shifted + 2) / 5) + Number(day) - 1 - 719_468;
  return days * 86_400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}
