/** What is wrong with routes and their pools beyond the shape of their settings. */
import { type ConfigFault, hint, quoted } from './fault.ts';
import { isWritten, itemsAt, namesAt, numberAt, shownAt, textAt, valueAt } from './looking.ts';
import type { Path, Source } from './source.ts';

/** Faults of every route, and of the region of the gateway, which only pools give a meaning. */
export function routeFaults(source: Source): ConfigFault[] {
  const pools = itemsAt(source, ['routes']).flatMap((route) => [
    ...itemsAt(source, [...route, 'pools']),
    ...(isWritten(source, [...route, 'larger-context']) ? [[...route, 'larger-context']] : []),
  ]);
  return [
    ...pools.flatMap((pool) => poolFaults(source, pool)),
    ...poolNameFaults(source, pools),
    ...regionFaults(source),
  ];
}

function poolFaults(source: Source, pool: Path): ConfigFault[] {
  const known = namesAt(source, ['targets']);
  const faults: ConfigFault[] = [];
  const members = new Set<string>();
  for (const at of itemsAt(source, [...pool, 'targets'])) {
    const name = textAt(source, at);
    if (name === undefined) continue;
    if (members.has(name)) faults.push(source.fault(at, `target ${shownAt(source, at)} is in this pool twice`));
    else if (!known.includes(name)) {
      const guess = known.length === 0 ? '; no target is defined under targets' : hint(name, known);
      faults.push(source.fault(at, `${shownAt(source, at)} is not a target${guess}`));
    }
    members.add(name);
  }
  const present = [...members].filter((name) => known.includes(name));
  faults.push(...weightFaults(source, pool, [...members], present));
  if (textAt(source, [...pool, 'redundancy']) === 'multi-region')
    faults.push(...memberRegionFaults(source, pool, present));
  return faults;
}

function weightFaults(
  source: Source,
  pool: Path,
  members: readonly string[],
  present: readonly string[],
): ConfigFault[] {
  const path = [...pool, 'weights'];
  const faults = namesAt(source, path)
    .filter((name) => !members.includes(name))
    .map((name) =>
      source.fault(
        [...path, name],
        `weights names ${quoted(name)}, which is not in this pool${hint(name, members)}`,
        'name',
      ),
    );
  const weights = present.map(
    (name) => numberAt(source, [...path, name]) ?? numberAt(source, ['targets', name, 'weight']) ?? 1,
  );
  if (present.length > 0 && weights.every((weight) => weight === 0)) {
    const at = valueAt(source.value, path) === undefined ? [...pool, 'targets'] : path;
    faults.push(
      source.fault(
        at,
        'every target of this pool has the weight 0, so none would be asked; expected one above 0',
        'name',
      ),
    );
  }
  return faults;
}

function memberRegionFaults(source: Source, pool: Path, present: readonly string[]): ConfigFault[] {
  return itemsAt(source, [...pool, 'targets']).flatMap((at) => {
    const name = textAt(source, at);
    if (
      name === undefined ||
      !present.includes(name) ||
      valueAt(source.value, ['targets', name, 'region']) !== undefined
    )
      return [];
    return [
      source.fault(
        at,
        `target ${shownAt(source, at)} has no region, but its pool is multi-region; expected a region such as eu at the target`,
      ),
    ];
  });
}

/** A pool's name is what its budget and its metrics are kept under, so it can mean one set of targets only. */
function poolNameFaults(source: Source, pools: readonly Path[]): ConfigFault[] {
  const first = new Map<string, Path>();
  return pools.flatMap((pool) => {
    const name = textAt(source, [...pool, 'name']);
    if (name === undefined) return [];
    const former = first.get(name);
    if (former === undefined) {
      first.set(name, pool);
      return [];
    }
    if (JSON.stringify(valueAt(source.value, former)) === JSON.stringify(valueAt(source.value, pool))) return [];
    const { line } = source.placeOf([...former, 'name']);
    return [
      source.fault(
        [...pool, 'name'],
        `two different pools have the name ${shownAt(source, [...pool, 'name'])}; the first is on line ${line}`,
      ),
    ];
  });
}

function regionFaults(source: Source): ConfigFault[] {
  const here = textAt(source, ['region']);
  if (here === undefined) return [];
  const regions = new Set(namesAt(source, ['targets']).map((name) => textAt(source, ['targets', name, 'region'])));
  regions.delete(undefined);
  if (regions.has(here)) return [];
  const known = [...regions].filter((region) => region !== undefined);
  const guess = known.length === 0 ? '; no target has a region' : hint(here, known);
  return [source.fault(['region'], `no target is in the region ${shownAt(source, ['region'])}${guess}`)];
}
