import type { Evidence } from '../diagnosis/evidence.ts';
import type { Wire, WireFault, WireHearer } from '../world/world.ts';
import { endingOf, FIN } from './ending.ts';
import { isFault } from './fault.ts';
import { HeadGatherer, MORE, REFUSED } from './gather.ts';
import { parseResponseHead } from './head.ts';
import { requestHead } from './serialise.ts';

/** 16 KiB: what a proxy says to CONNECT is a line and a few fields; 407 brings a challenge. */
const HEAD_BYTES_MAX = 16_384;

/** What went wrong at the proxy; its phase is `proxy-connect`. */
export type TunnelFault = Pick<Evidence, 'firstEvent' | 'errno' | 'syscall' | 'tlsAlert' | 'parse' | 'answer'>;

const NO_BODY = new Uint8Array(0);

/**
 * Asks the proxy at the other end of `wire` for a tunnel (RFC 9110 §9.3.6) and takes over its hearer until one of the two is called.
 * The body of a refusal is not read: the status and the fields are the proxy's word.
 */
export function openTunnel(
  wire: Wire,
  authority: string,
  authorization: string | undefined,
  opened: () => void,
  failed: (fault: TunnelFault) => void,
): void {
  const gatherer = new HeadGatherer(HEAD_BYTES_MAX, 0);
  let isOver = false;
  const fail = (fault: TunnelFault): void => {
    if (isOver) return;
    isOver = true;
    wire.destroy();
    failed(fault);
  };
  const hearer: WireHearer = {
    open() {},
    drain() {},
    data(bytes) {
      if (isOver) return;
      const next = gatherer.feed(bytes, 0);
      if (next === MORE) return;
      if (next === REFUSED) {
        fail({ firstEvent: 'parse', parse: gatherer.fault?.word ?? 'control' });
        return;
      }
      const head = parseResponseHead(gatherer.text);
      if (isFault(head)) {
        fail({ firstEvent: 'parse', parse: head.word });
      } else if (head.status < 200 || head.status >= 300) {
        fail({ firstEvent: 'answer', answer: { status: head.status, fields: head.fields, body: NO_BODY } });
      } else if (next < bytes.length) {
        // In TLS the client speaks first: bytes before ours are not from the service we asked for.
        fail({ firstEvent: 'parse', parse: 'unasked' });
      } else {
        isOver = true;
        opened();
      }
    },
    end() {
      fail(FIN);
    },
    close(fault: WireFault | undefined) {
      fail(endingOf(fault));
    },
  };
  wire.hearer = hearer;
  const fields = ['host', authority];
  if (authorization !== undefined) fields.push('proxy-authorization', authorization);
  wire.write(requestHead('CONNECT', authority, fields));
}
