import type { World } from '../world/world.ts';
import { startUpstream, type Upstream } from './upstream.ts';

/** The built-in targets, for whoever has neither a key nor a local model: they speak the real wire formats and can be broken at will. */
export type Sandbox = {
  readonly targets: readonly { readonly name: string; readonly baseUrl: string }[];
  readonly upstreams: readonly Upstream[];
  close(): Promise<void>;
};

/** As quick as a good hosted model, and slow enough that a person sees it stream. */
const PACE_WORDS_PER_S = 40;
/** The sandbox may run for weeks and nobody reads further back. */
const RECORDS_MAX = 200;

/** Starts `sandbox-a` and `sandbox-b` on loopback. They say the same things in the same voice, so that one can finish what the other began. */
export async function startSandbox(world: World): Promise<Sandbox> {
  const family = new Map<string, Upstream>();
  const common = { paceWordsPerS: PACE_WORDS_PER_S, recordsMax: RECORDS_MAX, family };
  const upstreams = [
    await startUpstream(world, { ...common, name: 'sandbox-a' }),
    await startUpstream(world, { ...common, name: 'sandbox-b' }),
  ];
  return {
    targets: upstreams.map(({ name, baseUrl }) => ({ name, baseUrl })),
    upstreams,
    close: async () => {
      await Promise.all(upstreams.map((upstream) => upstream.close()));
    },
  };
}
