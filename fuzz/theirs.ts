import { createRequire } from 'node:module';
import type { Course, OpenMessage, Side } from './course.ts';

/** The parts of Node's own parser (llhttp) that we use. It has no public door; `_http_common` is where `node:http` gets it from. */
type NodeParser = {
  [callback: number]: unknown;
  initialize(kind: number, resource: object): void;
  execute(bytes: Uint8Array, offset: number, length: number): number | (Error & { code: string });
};

/** `methods` leaves out those that are not HTTP's, and so the one that llhttp numbers behind them: QUERY. */
const { HTTPParser, methods } = createRequire(import.meta.url)('_http_common') as {
  HTTPParser: (new () => NodeParser) & Readonly<Record<string, number>>;
  methods: readonly string[];
};

const constant = (name: string): number => {
  const value = HTTPParser[name];
  if (value === undefined) throw new Error(`this Node's parser has no ${name}`);
  return value;
};
const [REQUEST, RESPONSE] = [constant('REQUEST'), constant('RESPONSE')];
const [ON_HEADERS, ON_HEADERS_COMPLETE] = [constant('kOnHeaders'), constant('kOnHeadersComplete')];
const [ON_BODY, ON_MESSAGE_COMPLETE] = [constant('kOnBody'), constant('kOnMessageComplete')];

let messages: OpenMessage[] = [];
let open: OpenMessage | undefined;
let early: { fields: string[]; target: string } = { fields: [], target: '' };

const parser = new HTTPParser();

/** Also called with what did not fit at once of a long head. */
parser[ON_HEADERS] = (flat: readonly string[], target: string): void => {
  if (open !== undefined) {
    open.trailers.push(...lowered(flat));
  } else {
    early.fields.push(...flat);
    early.target += target;
  }
};

parser[ON_HEADERS_COMPLETE] = (
  major: number,
  minor: number,
  flat: readonly string[] | undefined,
  method: number | undefined,
  target: string | undefined,
  status: number | undefined,
): number => {
  const version = `${major}.${minor}`;
  open = {
    start: status ? `${version} ${status}` : `${methods[method ?? -1] ?? 'QUERY'} ${target ?? early.target} ${version}`,
    fields: lowered(flat ?? early.fields),
    body: '',
    trailers: [],
    isWhole: false,
  };
  early = { fields: [], target: '' };
  messages.push(open);
  return 0;
};

parser[ON_BODY] = (bytes: Uint8Array): void => {
  if (open !== undefined) open.body += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).latin1Slice();
};

parser[ON_MESSAGE_COMPLETE] = (): void => {
  if (open !== undefined) open.isWhole = true;
  open = undefined;
};

/** Reads the bytes with the parser of `node:http`, as strict as it is by default. */
export function theirCourse(bytes: Uint8Array, side: Side): Course {
  messages = [];
  open = undefined;
  early = { fields: [], target: '' };
  parser.initialize(side === 'request' ? REQUEST : RESPONSE, {});
  const result = parser.execute(bytes, 0, bytes.length);
  if (typeof result === 'object') return { messages, ending: 'refused', word: result.code };
  return { messages, ending: result < bytes.length || isTunnel(messages.at(-1)) ? 'tunnel' : 'more', word: '' };
}

function isTunnel(message: OpenMessage | undefined): boolean {
  return message !== undefined && (message.start.startsWith('CONNECT ') || message.start.endsWith(' 101'));
}

function lowered(flat: readonly string[]): string[] {
  return flat.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : text));
}
