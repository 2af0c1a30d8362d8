import { CODES, type Mark, PASSING, SIGNATURES, type Signature, type WriterKind } from './provenance.data.ts';

/** Who wrote an answer. Words from outside are bounded to `WORD_CHARS_MAX` plain characters. */
export type Provenance = {
  /** A name of the data file, `goodgate` for us, or `unknown`. */
  readonly writer: string;
  readonly kind: WriterKind;
  readonly confidence: 'confirmed' | 'likely' | 'inconclusive';
  /** True: the failure is the writer's own. False: it words what its origin said. Undefined: cannot be told. */
  readonly isOwn: boolean | undefined;
  readonly decidedBy: readonly string[];
  /** The writer's own code for it: `522`, `err_connect_fail`. */
  readonly vendorCode: string | undefined;
  /** What the writer's or carrier's support can find it by: a ray, a request id. */
  readonly vendorId: string | undefined;
  /** Edges that carried the answer, the writer left out. */
  readonly passedBy: readonly string[];
};

/** What the asker knows besides the answer itself. */
export type ProvenanceFacts = {
  /** The certificate shown with this answer; one that no public authority issued was made by an interceptor. */
  readonly certificate?: { readonly isPublic: boolean; readonly issuer: string } | undefined;
  /**
   * True only where the asker has its own proof that our gateway answered, such as an echoed nonce. Fields prove nothing: anyone can
   * write them, so without this no answer is ever taken for ours.
   */
  readonly isProvenOurs?: boolean | undefined;
};

/** The first 8 KiB and the last 4 KiB of a body: every known page gives itself away there, and no page costs more than a millisecond. */
const HEAD_BYTES = 8_192;
const TAIL_BYTES = 4_096;
/** 64 fields: more than any server sends with an error. */
const FIELDS_MAX = 64;
const VALUE_CHARS_MAX = 256;
const WORD_CHARS_MAX = 80;

/** What is looked at, in lower case. */
type Seen = {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
  readonly isWhole: boolean;
  readonly isJson: boolean;
};

/**
 * Who wrote this answer, from its status, fields and body, and the certificate where it is known. Pure and total: no input makes it
 * throw, and it reads at most 12 KiB. Names lower case in `fields` (flat name, value pairs).
 */
export function provenance(
  status: number,
  fields: readonly string[],
  body: Uint8Array,
  facts: ProvenanceFacts = {},
): Provenance {
  const seen = look(status, fields, body);
  if (facts.isProvenOurs)
    return verdict(seen, 'goodgate', 'us', 'confirmed', undefined, ['the answer proved to be ours']);
  if (facts.certificate !== undefined && !facts.certificate.isPublic) {
    const issuer = plain(facts.certificate.issuer);
    return verdict(seen, issuer || 'interceptor', 'filter', 'confirmed', true, [
      `certificate issued by ${issuer || 'no public authority'}`,
    ]);
  }
  const signature = SIGNATURES.find((one) => one.marks.every((mark) => holds(mark, seen)));
  if (signature === undefined) return verdict(seen, 'unknown', 'unknown', 'inconclusive', undefined, ['no known mark']);
  const isOwn = signature.speaksFor === undefined ? undefined : signature.speaksFor === 'itself';
  return verdict(seen, signature.writer, signature.kind, signature.confidence, isOwn, reasons(signature));
}

function verdict(
  seen: Seen,
  writer: string,
  kind: WriterKind,
  confidence: Provenance['confidence'],
  isOwn: boolean | undefined,
  decidedBy: readonly string[],
): Provenance {
  const carriers = PASSING.filter(([field]) => seen.fields.has(field));
  const own = carriers.find(([, carrier]) => carrier === writer) ?? carriers[0];
  const id = own === undefined ? '' : plain(seen.fields.get(own[0]) ?? '');
  return {
    writer,
    kind,
    confidence,
    isOwn,
    decidedBy,
    vendorCode: codeOf(writer, seen),
    vendorId: id === '' ? undefined : id,
    passedBy: carriers
      .map(([, carrier]) => carrier)
      .filter((carrier) => carrier !== writer && carrier !== 'application'),
  };
}

function look(status: number, fields: readonly string[], body: Uint8Array): Seen {
  const known = new Map<string, string>();
  const end = Math.min(fields.length - 1, FIELDS_MAX * 2);
  for (let i = 0; i < end; i += 2) {
    const name = fields[i];
    const value = fields[i + 1];
    if (name !== undefined && value !== undefined && !known.has(name))
      known.set(name, value.slice(0, VALUE_CHARS_MAX).toLowerCase());
  }
  const isWhole = body.length <= HEAD_BYTES + TAIL_BYTES;
  // latin1 takes any byte for a character, so that no body is undecodable; the marks are ASCII.
  const latin1 = new TextDecoder('latin1');
  const text = isWhole
    ? latin1.decode(body)
    : `${latin1.decode(body.subarray(0, HEAD_BYTES))}\n${latin1.decode(body.subarray(body.length - TAIL_BYTES))}`;
  return { status, fields: known, body: text.toLowerCase(), isWhole, isJson: isJson(known, body) };
}

/** JSON by its type, or without one by its first byte; events count as JSON, since that is what they carry. */
function isJson(fields: ReadonlyMap<string, string>, body: Uint8Array): boolean {
  const type = fields.get('content-type') ?? '';
  return (
    type.includes('json') || type.includes('event-stream') || (type === '' && (body[0] === 0x7b || body[0] === 0x5b))
  );
}

type BodyMark = Extract<
  Mark,
  { body: string } | { bodyAny: readonly string[] } | { bodyStarts: string } | { bodyIs: string }
>;

function holds(mark: Mark, seen: Seen): boolean {
  if ('status' in mark) return mark.status.includes(seen.status);
  if ('json' in mark) return seen.isJson && mark.json.some((text) => seen.body.includes(text));
  if ('body' in mark || 'bodyAny' in mark || 'bodyStarts' in mark || 'bodyIs' in mark)
    return !seen.isJson && holdsInBody(mark, seen);
  if ('without' in mark) return !seen.fields.has(mark.without);
  const value = seen.fields.get(mark.field);
  if (value === undefined) return false;
  if (mark.is !== undefined) return value === mark.is;
  if (mark.starts !== undefined) return value.startsWith(mark.starts);
  return mark.has === undefined || value.includes(mark.has);
}

function holdsInBody(mark: BodyMark, seen: Seen): boolean {
  if ('body' in mark) return seen.body.includes(mark.body);
  if ('bodyAny' in mark) return mark.bodyAny.some((text) => seen.body.includes(text));
  if ('bodyStarts' in mark) return seen.body.trimStart().startsWith(mark.bodyStarts);
  return seen.isWhole && seen.body.length <= 64 && seen.body.trim() === mark.bodyIs;
}

function reasons(signature: Signature): string[] {
  return signature.marks.map((mark) => {
    if ('status' in mark) return `a status of ${signature.writer}`;
    if ('field' in mark) return `field ${mark.field}`;
    if ('without' in mark) return `no field ${mark.without}`;
    return `the words of ${signature.writer}`;
  });
}

/** The writer's own code, where the data file knows its place; Cloudflare's own statuses are codes themselves. */
function codeOf(writer: string, seen: Seen): string | undefined {
  const place = Object.hasOwn(CODES, writer) ? CODES[writer] : undefined;
  if (place === undefined) return undefined;
  if (place.field !== undefined) return firstWord(seen.fields.get(place.field) ?? '');
  for (const word of place.after ?? []) {
    const at = seen.body.indexOf(word);
    if (at !== -1) {
      const code = firstWord(seen.body.slice(at + word.length, at + word.length + WORD_CHARS_MAX));
      if (code !== undefined) return code;
    }
  }
  if (writer !== 'cloudflare') return undefined;
  if (seen.fields.get('cf-mitigated') === 'challenge') return 'challenge';
  return seen.status >= 520 && seen.status <= 530 ? String(seen.status) : undefined;
}

/** Letters, digits, `-` and `_` up to the first other character. */
function firstWord(text: string): string | undefined {
  const end = text.search(/[^a-z0-9_-]/);
  const word = end === -1 ? text : text.slice(0, end);
  return word === '' ? undefined : word.slice(0, WORD_CHARS_MAX);
}

function plain(text: string): string {
  return text.slice(0, WORD_CHARS_MAX).replace(/[^A-Za-z0-9 _.:=+/-]/g, '');
}
