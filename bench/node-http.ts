import { createServer } from 'node:http';
import { Pool } from 'undici';

/** The usual way on Node: `node:http` in front, an undici pool behind, streams piped. */
const [port, origin] = process.argv.slice(2).map(Number);
const pool = new Pool(`http://127.0.0.1:${origin}`, { connections: 256 });

createServer((request, response) => {
  const { host: _host, connection: _connection, ...headers } = request.headers;
  pool
    .stream(
      { path: request.url ?? '/', method: (request.method ?? 'GET') as 'POST', headers, body: request },
      ({ statusCode, headers: given }) => {
        const { connection: _hop, 'transfer-encoding': _coding, 'keep-alive': _keep, ...passed } = given;
        response.writeHead(statusCode, passed);
        return response;
      },
    )
    .catch(() => response.destroy());
}).listen(port, '127.0.0.1');
