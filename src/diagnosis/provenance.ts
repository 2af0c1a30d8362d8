/** Who wrote an answer. */
export type Provenance = {
  readonly writer: string;
  readonly kind:
    | 'us'
    | 'server'
    | 'balancer'
    | 'edge'
    | 'forward-proxy'
    | 'portal'
    | 'filter'
    | 'application'
    | 'unknown';
  readonly confidence: 'confirmed' | 'likely' | 'inconclusive';
  readonly decidedBy: readonly string[];
  readonly vendorId?: string;
  readonly isOwn?: boolean;
};

export function provenance(_status: number, _fields: readonly string[], _body: Uint8Array): Provenance {
  return { writer: 'unknown', kind: 'unknown', confidence: 'inconclusive', decidedBy: [] };
}
