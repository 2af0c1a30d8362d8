import type { Facts, Lookup } from './facts.ts';
import type { Outside } from './outside.ts';
import type { Report } from './report.ts';

/** Something safe to try: it can be undone, or lasts for one run of the doctor. */
export type Fix = {
  readonly id: 'flush-names' | 'bypass-proxy' | 'other-resolver';
  /** Asked before anything is done. */
  readonly question: string;
  /** What will be done, exactly. */
  readonly does: string;
} & (
  | { readonly kind: 'command'; readonly tool: string; readonly args: readonly string[] }
  /** The world as it would be; nothing outside the doctor changes. */
  | { readonly kind: 'again'; readonly outside: Outside; readonly helped: string }
);

const FLUSH: Readonly<Record<string, readonly [tool: string, ...args: string[]]>> = {
  linux: ['resolvectl', 'flush-caches'],
  darwin: ['dscacheutil', '-flushcache'],
  win32: ['ipconfig', '/flushdns'],
};

const NAME_CODES = new Set(['dns-stale', 'dns-hijacked', 'resolver-down', 'dns-filtered', 'split-dns', 'name-unknown']);

/** What may be tried for this verdict, the cheapest first. Empty where somebody else has to act: then nothing here can help. */
export function fixesFor(report: Report, facts: Facts, outside: Outside): readonly Fix[] {
  const { code } = report.verdict;
  const fixes: Fix[] = [];
  const host = facts.target?.host;
  if (NAME_CODES.has(code) && host !== undefined) {
    const other = [...(facts.names?.public ?? []), ...(facts.names?.doh ?? [])].find(({ ips }) => ips.length > 0);
    if (other !== undefined) fixes.push(otherResolver(outside, host, other));
    const flush = FLUSH[outside.device.platform];
    if (flush !== undefined && code !== 'name-unknown') {
      const [tool, ...args] = flush;
      const does = [tool, ...args].join(' ');
      fixes.push({
        id: 'flush-names',
        kind: 'command',
        tool,
        args,
        does,
        question: 'Clear the names that this machine remembers?',
      });
    }
  }
  if (code.startsWith('proxy-') && host !== undefined && facts.proxy?.applies === true)
    fixes.push(bypass(outside, host));
  return fixes;
}

function otherResolver(outside: Outside, host: string, { by, ips }: Lookup): Fix {
  const names = {
    ...outside.names,
    lookup: (asked: string) => (asked === host ? Promise.resolve(ips) : outside.names.lookup(asked)),
  };
  return {
    id: 'other-resolver',
    kind: 'again',
    outside: { ...outside, names },
    does: `look again with the addresses that ${by} gives; this machine's settings stay as they are`,
    question: `Look again with the answer of ${by} instead of this machine's?`,
    helped: 'With another resolver it works: change the resolver of this machine or network.',
  };
}

function bypass(outside: Outside, host: string): Fix {
  const name = outside.env['no_proxy'] === undefined ? 'NO_PROXY' : 'no_proxy';
  const list = [outside.env[name] ?? '', host].filter((each) => each !== '').join(',');
  return {
    id: 'bypass-proxy',
    kind: 'again',
    outside: { ...outside, env: { ...outside.env, [name]: list } },
    does: `look again with ${name}=${list} for this run only`,
    question: `Look again without the proxy for ${host}?`,
    helped: `Without the proxy it works: set ${name}=${list} where the failing program starts.`,
  };
}
