import type { ProxyError } from './cause.ts';
import type { Finding } from './finding.ts';
import { plainWord } from './service-words.ts';

/** One member of `Proxy-Status` (RFC 9209 §2): what one intermediary has to say of an answer. */
export type ProxyStatus = {
  /** The name of the intermediary. */
  readonly name: string;
  readonly error?: ProxyError | undefined;
  /** The status the next hop really sent. */
  readonly receivedStatus?: number | undefined;
  /** Only for those who may know where we connect. */
  readonly nextHop?: string | undefined;
  readonly details?: string | undefined;
  /** RFC 9209 §2.3.2: the resolver's response code. */
  readonly rcode?: string | undefined;
  /** RFC 9209 §2.3.15: the TLS alert's name. */
  readonly alertMessage?: string | undefined;
};

/** 256 characters for each string: enough for a sentence, too little to grow a head past anyone's limit. */
const STRING_CHARS_MAX = 256;
/** 2 KiB of members from upstream are kept; a longer field is dropped, ours alone is sent. */
const FIELD_CHARS_MAX = 2_048;
/** 16 hops: no honest path has more. */
const MEMBERS_MAX = 16;

/** Serialises one member: `goodgate; error=connection_refused; details="…"`. ASCII only, whatever is put in. */
export function proxyStatusMember(status: ProxyStatus): string {
  let text = itemOf(status.name);
  if (status.error !== undefined) text += `; error=${status.error}`;
  if (status.receivedStatus !== undefined) text += `; received-status=${Math.trunc(status.receivedStatus)}`;
  if (status.nextHop !== undefined) text += `; next-hop=${itemOf(status.nextHop)}`;
  if (status.rcode !== undefined) text += `; rcode=${stringOf(status.rcode)}`;
  if (status.alertMessage !== undefined) text += `; alert-message=${itemOf(status.alertMessage)}`;
  if (status.details !== undefined) text += `; details=${stringOf(status.details)}`;
  return text;
}

/** What a finding says as a member. `received-status` only when a status was received; `details` is the finding's own token, never text from outside. */
export function proxyStatusOf(finding: Finding, name: string, nextHop?: string): string {
  const detail = finding.detail;
  const isRcode = detail?.startsWith('rcode=') === true;
  const isAlert = finding.proxyError === 'tls_alert_received' && detail !== undefined;
  return proxyStatusMember({
    name,
    error: finding.proxyError,
    receivedStatus: finding.receivedStatus,
    nextHop,
    rcode: isRcode ? detail.slice('rcode='.length) : undefined,
    alertMessage: isAlert ? plainWord(detail) : undefined,
    details: detail === undefined || isRcode || isAlert ? finding.code : `${finding.code} ${detail}`,
  });
}

/** Puts our member behind those that came from upstream: the first is nearest the origin, the last nearest the caller. */
export function appendProxyStatus(existing: string | undefined, member: string): string {
  if (existing === undefined || existing.length > FIELD_CHARS_MAX || !/^[ -~]+$/.test(existing)) return member;
  return parseProxyStatus(existing).length === 0 ? member : `${existing}, ${member}`;
}

/** A member as others sent it; every word is plain and bounded. */
export type SeenProxyStatus = {
  readonly name: string;
  readonly error: string | undefined;
  readonly receivedStatus: number | undefined;
};

/** Reads the members of a field, nearest the origin first; a field that is no list yields none. Linear in its length, at most 2 KiB. */
export function parseProxyStatus(value: string): SeenProxyStatus[] {
  if (value.length > FIELD_CHARS_MAX) return [];
  const members: SeenProxyStatus[] = [];
  for (const text of splitOutsideStrings(value, ',').slice(0, MEMBERS_MAX)) {
    const [item = '', ...parameters] = splitOutsideStrings(text, ';');
    const name = unquoted(item);
    if (name === '') return [];
    let error: string | undefined;
    let receivedStatus: number | undefined;
    for (const parameter of parameters) {
      const equals = parameter.indexOf('=');
      const key = parameter.slice(0, equals).trim();
      const raw = parameter.slice(equals + 1).trim();
      if (key === 'error') error = plainWord(raw) || undefined;
      if (key === 'received-status' && /^\d{3}$/.test(raw)) receivedStatus = Number(raw);
    }
    members.push({ name, error, receivedStatus });
  }
  return members;
}

/** Splits at a separator that stands outside of `"…"`, where `\` escapes the next character (RFC 8941 §3.3.3). */
function splitOutsideStrings(text: string, separator: ',' | ';'): string[] {
  const pieces: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (isQuoted && character === '\\') i++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && character === separator) {
      pieces.push(text.slice(start, i));
      start = i + 1;
    }
  }
  pieces.push(text.slice(start));
  return pieces;
}

function unquoted(item: string): string {
  return plainWord(item.trim().replaceAll('"', ''));
}

/** An sf-token where the text is one (RFC 8941 §3.3.4), else an sf-string. */
function itemOf(text: string): string {
  return /^[A-Za-z*][A-Za-z0-9:/!#$%&'*+.^_`|~-]{0,127}$/.test(text) ? text : stringOf(text);
}

/** An sf-string: printable ASCII, `"` and `\` escaped; anything else becomes `?`. */
function stringOf(text: string): string {
  const ascii = text.slice(0, STRING_CHARS_MAX).replace(/[^ -~]/g, '?');
  return `"${ascii.replace(/["\\]/g, '\\$&')}"`;
}
