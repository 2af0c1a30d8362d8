import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './processes.ts';

/** What a real server answered: `nginx-1.22.1-502`, who wrote it, and the bytes as they came, latin1. */
export type Captured = { readonly name: string; readonly writer: string; readonly bytes: string };

/** Ports of the services behind: one that never answers, one that speaks no HTTP, one that hangs up, and one where nobody listens. */
type Behind = { readonly silent: number; readonly garbled: number; readonly closing: number; readonly nobody: number };

/** A server that Debian has: how to start it on a port, and what to ask it for which answer. */
type RealServer = {
  readonly name: string;
  readonly program: string;
  /** Prints its version. */
  readonly versionArgs: readonly string[];
  /** Writes its config and gives its arguments. */
  readonly start: (folder: string, port: number, behind: Behind) => readonly string[];
  readonly asks: (behind: Behind) => Readonly<Record<string, string>>;
};

const get = (path: string, host = 'service.example') =>
  `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`;
const through = (port: number) => get(`http://127.0.0.1:${port}/`, `127.0.0.1:${port}`);
const GARBAGE = 'GARBAGE\x01 /\r\n\r\n';
const paths = (...codes: readonly number[]) => Object.fromEntries(codes.map((code) => [String(code), get(`/${code}`)]));

const SERVERS: readonly RealServer[] = [
  {
    name: 'nginx',
    program: '/usr/sbin/nginx',
    versionArgs: ['-v'],
    start: (folder, port, behind) => {
      const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (kind) => `${kind}_temp_path ${folder}/${kind};`,
      );
      const gone = [500, 503, 403, 429].map((code) => `location /${code} { return ${code}; }`);
      return written(
        folder,
        `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/err; events {}
http { access_log off; ${temp.join(' ')}
  server { listen 127.0.0.1:${port}; client_max_body_size 10; ${gone.join(' ')}
    location /502 { proxy_pass http://127.0.0.1:${behind.nobody}; }
    location /504 { proxy_read_timeout 1s; proxy_pass http://127.0.0.1:${behind.silent}; } } }`,
        (file) => ['-c', file, '-e', `${folder}/err`],
      );
    },
    asks: () => ({
      ...paths(500, 502, 503, 504, 403, 404, 429),
      400: GARBAGE,
      '400-cookie': `GET / HTTP/1.1\r\nhost: a\r\ncookie: ${'a'.repeat(40_000)}\r\n\r\n`,
      413: `POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\nconnection: close\r\n\r\n${'a'.repeat(100)}`,
    }),
  },
  {
    name: 'haproxy',
    program: '/usr/sbin/haproxy',
    versionArgs: ['-v'],
    start: (folder, port, behind) =>
      written(
        folder,
        `global
  maxconn 100
defaults
  mode http
  timeout client 3s
  timeout connect 1s
  timeout server 1s
frontend f
  bind 127.0.0.1:${port}
  use_backend b502 if { path /502 }
  use_backend b504 if { path /504 }
  http-request deny deny_status 429 if { path /429 }
  http-request deny if { path /403 }
  default_backend b503
backend b502
  server s 127.0.0.1:${behind.garbled}
backend b503
  server s 127.0.0.1:${behind.nobody}
backend b504
  server s 127.0.0.1:${behind.silent}
`,
        (file) => ['-db', '-f', file],
      ),
    asks: () => ({ ...paths(502, 503, 504, 403, 429), 400: GARBAGE, 408: 'GET / HTT' }),
  },
  {
    name: 'apache',
    program: '/usr/sbin/apache2',
    versionArgs: ['-v'],
    start: (folder, port, behind) => {
      const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http'].map(
        (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
      );
      return written(
        folder,
        `ServerRoot ${folder}
PidFile ${folder}/pid
Listen 127.0.0.1:${port}
ServerName localhost
User www-data
Group www-data
${modules.join('\n')}
ErrorLog ${folder}/err
ProxyTimeout 1
ProxyPass /503 http://127.0.0.1:${behind.nobody}/
ProxyPass /502 http://127.0.0.1:${behind.closing}/
`,
        (file) => ['-f', file, '-DFOREGROUND'],
      );
    },
    asks: () => ({ ...paths(502, 503, 404), 400: GARBAGE }),
  },
  {
    name: 'caddy',
    program: '/usr/bin/caddy',
    versionArgs: ['version'],
    start: (folder, port, behind) =>
      written(
        folder,
        `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  handle /502 {
    reverse_proxy 127.0.0.1:${behind.nobody}
  }
  handle /504 {
    reverse_proxy 127.0.0.1:${behind.silent} {
      transport http {
        response_header_timeout 1s
      }
    }
  }
  handle /503 {
    error 503
  }
  handle {
    root * ${folder}
    file_server
  }
}
`,
        (file) => ['run', '--adapter', 'caddyfile', '--config', file],
      ),
    asks: () => Object.fromEntries([502, 503, 504, 404].map((code) => [String(code), get(`/${code}`, '127.0.0.1')])),
  },
  {
    name: 'squid',
    program: '/usr/sbin/squid',
    versionArgs: ['-v'],
    start: (folder, port) =>
      written(
        folder,
        `http_port 127.0.0.1:${port}
acl bad port 1
http_access deny bad
http_access allow all
cache_mem 8 MB
access_log none
cache_log ${folder}/log
pid_filename ${folder}/pid
coredump_dir ${folder}
visible_hostname proxy.example
connect_timeout 1 seconds
read_timeout 1 seconds
pinger_enable off
`,
        (file) => ['-N', '-f', file],
      ),
    asks: (behind) => ({
      503: through(behind.nobody),
      502: through(behind.closing),
      504: through(behind.silent),
      403: through(1),
      400: get('/'),
      'connect-503': `CONNECT 127.0.0.1:${behind.nobody} HTTP/1.1\r\nhost: 127.0.0.1:${behind.nobody}\r\n\r\n`,
    }),
  },
  {
    name: 'varnish',
    program: '/usr/sbin/varnishd',
    versionArgs: ['-V'],
    start: (folder, port, behind) =>
      written(
        folder,
        `vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "${behind.nobody}"; }
sub vcl_recv { if (req.url == "/404") { return (synth(404)); } return (pass); }
`,
        (file) => [
          '-F',
          '-j',
          'none',
          '-n',
          `${folder}/work`,
          '-a',
          `127.0.0.1:${port}`,
          '-f',
          file,
          '-s',
          'malloc,8M',
        ],
      ),
    asks: () => paths(503, 404),
  },
];

function written(folder: string, text: string, args: (file: string) => readonly string[]): readonly string[] {
  const file = join(folder, 'config');
  writeFileSync(file, text);
  return args(file);
}

/** Starts each server that is installed, asks it for its error pages, and stops it. Says which are missing. */
export async function captureAll(): Promise<Captured[]> {
  const stage = openStage();
  const captured: Captured[] = [];
  try {
    const behind = await stage.behind();
    for (const server of SERVERS) {
      if (!existsSync(server.program)) {
        console.log(
          `provenance: ${server.name} is not installed (apt-get install ${server.name === 'apache' ? 'apache2' : server.name})`,
        );
        continue;
      }
      captured.push(...(await capture(server, behind, await freePort())));
    }
    return captured;
  } finally {
    stage.close();
  }
}

async function capture(server: RealServer, behind: Behind, port: number): Promise<Captured[]> {
  const folder = mkdtempSync(join(tmpdir(), `goodgate-${server.name}-`));
  mkdirSync(join(folder, 'work'));
  const process = spawn(server.program, server.start(folder, port, behind), { stdio: 'ignore', detached: true });
  try {
    await untilListening(process, port, server.name);
    const version = versionOf(server);
    const asks = Object.entries(server.asks(behind));
    return await Promise.all(
      asks.map(async ([what, bytes]) => {
        const name = `${server.name}-${version}-${what}`;
        return { name, writer: server.name, bytes: await ask(port, bytes) };
      }),
    );
  } finally {
    // Its own group, so that the workers go with it.
    if (process.pid !== undefined) endGroup(process.pid);
    rmSync(folder, { recursive: true, force: true });
  }
}

function endGroup(pid: number): void {
  try {
    globalThis.process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

function versionOf({ program, versionArgs }: RealServer): string {
  const out = execFileSync('sh', ['-c', '"$0" "$@" 2>&1', program, ...versionArgs], { encoding: 'utf8' });
  return /\d+(?:\.\d+)+/.exec(out)?.[0] ?? 'unknown';
}

const STARTS_MAX = 100;

async function untilListening(process: ChildProcess, port: number, name: string): Promise<void> {
  for (let tries = 0; tries < STARTS_MAX; tries += 1) {
    if (process.exitCode !== null) break;
    const isOpen = await new Promise<boolean>((told) => {
      const socket = connect(port, '127.0.0.1', () => told(true));
      socket.on('error', () => told(false));
      socket.on('connect', () => socket.destroy());
    });
    if (isOpen) return;
    await new Promise((passed) => setTimeout(passed, 100));
  }
  throw new Error(`${name} does not start on port ${port}`);
}

/** Servers that keep the connection are given this long after their last byte. */
const QUIET_MS = 8_000;

function ask(port: number, bytes: string): Promise<string> {
  return new Promise((heard, failed) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    socket.setTimeout(QUIET_MS, () => socket.destroy());
    socket.on('data', (part) => {
      text += part.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => (text === '' ? failed(new Error(`no answer on port ${port}`)) : heard(text)));
  });
}

function openStage() {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const listen = (play: (socket: Socket) => void): Promise<number> =>
    new Promise((listening) => {
      const server = createServer((socket) => {
        sockets.add(socket.on('error', () => undefined));
        play(socket);
      });
      servers.push(server);
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        listening(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  return {
    behind: async (): Promise<Behind> => ({
      silent: await listen(() => undefined),
      garbled: await listen((socket) => socket.once('data', () => socket.end('garbage\r\n\r\n'))),
      closing: await listen((socket) => socket.once('data', () => socket.end())),
      nobody: await freePort(),
    }),
    close(): void {
      for (const socket of sockets) socket.destroy();
      for (const server of servers) server.close();
    },
  };
}
