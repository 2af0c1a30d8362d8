import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { accepting, freePort, scratchFile, start } from '../proof/processes.ts';

/** 0.3 KB, as a short answer of a chat model. */
const ANSWER = JSON.stringify({
  id: 'chatcmpl-0123456789abcdef0123456789',
  object: 'chat.completion',
  created: 1_760_000_000,
  model: 'bench',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'The sky is blue because air scatters blue light more.' },
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 12, completion_tokens: 12, total_tokens: 24 },
});

export type Origin = { readonly port: number; readonly process: ChildProcess };

/** A native origin for plain calls: nginx, which answers from memory and is never the bottleneck. */
export async function plainOrigin(): Promise<Origin> {
  const port = await freePort();
  const config = scratchFile(
    'origin.conf',
    `daemon off; master_process off; pid ${scratchFile('origin.pid', '')}; error_log /dev/null;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000; client_body_buffer_size 64k;
  server {
    listen 127.0.0.1:${port};
    location / { default_type application/json; return 200 '${ANSWER}'; }
  }
}
`,
  );
  const process = start('nginx', ['-c', config]);
  await accepting(port);
  return { port, process };
}

/** An origin that streams: `events` of about 200 bytes to each caller, one every `gapMs`. */
export async function streamOrigin(events: number, gapMs: number): Promise<Origin> {
  const port = await freePort();
  const child = start(process.execPath, [
    join(import.meta.dirname, 'sse-origin.ts'),
    String(port),
    String(events),
    String(gapMs),
  ]);
  await accepting(port);
  return { port, process: child };
}
