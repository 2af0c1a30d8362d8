import type { Dialect } from '../call/call.ts';
import type { Target, TargetDialect } from '../call/target.ts';

/** What callers may say to a target of each dialect without translation. Any path that is no dialect of ours passes through to all. */
const SPOKEN: Record<TargetDialect, readonly Dialect[]> = {
  openai: ['openai-chat', 'openai-responses', 'openai-embeddings', 'openai-completions', 'http'],
  'azure-openai': ['openai-chat', 'openai-responses', 'openai-embeddings', 'openai-completions', 'http'],
  anthropic: ['anthropic-messages', 'http'],
  sandbox: ['openai-chat', 'openai-responses', 'openai-embeddings', 'openai-completions', 'anthropic-messages', 'http'],
};

/** True when the target understands calls of this dialect as they are. */
export function speaks(target: Target, dialect: Dialect): boolean {
  return SPOKEN[target.dialect].includes(dialect);
}

/**
 * The path to ask at the target. Callers write OpenAI's and Anthropic's paths, which begin with `/v1`; a target's base path stands for
 * that beginning. Other paths go to the target's root as they are.
 */
export function pathAt(target: Target, path: string): string {
  if (path.startsWith('/v1/') || path === '/v1' || path.startsWith('/v1?')) return target.basePath + path.slice(3);
  return path;
}
