import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { gatherBody } from '../call/gather.ts';
import type { Reply } from '../call/reply.ts';
import { wholeReply } from '../call/settle.ts';
import type { Service } from '../pipeline/service.ts';
import { refusal } from './refusal.ts';

/** Where the list of models comes from. */
export type ModelSources = {
  /** Names that routes know by themselves. */
  readonly names: readonly string[];
  /** One innermost service a target. */
  readonly services: readonly Service[];
};

/** A provider lists some hundred models; 4 MiB is far above the longest list, and bounds a hostile one. */
const LIST_BYTES_MAX = 4 * 1024 * 1024;

/** As much of a refusal as tells its cause. */
const REFUSAL_BYTES_MAX = 64 * 1024;

/** Nothing is wrong with a target that keeps no list: not found, method not allowed, not implemented. */
const NO_LIST: ReadonlySet<number> = new Set([404, 405, 501]);

const NO_BYTES = new Uint8Array(0);

type Model = { readonly id: string };

/**
 * `GET /v1/models`: what can be asked for here, from every target that answers, each id once, in the order of the targets. Targets that do not answer
 * or refuse are left out, as their models cannot be had now.
 * @throws Failure that of the last such target when there is no model to name at all.
 */
export function listModels({ names, services }: ModelSources): Service {
  return async (call) => {
    // Each target gets a call of its own to write on: the story of the caller's call is about one answer.
    const asked = await Promise.allSettled(services.map((service) => modelsOf(service, call)));
    const models = new Map<string, Model>();
    let failure: Failure | undefined;
    for (const answer of asked) {
      if (answer.status === 'rejected') failure = Failure.from(answer.reason);
      else for (const model of answer.value) if (!models.has(model.id)) models.set(model.id, model);
    }
    for (const id of names) {
      if (!models.has(id)) models.set(id, { id, object: 'model', created: 0, owned_by: 'goodgate' } as Model);
    }
    if (models.size === 0 && failure !== undefined) throw failure;
    const body = new TextEncoder().encode(JSON.stringify({ object: 'list', data: [...models.values()] }));
    return wholeReply(200, ['content-type', 'application/json'], body, 'all');
  };
}

async function modelsOf(service: Service, call: Call): Promise<Model[]> {
  const reply: Reply = await service({ ...call, attempt: undefined });
  if (NO_LIST.has(reply.status)) {
    reply.cancel();
    return [];
  }
  if (reply.status !== 200) throw refusal(reply, await gatherBody(reply, REFUSAL_BYTES_MAX).catch(() => NO_BYTES));
  const body = await gatherBody(reply, LIST_BYTES_MAX);
  const list = parsed(body);
  const data: unknown = typeof list === 'object' && list !== null ? Reflect.get(list, 'data') : undefined;
  return Array.isArray(data) ? data.filter(isModel) : [];
}

/** undefined for what is no JSON: a target that cannot list its models may still answer. */
function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

function isModel(value: unknown): value is Model {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'id') === 'string';
}
