import proxy from '@fastify/http-proxy';
import fastify from 'fastify';

/** The proxy plugin most Node services use. */
const [port, origin] = process.argv.slice(2).map(Number);
const server = fastify();
await server.register(proxy, { upstream: `http://127.0.0.1:${origin}`, http2: false });
await server.listen({ port: port ?? 0, host: '127.0.0.1' });
