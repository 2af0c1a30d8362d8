/** What one target did lately. */
export type Record30s = { readonly total: number; readonly share: number };

/** Fewer targets than this have no meaningful spread (Envoy: 5 hosts). */
export const OUTLIER_TARGETS_MIN = 5;
/** Calls in the window before a target is compared (Envoy: 100). */
export const OUTLIER_CALLS_MIN = 100;
/** Standard deviations below the mean (Envoy: 1.9). */
export const OUTLIER_DEVIATIONS = 1.9;
/** Smallest distance from the mean: among nearly perfect targets the spread is nearly nothing, and one lost call would stand out. */
export const OUTLIER_DISTANCE_MIN = 0.05;

/**
 * Targets whose success stands out below that of their peers (Envoy's success-rate ejection): partial failure that is too rare for the
 * breaker's flat 80 %. Returns indices; empty when there is too little to compare.
 */
export function outliers(records: readonly Record30s[]): readonly number[] {
  const known = records.filter((record) => record.total >= OUTLIER_CALLS_MIN);
  if (known.length < OUTLIER_TARGETS_MIN) return [];
  const mean = known.reduce((sum, { share }) => sum + share, 0) / known.length;
  const variance = known.reduce((sum, { share }) => sum + (share - mean) ** 2, 0) / known.length;
  const limit = mean - Math.max(OUTLIER_DISTANCE_MIN, OUTLIER_DEVIATIONS * Math.sqrt(variance));
  return records.flatMap((record, index) => (record.total >= OUTLIER_CALLS_MIN && record.share < limit ? [index] : []));
}
