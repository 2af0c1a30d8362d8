import { createSocket } from 'node:dgram';

/** What a name server says of a name: addresses, a response code of RFC 1035 §4.1.1, or nothing at all. */
export type Saying = { readonly ips: readonly string[] } | { readonly rcode: number } | 'silence';

export type NameServer = { readonly address: string; close(): Promise<void> };

/** A name server on loopback over UDP, by RFC 1035: the question is copied into the answer, which has A records only. */
export async function nameServer(say: (host: string) => Saying): Promise<NameServer> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const end = query.indexOf(0, 12) + 5;
    const question = query.subarray(12, end);
    const said = say(hostOf(question));
    if (said === 'silence') return;
    const isA = question.readUInt16BE(question.length - 4) === 1;
    const ips = 'ips' in said && isA ? said.ips : [];
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(0x8180 | ('rcode' in said ? said.rcode : 0), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(ips.length, 6);
    const records = ips.map((ip) =>
      Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...ip.split('.').map(Number)]),
    );
    socket.send(Buffer.concat([head, question, ...records]), from.port, from.address);
  });
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    close: () => new Promise((closed) => socket.close(() => closed())),
  };
}

/** `3api4test0` → `api.test`. */
function hostOf(question: Buffer): string {
  const labels: string[] = [];
  for (let at = 0; at < question.length; ) {
    const length = question[at] ?? 0;
    if (length === 0) break;
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return labels.join('.');
}
