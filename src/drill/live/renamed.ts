import type { Deed } from '../sim/plan.ts';

/**
 * Which target of a config stands for which one of a scenario: neighbours there are neighbours here, so that what strikes a part of them
 * strikes a part of these wherever there are two or more.
 */
export function standIns(
  scripted: readonly { readonly name: string }[],
  names: readonly string[],
): ReadonlyMap<string, string> {
  return new Map(
    scripted.map(({ name }, nth) => [name, names[Math.floor((nth * names.length) / scripted.length)] ?? name]),
  );
}

/** The deed with the targets of a config in the place of a scenario's own. */
export function renamed(deed: Deed, hosts: ReadonlyMap<string, string>): Deed {
  if (!('hosts' in deed)) return deed;
  return { ...deed, hosts: [...new Set(deed.hosts.map((host) => hosts.get(host) ?? host))] };
}
