/** How amounts are written in the config: `10s`, `32MiB`, `20%`; and how they are printed. A parser answers undefined for what it does not know. */

const MS_PER = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const BYTES_PER = { B: 1, KB: 1_000, KiB: 1_024, MB: 1_000_000, MiB: 1_048_576, GB: 1e9, GiB: 1_073_741_824 } as const;

/** A number and its unit; the same pattern goes into the JSON Schema. */
export const DURATION = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/;
/** As `DURATION`. */
export const SIZE = /^(\d{1,9}(?:\.\d{1,3})?)(B|KB|KiB|MB|MiB|GB|GiB)$/;
/** 0 % to 100 %. */
export const PERCENT = /^(100|\d{1,2}(?:\.\d{1,3})?)%$/;

/** A day. Timers of the platform end at 24.8 days; nothing here waits longer than hours. */
export const DURATION_MS_MAX = 86_400_000;

/** `10s`, `500ms`, `1.5m`, `2h`, or a number of milliseconds; at most `DURATION_MS_MAX`. Milliseconds, whole. */
export function parseDuration(written: string | number): number | undefined {
  const ms = typeof written === 'number' ? written : amount(DURATION, MS_PER, written);
  return ms === undefined || !(ms >= 0 && ms <= DURATION_MS_MAX) ? undefined : Math.round(ms);
}

/** `32MiB`, `64KB`, or a number of bytes. Bytes, whole. */
export function parseSize(written: string | number): number | undefined {
  const bytes = typeof written === 'number' ? written : amount(SIZE, BYTES_PER, written);
  return bytes === undefined || !(bytes >= 0 && bytes <= Number.MAX_SAFE_INTEGER) ? undefined : Math.round(bytes);
}

/** `20%` as 0.2. */
export function parsePercent(written: string): number | undefined {
  const match = PERCENT.exec(written);
  return match === null ? undefined : Number(match[1]) / 100;
}

/** The shortest exact way to write it: 90000 is `90s`, 600000 is `10m`. */
export function durationWords(ms: number): string {
  return words(ms, MS_PER, 'ms');
}

/** The shortest exact way to write it in powers of two: 33554432 is `32MiB`. */
export function sizeWords(bytes: number): string {
  const { B, KiB, MiB, GiB } = BYTES_PER;
  return words(bytes, { B, KiB, MiB, GiB }, 'B');
}

function amount(pattern: RegExp, units: Readonly<Record<string, number>>, written: string): number | undefined {
  const match = pattern.exec(written);
  const factor = units[match?.[2] ?? ''];
  return match === null || factor === undefined ? undefined : Number(match[1]) * factor;
}

function words(value: number, units: Readonly<Record<string, number>>, smallest: string): string {
  let best = `${value}${smallest}`;
  if (value === 0) return best;
  for (const [unit, factor] of Object.entries(units)) {
    if (value % factor === 0) best = `${value / factor}${unit}`;
  }
  return best;
}
