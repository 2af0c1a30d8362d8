/** DNS over HTTPS carries plain DNS messages (RFC 8484, RFC 1035): this is as much of them as a look-up of addresses needs. */

const TYPES = { A: 1, AAAA: 28 } as const;
const RCODES: Readonly<Record<number, string>> = { 1: 'EFORMERR', 2: 'ESERVFAIL', 3: 'ENOTFOUND', 5: 'EREFUSED' };
/** 64 records: more than any name of a service has addresses. */
const RECORDS_MAX = 64;

/** A question for the addresses of a name. @throws TypeError for what is no name. */
export function dnsQuery(host: string, kind: keyof typeof TYPES): Uint8Array {
  const labels = host.replace(/\.$/, '').split('.');
  const bytes: number[] = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  for (const label of labels) {
    const text = new TextEncoder().encode(label);
    if (text.length === 0 || text.length > 63) throw new TypeError(`not a name: ${host.slice(0, 100)}`);
    bytes.push(text.length, ...text);
  }
  bytes.push(0, 0, TYPES[kind], 0, 1);
  return Uint8Array.from(bytes);
}

/** The addresses of an answer, or the errno-like code of why there are none. Total: no bytes make it throw. */
export function dnsAnswer(
  bytes: Uint8Array,
  kind: keyof typeof TYPES,
): { readonly ips: readonly string[]; readonly errno: string | undefined } {
  const none = (errno: string) => ({ ips: [], errno });
  if (bytes.length < 12) return none('EBADRESP');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rcode = view.getUint8(3) & 15;
  if (rcode !== 0) return none(RCODES[rcode] ?? 'EBADRESP');
  const questions = view.getUint16(4);
  const answers = Math.min(view.getUint16(6), RECORDS_MAX);
  let at = 12;
  for (let i = 0; i < Math.min(questions, RECORDS_MAX); i += 1) at = afterName(bytes, at) + 4;
  const ips: string[] = [];
  for (let i = 0; i < answers; i += 1) {
    at = afterName(bytes, at);
    if (at + 10 > bytes.length) return none('EBADRESP');
    const type = view.getUint16(at);
    const length = view.getUint16(at + 8);
    const data = bytes.subarray(at + 10, at + 10 + length);
    if (type === TYPES[kind] && data.length === (kind === 'A' ? 4 : 16)) ips.push(addressText(data));
    at += 10 + length;
  }
  return ips.length > 0 ? { ips, errno: undefined } : none('ENODATA');
}

/** Where a name ends; a pointer (RFC 1035 §4.1.4) ends it and is not followed. */
function afterName(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const length = bytes[at] ?? 0;
    if (length === 0) return at + 1;
    if ((length & 0xc0) === 0xc0) return at + 2;
    at += length + 1;
  }
  return bytes.length;
}

function addressText(data: Uint8Array): string {
  if (data.length === 4) return data.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => (((data[i * 2] ?? 0) << 8) | (data[i * 2 + 1] ?? 0)).toString(16));
  // The URL parser knows the one canonical way to write it.
  return new URL(`http://[${groups.join(':')}]/`).hostname.replace(/^\[|\]$/g, '');
}
