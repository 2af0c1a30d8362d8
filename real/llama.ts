import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { ended, start } from './child.ts';
import type { Installed } from './install.ts';

/** A llama.cpp server on loopback that can be killed and started again on the same port. */
export type Llama = {
  readonly name: string;
  /** `http://127.0.0.1:PORT/v1`; the port stays the same over restarts. */
  readonly url: string;
  /** True while it works on a call, as its own log says. */
  isAtWork(): boolean;
  /** SIGKILL: the kernel closes its sockets, nothing is said to anyone. Resolves once it is gone. */
  kill(): Promise<void>;
  /** Starts it again after `kill`; resolves once it listens. Does nothing while it runs. */
  restart(): Promise<void>;
};

const readyMsMax = 60_000; // loading takes 2 s on an idle core

/** Starts one server; resolves once it listens with the model loaded. */
export async function startLlama(name: string, installed: Installed, logFolder: string): Promise<Llama> {
  const log = join(logFolder, `${name}.log`);
  let state = await launch(installed, log, 0);
  const port = new URL(state.address).port;
  let isKilled = false;
  return {
    name,
    url: `${state.address}/v1`,
    isAtWork: () => state.atWork > 0 && !isKilled,
    kill: async () => {
      isKilled = true;
      state.child.kill('SIGKILL');
      await ended(state.child);
    },
    restart: async () => {
      if (!isKilled) return;
      await ended(state.child);
      state = await launch(installed, log, Number(port));
      isKilled = false;
    },
  };
}

type Launched = { readonly child: ChildProcess; readonly address: string; atWork: number };

async function launch(installed: Installed, log: string, port: number): Promise<Launched> {
  let listening: ((address: string) => void) | undefined;
  const work = { atWork: 0 };
  const child = start(
    installed.python,
    [join(import.meta.dirname, 'llama_server.py'), installed.weights, String(port)],
    {
      log,
      onLine: (line) => {
        if (line.startsWith('listening http')) listening?.(line.slice('listening '.length));
        if (line.includes('| processing task')) work.atWork++;
        if (line.includes('| stop processing')) work.atWork--;
      },
    },
  );
  const timer = setTimeout(() => child.kill('SIGKILL'), readyMsMax);
  const address = await Promise.race([
    new Promise<string>((resolve) => {
      listening = resolve;
    }),
    ended(child).then((end) => {
      throw new Error(`a llama.cpp server did not start (${end}); its log is in .cache/real/run`);
    }),
  ]);
  clearTimeout(timer);
  return Object.assign(work, { child, address });
}
