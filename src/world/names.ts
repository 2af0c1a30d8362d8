import { getServers, Resolver } from 'node:dns';
import { lookup } from 'node:dns/promises';
import type { Names } from './world.ts';

/** Names of the real world. */
export const realNames: Names = {
  async lookup(host) {
    const answers = await lookup(host, { all: true, order: 'verbatim' });
    return answers.map((answer) => answer.address);
  },
  query(server, host, kind, timeoutMs) {
    // One try: the rooms above have their own clocks and their own second server.
    const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
    resolver.setServers([server]);
    return new Promise((fulfil, reject) => {
      const answered = (error: NodeJS.ErrnoException | null, records: { address: string; ttl: number }[]): void => {
        if (error !== null) {
          reject(error);
          return;
        }
        fulfil({
          addresses: records.map((record) => record.address),
          ttlS: Math.min(...records.map((record) => record.ttl)),
        });
      };
      if (kind === 'A') resolver.resolve4(host, { ttl: true }, answered);
      else resolver.resolve6(host, { ttl: true }, answered);
    });
  },
  servers: () => getServers(),
};
