import { type Serving, StartFault, serve } from '../serve.ts';
import { realWorld } from '../world/real.ts';

/** Cannot start as asked: config, port, key. */
const CANNOT_START = 2;

/** `goodgate serve`: runs until SIGINT or SIGTERM, then lets running calls finish. A second signal ends it at once. */
export async function serveCommand(options: { config?: string; listen?: string }): Promise<void> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  let serving: Serving;
  try {
    serving = await serve(realWorld(), { ...options, say });
  } catch (error) {
    if (!(error instanceof StartFault)) throw error;
    for (const line of error.lines) say(`goodgate: ${line}`);
    process.exitCode = CANNOT_START;
    return;
  }
  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) process.exit(signal === 'SIGINT' ? 130 : 143);
    isStopping = true;
    say(`goodgate: ${signal}, letting running calls finish; once more to stop at once`);
    serving.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        say(`goodgate: stopping failed: ${String(error)}`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}
