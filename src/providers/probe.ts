import { Failure } from '../call/failure.ts';
import type { Requester } from '../http1/contract.ts';

/** A list of models is a few KiB; more than 1 MiB is something else. */
const BYTES_MAX = 1024 * 1024;

/** GETs a URL on this machine and answers the JSON in it; for looking whether a local server is there. */
export function probeJson(requester: Requester): (url: string, timeoutMs: number) => Promise<unknown> {
  return (url, timeoutMs) =>
    new Promise((fulfil, reject) => {
      const { hostname, port, pathname } = new URL(url);
      const parts: Uint8Array[] = [];
      let bytesRead = 0;
      const origin = { host: hostname, port: Number(port || 80), isSecure: false };
      const clocks = {
        dnsMs: timeoutMs,
        connectMs: timeoutMs,
        tlsMs: 0,
        writeMs: timeoutMs,
        headMs: timeoutMs,
        betweenBytesMs: timeoutMs,
      };
      const request = {
        method: 'GET',
        target: pathname,
        fields: ['accept', 'application/json'],
        body: undefined,
        clocks,
        isReplayable: true,
      };
      const exchange = requester.exchange(origin, request, {
        informational() {},
        head(status) {
          if (status === 200) return;
          exchange.cancel();
          reject(new Error(`status ${status}`));
        },
        part(bytes) {
          bytesRead += bytes.length;
          if (bytesRead <= BYTES_MAX) {
            parts.push(Uint8Array.from(bytes));
            return;
          }
          exchange.cancel();
          reject(new Error(`more than ${BYTES_MAX} bytes`));
        },
        end() {
          try {
            fulfil(JSON.parse(Buffer.concat(parts).toString('utf8')));
          } catch (error) {
            reject(error);
          }
        },
        fail: (evidence) => reject(new Failure('closed-before-answer', evidence)),
      });
    });
}
