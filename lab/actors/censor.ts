/** Passes connections on to one host, and resets those whose ClientHello names it. Started by the lab with one argument, its settings as JSON. */
import { connect, createServer } from 'node:net';

const settings = JSON.parse(process.argv[2] ?? '{}') as {
  readonly port: number;
  readonly host: string;
  readonly name: string;
};

createServer((near) => {
  near.on('error', () => undefined);
  near.once('data', (hello) => {
    // The name stands in the clear in the server_name extension (RFC 6066 §3).
    if (hello.includes(settings.name)) return void near.resetAndDestroy();
    const far = connect(443, settings.host);
    far.on('error', () => near.destroy());
    near.on('close', () => far.destroy());
    far.write(hello);
    near.pipe(far).pipe(near);
  });
}).listen(settings.port, '::');
