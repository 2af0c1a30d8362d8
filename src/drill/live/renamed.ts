import type { Deed } from '../sim/plan.ts';

/** The deed with the targets of a config in the place of a scenario's own. */
export function renamed(deed: Deed, hosts: ReadonlyMap<string, string>): Deed {
  if (!('hosts' in deed)) return deed;
  return { ...deed, hosts: [...new Set(deed.hosts.map((host) => hosts.get(host) ?? host))] };
}
