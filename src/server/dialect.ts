import type { Dialect } from '../call/call.ts';

const BY_PATH: ReadonlyMap<string, Dialect> = new Map([
  ['/v1/chat/completions', 'openai-chat'],
  ['/v1/responses', 'openai-responses'],
  ['/v1/embeddings', 'openai-embeddings'],
  ['/v1/completions', 'openai-completions'],
  ['/v1/messages', 'anthropic-messages'],
]);

/** What a request speaks, by its path without the query: only POSTs to the known paths are inference. */
export function dialectOf(method: string, path: string): Dialect {
  return method === 'POST' ? (BY_PATH.get(path) ?? 'http') : 'http';
}

const PATHS: ReadonlyMap<Dialect, string> = new Map([...BY_PATH].map(([path, dialect]) => [dialect, path]));

/** The path of an inference dialect, without any query; undefined for `http`. */
export function pathOfDialect(dialect: Dialect): string | undefined {
  return PATHS.get(dialect);
}

/** Whose shape an error has. */
export type ErrorShape = 'openai' | 'anthropic' | 'problem' | 'page';

/**
 * The shape a caller understands: a page for a browser that navigates (nobody else asks for HTML), its SDK's for the API's paths,
 * problem+json (RFC 9457) for the rest. `anthropic-version` tells Anthropic's SDK on any path.
 */
export function errorShapeOf(path: string, accept: string | undefined, isAnthropic: boolean): ErrorShape {
  if (accept?.includes('text/html') === true) return 'page';
  if (isAnthropic || path.startsWith('/v1/messages')) return 'anthropic';
  return path.startsWith('/v1/') ? 'openai' : 'problem';
}
