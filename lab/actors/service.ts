/**
 * The AI service: the drill's faulty upstream behind TLS, on every address of its namespace. Started by the lab with one argument: its
 * settings as JSON.
 */
import { readFileSync } from 'node:fs';
import { parseFaultOrder } from '../../src/drill/parse-fault.ts';
import { startUpstream } from '../../src/drill/upstream.ts';
import { realWorld } from '../../src/world/real.ts';
import type { World } from '../../src/world/world.ts';

const settings = JSON.parse(process.argv[2] ?? '{}') as {
  readonly port: number;
  /** Plain HTTP without them. */
  readonly certificate?: string;
  readonly key?: string;
  readonly keys?: readonly string[];
  /** A fault of the drill's vocabulary, with its share. */
  readonly fault?: string;
  readonly paceWordsPerS?: number;
};

const { certificate, key } = settings;
const upstream = await startUpstream(
  certificate === undefined || key === undefined ? realWorld() : overTls(certificate, key),
  {
    name: 'service',
    address: { ip: '::', port: settings.port },
    models: ['gpt-5', 'text-embedding-3-small'],
    paceWordsPerS: settings.paceWordsPerS ?? 40,
    ...(settings.keys && { keys: settings.keys }),
  },
);
if (settings.fault !== undefined) {
  const order = parseFaultOrder(settings.fault);
  if (!order.ok) throw new Error(order.problem);
  await upstream.setFault(order.value.fault, { share: order.value.share });
}

/** The same world, whose listeners speak TLS. */
function overTls(certificateFile: string, keyFile: string): World {
  const world = realWorld();
  const tls = {
    certificate: readFileSync(certificateFile, 'utf8'),
    key: readFileSync(keyFile, 'utf8'),
    alpn: ['http/1.1'],
  };
  return {
    ...world,
    net: { ...world.net, listen: (options, accept) => world.net.listen({ ...options, tls }, accept) },
  };
}
