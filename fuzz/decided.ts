import type { Difference } from './compare.ts';
import type { Side } from './course.ts';

/** A difference between the parsers that is meant: which, by what line of which RFC, and why we stand where we stand. */
export type Decision = {
  readonly kind: Difference['kind'];
  /** Our word where we are stricter, the other parser's code where we are laxer, what differs where both read on. */
  readonly word: string;
  readonly side?: Side;
  /** What must be in the input for the decision to hold. */
  readonly when?: RegExp;
  readonly rfc: string;
  readonly why: string;
};

/**
 * Every difference to Node's parser that we know and want. One that is not here fails the fuzzer. There is nearly nothing under
 * `different`, and nothing may come there without the RFC being plainly on our side: those are the differences that smuggle.
 */
export const DECIDED: readonly Decision[] = [
  // ---- we refuse, Node's parser reads on ----------------------------------------------------------------------
  {
    kind: 'stricter',
    word: 'host',
    rfc: 'RFC 9112 §3.2',
    why: 'A request of HTTP/1.1 without exactly one good Host is 400. Node checks this behind its parser.',
  },
  {
    kind: 'stricter',
    word: 'authority',
    rfc: 'RFC 9112 §3.2.2',
    why: 'A target that names another host than Host does is read differently by different servers.',
  },
  {
    kind: 'stricter',
    word: 'expect',
    rfc: 'RFC 9110 §10.1.1',
    why: 'An expectation other than 100-continue is 417. Node checks this behind its parser.',
  },
  {
    kind: 'stricter',
    word: 'start-line',
    rfc: 'RFC 9112 §3, §4',
    why: 'A start line has three parts with one space between them. Node still reads HTTP/0.9 and pads.',
  },
  {
    kind: 'stricter',
    word: 'target',
    rfc: 'RFC 9112 §3.2',
    why: 'The target has one of four forms, none of which holds a fragment, a control character or a byte above 127.',
  },
  { kind: 'stricter', word: 'target-length', rfc: 'RFC 9112 §3', why: 'A bound of ours, answered with 414.' },
  {
    kind: 'stricter',
    word: 'method',
    rfc: 'RFC 9112 §2.2',
    why: 'A line that begins with white space or a control character is no request line.',
  },
  {
    kind: 'stricter',
    word: 'method-length',
    rfc: 'RFC 9112 §3',
    why: 'A method longer than any we know is answered with 501.',
  },
  {
    kind: 'stricter',
    word: 'version',
    rfc: 'RFC 9110 §2.5',
    why: 'We speak 1.0 and 1.1 and say 505 to the rest; Node takes 0.9 and 2.0 on the same wire.',
  },
  { kind: 'stricter', word: 'status', rfc: 'RFC 9110 §15', why: 'A status is three digits, the first of them 1 to 9.' },
  {
    kind: 'stricter',
    word: 'empty-lines',
    rfc: 'RFC 9112 §2.2',
    why: 'Servers pass over an empty line before a request (we over four). No such licence is given for responses.',
  },
  {
    kind: 'stricter',
    word: 'bare-lf',
    rfc: 'RFC 9112 §2.2',
    why: 'Reading LF as a line end is allowed, not asked for. Node does so in empty lines and behind HTTP/0.9.',
  },
  {
    kind: 'stricter',
    word: 'bare-cr',
    rfc: 'RFC 9112 §2.2',
    why: 'A CR without its LF is invalid; Node passes over it before a start line.',
  },
  {
    kind: 'stricter',
    word: 'control',
    rfc: 'RFC 9110 §5.5, RFC 9112 §4',
    why: 'NUL and its kind stand neither in a value nor in a reason phrase.',
  },
  {
    kind: 'stricter',
    word: 'tls',
    rfc: 'RFC 9112 §2.2',
    why: 'A connection that begins with a TLS handshake is none of HTTP.',
  },
  {
    kind: 'stricter',
    word: 'obs-fold',
    rfc: 'RFC 9112 §5.2',
    why: 'A folded line may be answered with 400 (request) or 502 (response).',
  },
  { kind: 'stricter', word: 'field-name', rfc: 'RFC 9110 §5.1', why: 'A field name is a token.' },
  { kind: 'stricter', word: 'no-colon', rfc: 'RFC 9112 §5', why: 'A field line has a colon.' },
  {
    kind: 'stricter',
    word: 'space-before-colon',
    side: 'request',
    rfc: 'RFC 9112 §5.1',
    why: 'White space before the colon of a request is 400.',
  },
  { kind: 'stricter', word: 'head-size', rfc: 'RFC 6585 §5', why: 'A bound of ours, answered with 431.' },
  { kind: 'stricter', word: 'fields', rfc: 'RFC 6585 §5', why: 'A bound of ours, answered with 431.' },
  {
    kind: 'stricter',
    word: 'content-length',
    rfc: 'RFC 9110 §8.6',
    why: 'A length is digits, and no more of them than keep their precision here (15).',
  },
  { kind: 'stricter', word: 'content-lengths', rfc: 'RFC 9112 §6.3', why: 'Lengths that differ are 400.' },
  {
    kind: 'stricter',
    word: 'length-and-chunked',
    rfc: 'RFC 9112 §6.1',
    why: 'Length and transfer coding together are how requests are smuggled.',
  },
  {
    kind: 'stricter',
    word: 'transfer-encoding',
    rfc: 'RFC 9112 §6.1, §6.3',
    why: 'Chunked must be the last coding and applied once. A response of another coding we could not decode, and it may be cut unseen.',
  },
  {
    kind: 'stricter',
    word: 'transfer-encoding-1.0',
    rfc: 'RFC 9112 §6.1',
    why: 'A transfer coding in HTTP/1.0 is a faulty framing.',
  },
  { kind: 'stricter', word: 'transfer-coding', rfc: 'RFC 9112 §6.1', why: 'A coding we do not know is 501.' },
  { kind: 'stricter', word: 'connect-body', rfc: 'RFC 9110 §9.3.6', why: 'A CONNECT has no content.' },
  {
    kind: 'stricter',
    word: 'chunk-size',
    rfc: 'RFC 9112 §7.1',
    why: 'A chunk size is digits, and no more of them than keep their precision here (13).',
  },
  {
    kind: 'stricter',
    word: 'chunk-extension',
    rfc: 'RFC 9112 §7.1.1',
    why: 'Nothing in an extension may look like the end of a line.',
  },
  {
    kind: 'stricter',
    word: 'last',
    rfc: 'RFC 9112 §9.6',
    why: 'Nothing is read behind a request that closes the connection.',
  },
  // ---- Node's parser refuses, we read on ----------------------------------------------------------------------
  {
    kind: 'laxer',
    word: 'HPE_INVALID_METHOD',
    side: 'request',
    rfc: 'RFC 9110 §9.1',
    why: 'Any token is a method. llhttp knows a closed list.',
  },
  {
    kind: 'laxer',
    word: 'HPE_INVALID_VERSION',
    side: 'request',
    when: /PRI /,
    rfc: 'RFC 9110 §9.1',
    why: 'As above: PRI is a method like any other in HTTP/1.1.',
  },
  {
    kind: 'laxer',
    word: 'HPE_UNEXPECTED_CONTENT_LENGTH',
    when: /content-length[\s\S]*content-length/i,
    rfc: 'RFC 9112 §6.3 rule 5',
    why: 'The same length twice may be taken for one; we write one.',
  },
  {
    kind: 'laxer',
    word: 'HPE_INVALID_CONTENT_LENGTH',
    when: /content-length:[ \t]*\d+[ \t]*,/i,
    rfc: 'RFC 9112 §6.3 rule 5',
    why: 'A list of one length may be taken for it; we write one.',
  },
  {
    kind: 'laxer',
    word: 'HPE_STRICT',
    when: /;/,
    rfc: 'RFC 9112 §7.1.1',
    why: 'Extensions are passed over unread, also where their grammar is broken.',
  },
  {
    kind: 'laxer',
    word: 'HPE_INVALID_HEADER_TOKEN',
    side: 'response',
    when: /[ \t]:/,
    rfc: 'RFC 9112 §5.1',
    why: 'A proxy removes white space before the colon of a response.',
  },
  {
    kind: 'laxer',
    word: 'HPE_CLOSED_CONNECTION',
    side: 'request',
    when: /\r\n0[^\r\n]*\r\n(?:[^\r\n]+\r\n)*connection:/i,
    rfc: 'RFC 9110 §6.5.1',
    why: 'A trailer field does not close a connection: it comes too late to say what the message is. llhttp reads it like one of the head.',
  },
  {
    kind: 'laxer',
    word: 'HPE_CLOSED_CONNECTION',
    side: 'response',
    rfc: 'RFC 9112 §9.6',
    why: 'What comes behind a last response is dropped with its connection by the client, not by the parser.',
  },
  {
    kind: 'laxer',
    word: 'HPE_INVALID_TRANSFER_ENCODING',
    side: 'response',
    when: /HTTP\/1\.[01] (?:1\d\d|204|304)/,
    rfc: 'RFC 9112 §6.3 rule 1',
    why: 'A response without a body by its status has none, whatever its fields say.',
  },
  {
    kind: 'laxer',
    word: 'HPE_UNEXPECTED_CONTENT_LENGTH',
    side: 'response',
    when: /HTTP\/1\.[01] (?:1\d\d|204|304)/,
    rfc: 'RFC 9112 §6.3 rule 1',
    why: 'As above.',
  },
  {
    kind: 'laxer',
    word: 'HPE_INVALID_CONTENT_LENGTH',
    side: 'response',
    when: /HTTP\/1\.[01] (?:1\d\d|204|304)/,
    rfc: 'RFC 9112 §6.3 rule 1',
    why: 'As above.',
  },
  {
    kind: 'laxer',
    word: 'HPE_INVALID_TRANSFER_ENCODING',
    when: /chunked[ ]*\t/i,
    rfc: 'RFC 9110 §5.5',
    why: 'A tab behind a value is not part of it. llhttp does not know it for white space there.',
  },
  {
    kind: 'laxer',
    word: 'HPE_INVALID_TRANSFER_ENCODING',
    when: /\r\n0[^\r\n]*\r\n(?:[^\r\n]+\r\n)*transfer-encoding[ \t]*:/i,
    rfc: 'RFC 9110 §6.5.1',
    why: 'A trailer field says nothing of framing and is dropped. llhttp reads it like one of the head.',
  },
  {
    kind: 'laxer',
    word: 'HPE_INVALID_CONTENT_LENGTH',
    when: /\r\n0[^\r\n]*\r\n(?:[^\r\n]+\r\n)*content-length[ \t]*:/i,
    rfc: 'RFC 9110 §6.5.1',
    why: 'As above.',
  },
  {
    kind: 'laxer',
    word: 'HPE_UNEXPECTED_CONTENT_LENGTH',
    when: /\r\n0[^\r\n]*\r\n(?:[^\r\n]+\r\n)*content-length[ \t]*:/i,
    rfc: 'RFC 9110 §6.5.1',
    why: 'As above.',
  },
  // ---- both read on, and differ -------------------------------------------------------------------------------
  {
    kind: 'different',
    word: 'body',
    side: 'response',
    when: /chunked[ ]*\t/i,
    rfc: 'RFC 9110 §5.5',
    why: 'As above: the response is chunked. llhttp takes the unknown coding for a body until the close.',
  },
  {
    kind: 'different',
    word: 'end of body',
    side: 'response',
    when: /chunked[ ]*\t/i,
    rfc: 'RFC 9110 §5.5',
    why: 'As above.',
  },
  {
    kind: 'different',
    word: 'body',
    side: 'response',
    when: /HTTP\/1\.[01] 1\d\d[^\r\n]*\r\n(?:[^\r\n]+\r\n)*transfer-encoding[ \t]*:/i,
    rfc: 'RFC 9112 §6.3 rule 1',
    why: 'An interim response has no body. llhttp reads one where a coding is named.',
  },
  {
    kind: 'different',
    word: 'behind an upgrade',
    side: 'request',
    rfc: 'RFC 9110 §7.8',
    why: 'A server may ignore an upgrade, and this one takes none but a websocket. llhttp leaves what follows to its owner.',
  },
];

/** The decision that covers a difference, if any does. */
export function decisionFor(difference: Difference, side: Side, text: string): Decision | undefined {
  return DECIDED.find(
    (decision) =>
      decision.kind === difference.kind &&
      decision.word === difference.word &&
      (decision.side === undefined || decision.side === side) &&
      (decision.when === undefined || decision.when.test(text)),
  );
}
