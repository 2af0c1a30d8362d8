import type { Origin, Requester } from '../http1/contract.ts';
import { createRequester } from '../http1/requester.ts';
import { realWorld } from '../world/real.ts';

/** Exit codes, as in docs/reference/cli.md. */
const FOUND = 0;
const NOT_FOUND = 1;
const UNREACHABLE = 2;

/** A gateway on this machine answers within milliseconds; one across the world within a second. */
const CLOCK_MS = 5_000;
const CLOCKS = {
  dnsMs: CLOCK_MS,
  connectMs: CLOCK_MS,
  tlsMs: CLOCK_MS,
  writeMs: CLOCK_MS,
  headMs: CLOCK_MS,
  betweenBytesMs: CLOCK_MS,
};
/** A story is some KiB. */
const BYTES_MAX = 1024 * 1024;

/**
 * `goodgate why`: fetches the story of a call from a running gateway and prints it. `given` is the call's number, or the address of its
 * story as the error page links it. The story is there for calls of this machine, or with the credential that made the call in
 * `GOODGATE_KEY`. Exit code 0 when it was found, 1 when not, 2 when it cannot be asked for: no call number, no gateway.
 */
export async function whyCommand(
  given: string,
  options: { readonly url: string; readonly json: boolean },
): Promise<number> {
  const { id, url = options.url } = linkIn(given);
  if (id === undefined) {
    return refuse(
      `"${printable(given.slice(0, 100))}" is no call number: that is 32 hexadecimal digits, "Call number" on the error page and x-request-id of the answer`,
      options.json,
    );
  }
  const origin = originOf(url);
  if (origin === undefined) {
    return refuse(`"${printable(url)}" is no address of a gateway such as http://127.0.0.1:5020`, options.json);
  }
  const world = realWorld();
  const requester = createRequester(world, {});
  try {
    const { status, text } = await get(requester, origin, `/goodgate/why/${id}`, [
      ...['accept', options.json ? 'application/json' : 'text/plain'],
      ...(world.env['GOODGATE_KEY'] === undefined ? [] : ['authorization', `Bearer ${world.env['GOODGATE_KEY']}`]),
    ]);
    const stream = status === 200 || options.json ? process.stdout : process.stderr;
    // What comes over the network may not steer the terminal.
    stream.write(printable(text));
    return status === 200 ? FOUND : status === 404 ? NOT_FOUND : UNREACHABLE;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const help = 'start one with "goodgate serve", or name the right address with --url';
    return refuse(`no gateway answers at ${printable(url)}: ${printable(reason)}; ${help}`, options.json);
  } finally {
    requester.close();
  }
}

/** Says why there is no story to ask for, where a person or a program looks for it. */
function refuse(reason: string, isJson: boolean): number {
  if (isJson) process.stdout.write(`${JSON.stringify({ error: reason })}\n`);
  else process.stderr.write(`goodgate: ${reason}\n`);
  return UNREACHABLE;
}

/** Without what steers a terminal. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n]|\p{Cf}/gu, '?');
}

/** A call's number as people copy it: alone, with blanks or in capitals, or in the address of its story, which names the gateway too. */
function linkIn(given: string): { readonly id: string | undefined; readonly url?: string } {
  const text = given.trim();
  const link = /^(https?:\/\/[^/]+)\/goodgate\/why\/([0-9a-f]{32})\/?$/i.exec(text);
  if (link?.[1] !== undefined) return { id: link[2]?.toLowerCase(), url: link[1] };
  return { id: /^[0-9a-f]{32}$/i.test(text) ? text.toLowerCase() : undefined };
}

function originOf(text: string): Origin | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, port } = new URL(text);
  if (protocol !== 'http:' && protocol !== 'https:') return undefined;
  const isSecure = protocol === 'https:';
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (isSecure ? 443 : 80), isSecure };
}

function get(
  requester: Requester,
  origin: Origin,
  target: string,
  fields: string[],
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((fulfil, reject) => {
    const parts: Uint8Array[] = [];
    let status = 0;
    let bytesRead = 0;
    const exchange = requester.exchange(
      origin,
      { method: 'GET', target, fields, body: undefined, clocks: CLOCKS, isReplayable: true },
      {
        informational() {},
        head(given) {
          status = given;
        },
        part(bytes) {
          bytesRead += bytes.length;
          if (bytesRead <= BYTES_MAX) parts.push(Uint8Array.from(bytes));
          else {
            exchange.cancel();
            reject(new Error('its answer is too long'));
          }
        },
        end: () => fulfil({ status, text: Buffer.concat(parts).toString() }),
        fail: (evidence) => reject(new Error(evidence.errno ?? evidence.clock ?? evidence.firstEvent)),
      },
    );
  });
}
