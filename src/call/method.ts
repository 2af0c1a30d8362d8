/** RFC 9110 §9.2.2, and QUERY, which its draft registers as safe. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY']);

/** True for methods that mean the same sent once or twice. */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}
