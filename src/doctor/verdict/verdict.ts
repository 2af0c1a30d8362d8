import type { Facts } from '../facts.ts';
import { CONNECT_RULES } from './connect.ts';
import { EXCHANGE_RULES } from './exchange.ts';
import { isWorking, type Judgement, type Rule } from './judgement.ts';
import { LOSS_RULES } from './loss.ts';
import { MACHINE_RULES } from './machine.ts';
import { NAMES_RULES } from './names.ts';
import { PROXY_RULES } from './proxy.ts';
import { TLS_RULES } from './tls.ts';

const PAST: readonly Rule[] = [
  {
    name: 'the failure is on record',
    judge: ({ past }) =>
      past === undefined
        ? undefined
        : {
            code: past.code,
            confidence: past.confidence,
            root: past.source === 'story' ? 'story' : 'given',
            decidedBy: past.decidedBy,
            hop: past.hop,
            side: past.side,
            detail: past.detail,
            retryAfterMs: past.retryAfterMs,
          },
  },
];

const ENDS: readonly Rule[] = [
  {
    name: 'everything works',
    judge: (facts) =>
      isWorking(facts)
        ? {
            code: 'works-now',
            confidence: 'confirmed',
            root: 'exchange',
            decidedBy: [`${facts.exchange?.tries.length ?? 0} of as many tries were answered`],
          }
        : facts.isStoryGood === true
          ? { code: 'works-now', confidence: 'confirmed', root: 'story', decidedBy: ['the gateway answered this call'] }
          : undefined,
  },
];

/**
 * The table: the first rule that applies decides. In the order of the way out, because what is broken nearer explains what is broken further;
 * a hop is blamed only where the hops before it were shown good, or where somebody else sees the same from elsewhere.
 */
export const RULES: readonly Rule[] = [
  ...PAST,
  ...MACHINE_RULES,
  ...PROXY_RULES,
  ...LOSS_RULES,
  ...NAMES_RULES,
  ...CONNECT_RULES,
  ...TLS_RULES,
  ...EXCHANGE_RULES,
  ...ENDS,
];

/** What the facts say. Pure and total: with nothing known it says that nothing is known. */
export function judge(facts: Facts): Judgement {
  for (const rule of RULES) {
    const judgement = rule.judge(facts);
    if (judgement !== undefined) return judgement;
  }
  const open = facts.unfinished ?? [];
  const by = open.length === 0 ? 'too little could be looked at' : `${open.join(', ')} did not finish`;
  return { code: 'not-enough-known', confidence: 'inconclusive', root: 'exchange', decidedBy: [by] };
}
