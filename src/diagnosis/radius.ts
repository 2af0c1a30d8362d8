/** Calls of one group in the window that is looked at. */
export type GroupCount = { readonly name: string; readonly failing: number; readonly total: number };

/** The dimensions along which a failure may be confined. */
export type Dimension = 'caller' | 'target' | 'region' | 'model' | 'edge';

/** What history counts over a window; a dimension that is not counted is absent. */
export type RadiusCounts = Partial<Readonly<Record<Dimension, readonly GroupCount[]>>>;

/** Who else has it. `unknown` where too few calls were seen: silence is not health. */
export type Radius = {
  readonly who: 'everyone' | 'many' | 'some' | 'only-you' | 'unknown';
  readonly callersFailing: number;
  readonly callersTotal: number;
  /** The one group that holds the failure, where one does: `region eu`, `model gpt-x`. */
  readonly confinedTo: { readonly dimension: Dimension; readonly name: string } | undefined;
};

/** Three callers: with fewer, "everyone" is nobody but you. */
const CALLERS_MIN = 3;
/** Nine in ten are as good as all: some answers come from caches or were long under way. */
const EVERYONE_SHARE = 0.9;
const MANY_SHARE = 0.3;
/** A group is ill when half of its calls fail, and the rest are well when not one in ten does. */
const ILL_SHARE = 0.5;
const WELL_SHARE = 0.1;
/** Ten calls in a group before its share means anything. */
const CALLS_MIN = 10;

/** The blast radius of a failure as one caller sees it. `caller` is the name under which that caller is counted. */
export function blastRadius(counts: RadiusCounts, caller: string | undefined): Radius {
  const callers = counts.caller ?? [];
  const failing = callers.filter(isIll);
  const base = { callersFailing: failing.length, callersTotal: callers.length, confinedTo: confinement(counts) };
  const others = callers.filter((one) => one.name !== caller);
  const othersFailing = others.filter(isIll).length;
  if (others.length < CALLERS_MIN - 1) return { who: 'unknown', ...base };
  const share = othersFailing / others.length;
  if (share >= EVERYONE_SHARE) return { who: 'everyone', ...base };
  if (share >= MANY_SHARE) return { who: 'many', ...base };
  return { who: othersFailing > 0 ? 'some' : 'only-you', ...base };
}

/** The first dimension in which exactly one group is ill and all the others, taken together, are well. The caller itself is `only-you`. */
function confinement(counts: RadiusCounts): Radius['confinedTo'] {
  for (const dimension of ['target', 'model', 'region', 'edge'] as const) {
    const groups = (counts[dimension] ?? []).filter((group) => group.total >= CALLS_MIN);
    const ill = groups.filter(isIll);
    const [only] = ill;
    if (groups.length < 2 || ill.length !== 1 || only === undefined) continue;
    const rest = groups.filter((group) => group !== only);
    const failing = rest.reduce((sum, group) => sum + group.failing, 0);
    const total = rest.reduce((sum, group) => sum + group.total, 0);
    if (failing / total < WELL_SHARE) return { dimension, name: only.name };
  }
  return undefined;
}

function isIll(group: GroupCount): boolean {
  return group.total > 0 && group.failing / group.total >= ILL_SHARE;
}
