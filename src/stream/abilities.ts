import { type Fields, fieldOf } from '../call/fields.ts';
import type { Target } from '../call/target.ts';

/**
 * How a target goes on from a partial answer: not at all; from a trailing assistant message; from one with vLLM's and SGLang's
 * `continue_final_message`; from one with `prefix: true` (Mistral, DeepSeek beta).
 */
export type Ability = 'none' | 'prefill' | 'flags' | 'prefix';

/** 256 models that refused: more than any target serves. */
const REFUSALS_MAX = 256;

/** What one target can do, by config, by who it is, by what it said of itself, and by what it refused. */
export class TargetAbility {
  readonly #target: Target;
  readonly #configured: Ability | undefined;
  readonly #refused = new Set<string>();
  #heard: Ability | undefined;

  constructor(target: Target, configured?: Ability) {
    this.#target = target;
    this.#configured = configured;
  }

  of(model: string): Ability {
    if (this.#refused.has(model)) return 'none';
    return this.#configured ?? guess(this.#target, model) ?? this.#heard ?? 'none';
  }

  /** It would not go on from a partial answer of this model: it is not asked to again. */
  refused(model: string): void {
    if (this.#refused.size >= REFUSALS_MAX) this.#refused.clear();
    this.#refused.add(model);
  }

  /** True until an answer of it was heard: nothing is known of it but its address. */
  get isUnheard(): boolean {
    return this.#heard === undefined;
  }

  /** The fields of its first answer: llama.cpp's server names itself, and goes on from a trailing assistant message. */
  heard(fields: Fields): void {
    this.#heard ??= fieldOf(fields, 'server') === 'llama.cpp' ? 'prefill' : 'none';
  }
}

/** What is documented of the public services; undefined for those unknown. A wrong guess of "can" would spoil answers, so none is made. */
function guess(target: Target, model: string): Ability | undefined {
  if (target.dialect === 'azure-openai') return 'none';
  if (target.dialect === 'anthropic') return isPrefilledClaude(model) ? 'prefill' : 'none';
  const host = target.origin.host.toLowerCase();
  if (host === 'api.openai.com' || host.endsWith('.openai.azure.com')) return 'none';
  if (host.endsWith('.mistral.ai')) return 'prefix';
  if (host.endsWith('.deepseek.com')) return target.basePath.includes('/beta') ? 'prefix' : 'none';
  return undefined;
}

/** Claude models take a prefilled answer up to version 4.5 (Anthropic, migration guide to 4.6). */
function isPrefilledClaude(model: string): boolean {
  const version = /claude-(?:[a-z]+-)?(\d+)(?:[-.](\d{1,2})(?!\d))?/.exec(model);
  if (version === null) return false;
  const [major, minor] = [Number(version[1]), Number(version[2] ?? 0)];
  return major < 4 || (major === 4 && minor < 6);
}
