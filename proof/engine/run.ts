/** `npm run test:engine -- NAME [OPTION…]`: the proofs of the HTTP engine that take minutes, or tools that not every machine has. */
const PROOFS: Record<string, { readonly says: string; readonly run: () => Promise<unknown> }> = {
  race: { says: 'the keep-alive race, 100,000 calls', run: () => import('./race.ts') },
  slow: { says: 'slow heads, bodies and readers (slowhttptest)', run: () => import('./slow.ts') },
  proxy: { says: 'a real forward proxy (squid)', run: () => import('./proxy.ts') },
};

const name = process.argv[2] ?? '';
const proof = PROOFS[name];
if (proof === undefined) {
  const lines = Object.entries(PROOFS).map(([each, { says }]) => `  ${each.padEnd(6)} ${says}`);
  console.log(`npm run test:engine -- NAME\n${lines.join('\n')}`);
  process.exit(2);
}
process.argv.splice(2, 1);
await proof.run();
