/**
 * Every word the strict parser and the limits of the engine have for what they refuse, with the status a request gets for it.
 * A response that breaks the same rule is always 502 to the caller; its word goes into the evidence.
 */
export const FAULT_STATUS = {
  // The start line
  tls: 400, // a TLS handshake on a port that speaks plain HTTP
  'no-tls': 400, // plain HTTP on a port that speaks TLS
  'start-line': 400,
  method: 400,
  'method-length': 501, // RFC 9112 §3: longer than any we implement
  target: 400,
  'target-length': 414,
  version: 505,
  status: 400,
  // The field lines
  control: 400, // NUL or another control character
  'bare-cr': 400,
  'bare-lf': 400,
  'obs-fold': 400, // RFC 9112 §5.2, also white space before the first field (§2.2)
  'field-name': 400,
  'space-before-colon': 400, // RFC 9112 §5.1
  'no-colon': 400,
  'empty-lines': 400,
  'head-size': 431,
  fields: 431,
  // What the fields say together
  host: 400, // RFC 9112 §3.2: missing, twice or malformed
  authority: 400, // an absolute target that disagrees with Host
  expect: 417,
  'content-length': 400,
  'content-lengths': 400, // several that differ
  'length-and-chunked': 400,
  'transfer-encoding': 400, // chunked is not the last coding, or not once, or the list is malformed
  'transfer-encoding-1.0': 400,
  'transfer-coding': 501,
  'connect-body': 400,
  upgrade: 400,
  // The body
  'chunk-size': 400,
  'chunk-extension': 400,
  'chunk-extension-size': 413,
  'chunk-end': 400,
  'trailer-size': 431,
  'body-size': 413,
  // The connection
  'head-slow': 408,
  'body-slow': 408,
  'write-slow': 0, // the caller does not read its answer
  'gateway-bug': 500,
  connections: 503,
  'proxy-protocol': 0,
  cut: 0, // the caller went away before its request was whole
} as const satisfies Record<string, number>;

/** One word of `FAULT_STATUS`. */
export type FaultWord = keyof typeof FAULT_STATUS;

/** Something refused: which rule, and the status a request gets for it (0: nothing can be answered). */
export type HeadFault = { readonly word: FaultWord; readonly status: number };

const FAULTS = new Map<FaultWord, HeadFault>();
for (const word of Object.keys(FAULT_STATUS) as FaultWord[]) FAULTS.set(word, { word, status: FAULT_STATUS[word] });

/** The fault of that name; one object for each, so that hostile input costs no allocation. */
export function faultOf(word: FaultWord): HeadFault {
  return FAULTS.get(word) ?? { word, status: FAULT_STATUS[word] };
}

/** Tells a fault from the thing that was asked for. */
export function isFault(value: object): value is HeadFault {
  return 'word' in value;
}
