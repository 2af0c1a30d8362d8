/** What a room may use. `imports` are other rooms; `packages` third-party ones; `node` parts of Node that touch nothing outside the process. */
export type Room = {
  /** The question the room answers. */
  readonly asks: string;
  readonly imports: readonly string[];
  readonly packages: readonly string[];
  readonly node: readonly string[];
  /** Which doors to the outside it may open; empty for all but a few. */
  readonly outside: 'everything' | 'process' | 'nothing';
};

const CONTRACTS = ['call', 'pipeline', 'diagnosis', 'world', 'http1'] as const;

/**
 * Who may import whom. The rooms stand in order: each may use those above it that it names, and nothing else. Siblings (`attempts`,
 * `balance`, `health`, `stream`, `providers`) never meet: `gateway.ts` hands functions across.
 */
export const ROOMS = {
  diagnosis: room('what went wrong, whose side, what next?', []),
  world: room('what time is it, and who is out there?', [], { outside: 'everything' }),
  call: room('what are we talking about?', ['diagnosis', 'world', 'http1', 'pipeline']),
  http1: room('how is HTTP/1.1 spoken?', ['call', 'diagnosis', 'world']),
  pipeline: room('how do steps compose?', ['call', 'diagnosis', 'world']),
  attempts: room('how long, how often do we try?', CONTRACTS),
  balance: room('which target next?', CONTRACTS),
  health: room('which targets are fit?', CONTRACTS),
  stream: room('what has been said so far?', CONTRACTS, { node: ['node:zlib'] }),
  providers: room('how does each service speak?', CONTRACTS),
  config: room('what was asked for?', ['call', 'diagnosis', 'world', 'http1'], {
    packages: ['yaml', 'zod', 'fastest-levenshtein'],
    // Certificates and keys are read once at load, so that a bad one is told with its line.
    node: ['node:crypto'],
  }),
  server: room('HTTP at the edge', [...CONTRACTS, 'config'], {
    packages: ['fastest-levenshtein'],
    node: ['node:crypto'],
  }),
  drill: room('what if?', [...CONTRACTS, 'stream', 'providers', 'config', 'gateway', 'serve'], {
    packages: ['fastest-levenshtein'],
    node: ['node:crypto', 'node:zlib'],
  }),
  pool: room('what does one pool own?', [
    ...CONTRACTS,
    'attempts',
    'balance',
    'health',
    'stream',
    'providers',
    'config',
  ]),
  standby: room('what must be ready before it is needed?', [...CONTRACTS, 'health', 'providers', 'config', 'pool']),
  control: room('what can an operator do to it?', [...CONTRACTS, 'health', 'pool']),
  gateway: room('the path of a call, on one page', [
    ...CONTRACTS,
    'attempts',
    'health',
    'stream',
    'providers',
    'config',
    'pool',
    'standby',
    'control',
  ]),
  serve: room('the process, on one page', [...CONTRACTS, 'gateway', 'config', 'server', 'drill', 'providers'], {
    outside: 'process',
  }),
  doctor: room("why can't I reach it?", ['diagnosis', 'world', 'http1', 'config', 'call'], { packages: ['yaml'] }),
  cli: room('the terminal', [...CONTRACTS, 'config', 'serve', 'doctor', 'drill', 'server', 'map'], {
    packages: ['commander'],
    outside: 'process',
  }),
  map: room('who may import whom?', []),
} as const satisfies Record<string, Room>;

/** The longest file, in lines. Style says about 300; the rest is room to finish a thought. */
export const FILE_LINES_MAX = 350;

/** The longest function, in lines. Style says about 60: a screen. */
export const FUNCTION_LINES_MAX = 70;

function room(asks: string, imports: readonly string[], more: Partial<Room> = {}): Room {
  return { asks, imports, packages: [], node: [], outside: 'nothing', ...more };
}
