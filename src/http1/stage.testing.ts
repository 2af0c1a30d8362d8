import type { Exchange, OutgoingRequest } from './contract.ts';
import { asking, type Heard, hearing } from './hearing.testing.ts';
import { type PlayedWire, type PlayedWorld, playedWorld } from './played-world.testing.ts';
import { createRequester, type RequesterSettings } from './requester.ts';

/** An answer of two bytes. */
export const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
/** Where all requests of a stage go. */
export const ORIGIN = { host: 'api.example', port: 80, isSecure: false } as const;

/** One origin in a played world, with what tests do to it. */
export type Stage = {
  readonly world: PlayedWorld;
  ask(change?: Partial<OutgoingRequest>): { readonly heard: Heard; readonly exchange: Exchange };
  /** The next wire that was asked for and not yet taken, opened. */
  opened(): Promise<PlayedWire>;
  /** One exchange from dialling to its end; its wire is idle now. */
  warmed(): Promise<PlayedWire>;
};

/** A fresh one. */
export function stage(settings: Partial<RequesterSettings> = {}): Stage {
  const world = playedWorld();
  const requester = createRequester(world, settings);
  let taken = 0;
  const ask: Stage['ask'] = (change = {}) => {
    const heard = hearing();
    return { heard, exchange: requester.exchange(ORIGIN, asking(change), heard.receiver) };
  };
  const opened = async (): Promise<PlayedWire> => {
    await world.turn();
    const wire = world.wires[taken];
    if (wire === undefined) throw new Error('no wire was asked for');
    taken += 1;
    wire.opens();
    return wire;
  };
  return {
    world,
    ask,
    opened,
    async warmed() {
      const { heard } = ask();
      const wire = await opened();
      wire.says(OK);
      if (heard.events.at(-1) !== 'end') throw new Error('the first exchange did not end well');
      return wire;
    },
  };
}

/** A request that may not be sent twice. */
export const POST = { method: 'POST', body: Buffer.from('{"a":1}'), isReplayable: false } as const;
