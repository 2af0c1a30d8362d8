import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../proof/processes.ts';
import { serve } from '../src/serve.ts';
import { realWorld } from '../src/world/real.ts';
import { CORPUS, type Smuggle } from './smuggles.ts';

const PAGE = join(import.meta.dirname, '..', 'docs', 'reference', 'smuggling.md');

/** A back end that writes one line, `method path`, for each request that it takes for one. */
type BackEnd = { readonly name: string; readonly command: string; readonly port: number; lines(): string[] };

/** What an input led to at one back end. */
type Row = {
  readonly smuggle: Smuggle;
  readonly statuses: string;
  readonly counts: readonly string[];
  readonly wrong: string[];
};

/** How long a connection may stay silent before the next input: the gateway has answered, or waits for more that never comes. */
const SILENCE_MS = 150;

/** Runs the corpus through Goodgate in front of each back end that is installed, and writes the table. Returns the exit code. */
export async function smuggling(say: (line: string) => void): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'goodgate-smuggling-'));
  chmodSync(folder, 0o755);
  const children: ChildProcess[] = [];
  const stops: (() => Promise<void>)[] = [];
  try {
    const backEnds = await startBackEnds(folder, children, say);
    if (backEnds.length < 3) return 2;
    const gates: number[] = [];
    for (const { port } of backEnds) {
      const config = join(folder, `goodgate-${port}.yaml`);
      writeFileSync(
        config,
        `listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nlog: { level: off }\nhedge: { mode: off }\nretries: { attempts: 1, free-attempts: 0 }
targets: { a: { dialect: openai, url: "http://127.0.0.1:${port}", key: k } }\n`,
      );
      const serving = await serve(realWorld(), { config, say: () => undefined });
      gates.push(serving.address.port);
      stops.push(() => serving.stop());
    }
    const rows: Row[] = [];
    for (const smuggle of CORPUS) {
      const row = await tried(smuggle, backEnds, gates);
      rows.push(row);
      for (const fault of row.wrong) say(`WRONG ${smuggle.name}: ${fault}\n  ${JSON.stringify(smuggle.bytes)}`);
    }
    const wrong = rows.reduce((sum, row) => sum + row.wrong.length, 0);
    say(
      `${CORPUS.length} inputs of ${new Set(CORPUS.map(({ kind }) => kind)).size} classes, ${backEnds.map(({ name }) => name).join(', ')}: ${wrong} wrong`,
    );
    if (wrong === 0) writeFileSync(PAGE, page(rows, backEnds));
    return wrong === 0 ? 0 : 1;
  } finally {
    await Promise.all(stops.map((stop) => stop()));
    // Asked, not killed: Apache ends its workers by itself.
    await Promise.all(children.map((child) => (child.kill('SIGTERM') ? once(child, 'exit') : undefined)));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tried(smuggle: Smuggle, backEnds: readonly BackEnd[], gates: readonly number[]): Promise<Row> {
  const counts: string[] = [];
  const wrong: string[] = [];
  let statuses = '';
  for (const [i, backEnd] of backEnds.entries()) {
    const before = backEnd.lines().length;
    const answer = await said(gates[i] ?? 0, smuggle.bytes);
    const heard = backEnd.lines().slice(before);
    statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => match[1]).join(' ') || 'closed';
    counts.push(String(heard.length));
    if (heard.length > smuggle.requests)
      wrong.push(`${backEnd.name} took ${heard.length} requests for ${smuggle.requests}: ${heard.join(' | ')}`);
    const stray = heard.filter((line) => !smuggle.paths.includes(line));
    if (stray.length > 0) wrong.push(`${backEnd.name} saw ${stray.join(' | ')}`);
    if (smuggle.requests === 0 && !/^(4\d\d|501|505|closed)/.test(statuses)) wrong.push(`it was answered ${statuses}`);
  }
  return { smuggle, statuses, counts, wrong };
}

/** Writes the bytes and reads until the gateway closes or stays silent. */
function said(port: number, bytes: string): Promise<string> {
  return new Promise((fulfil) => {
    let heard = '';
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const silence = setTimeout(() => socket.destroy(), SILENCE_MS * 4);
    socket.on('connect', () => socket.write(bytes, 'latin1'));
    socket.on('data', (piece) => {
      heard += piece.toString('latin1');
      silence.refresh();
      clearTimeout(silence);
      setTimeout(() => socket.destroy(), SILENCE_MS);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(silence);
      fulfil(heard);
    });
  });
}

async function startBackEnds(
  folder: string,
  children: ChildProcess[],
  say: (line: string) => void,
): Promise<BackEnd[]> {
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    chmodSync(path, 0o666);
    return path;
  };
  const backEnds: BackEnd[] = [];
  const begin = async (
    name: string,
    command: string,
    port: number,
    log: string,
    args: readonly string[],
  ): Promise<void> => {
    const child = spawn(command, args, { stdio: 'ignore' });
    children.push(child);
    const isStarted = await Promise.race([once(child, 'error').then(() => false), listening(port).then(() => true)]);
    if (!isStarted) say(`${name} is not installed; on Debian: apt-get install nginx haproxy apache2`);
    else
      backEnds.push({
        name,
        command,
        port,
        lines: () =>
          readFileSync(log, 'utf8')
            .split('\n')
            .filter((line) => line !== ''),
      });
  };

  const nginxPort = await freePort();
  const nginxLog = file('nginx.log', '');
  const nginx = `daemon off; master_process off; pid ${folder}/nginx.pid; error_log /dev/null;
events { worker_connections 256; }
http {
  log_format line '$request_method $request_uri'; access_log ${nginxLog} line;
  client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  server { listen 127.0.0.1:${nginxPort}; location / { return 200 'ok'; } }
}`;
  await begin('nginx', 'nginx', nginxPort, nginxLog, ['-c', file('nginx.conf', nginx)]);

  const haproxyPort = await freePort();
  const haproxyLog = file('haproxy.log', '');
  const haproxy = `global
  log stdout format raw daemon
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend f
  bind 127.0.0.1:${haproxyPort}
  log global
  log-format "%HM %HU"
  http-request return status 200 content-type text/plain string ok
`;
  const config = file('haproxy.cfg', haproxy);
  await begin('HAProxy', 'sh', haproxyPort, haproxyLog, ['-c', `exec haproxy -db -f ${config} > ${haproxyLog}`]);

  const apachePort = await freePort();
  const apacheLog = file('apache.log', '');
  const modules = '/usr/lib/apache2/modules';
  const apache = `ServerName a
Listen 127.0.0.1:${apachePort}
PidFile ${folder}/apache.pid
DefaultRuntimeDir ${folder}
ErrorLog /dev/null
LoadModule mpm_event_module ${modules}/mod_mpm_event.so
LoadModule authz_core_module ${modules}/mod_authz_core.so
LoadModule alias_module ${modules}/mod_alias.so
LogFormat "%m %U%q" line
CustomLog ${apacheLog} line
DocumentRoot ${folder}
RedirectMatch 404 .*
`;
  await begin('Apache', 'apache2', apachePort, apacheLog, ['-DFOREGROUND', '-f', file('apache.conf', apache)]);
  return backEnds;
}

async function listening(port: number): Promise<void> {
  for (let i = 0; i < 400; i += 1) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((fulfil) => {
      socket.once('connect', () => fulfil(true)).once('error', () => fulfil(false));
    });
    socket.destroy();
    if (isOpen) return;
    await new Promise((fulfil) => setTimeout(fulfil, 25));
  }
  throw new Error(`nothing listens on port ${port} after 10 s`);
}

function page(rows: readonly Row[], backEnds: readonly BackEnd[]): string {
  const kinds = [...new Set(rows.map(({ smuggle }) => smuggle.kind))];
  const lines = kinds.map((kind) => {
    const these = rows.filter(({ smuggle }) => smuggle.kind === kind);
    const refused = these.filter(({ smuggle }) => smuggle.requests === 0);
    const statuses = [...new Set(these.map((row) => row.statuses))].sort().join(', ');
    const most = backEnds.map((_, i) => Math.max(...these.map((row) => Number(row.counts[i]))));
    return `| ${kind} | ${these.length} | ${refused.length} | ${statuses} | ${most.join(' | ')} |`;
  });
  return `<!-- Written by \`npm run fuzz -- --smuggling\`. -->
# Request smuggling

Each input is sent to Goodgate on a connection of its own, with ${backEnds.map(({ name }) => name).join(', ')} as the service behind it, and what the
service logs as requests is counted. An input that must be refused may reach no service at all; one that is a request, or several, may reach it at
most as often, with no other method and path than it names.

| class | inputs | refused | answers | ${backEnds.map(({ name }) => `most requests at ${name}`).join(' | ')} |
|---|--:|--:|---|${backEnds.map(() => '--:').join('|')}|
${lines.join('\n')}

HTTP/2 is not spoken on either side, so its downgrade classes have no door to come in by.
`;
}
