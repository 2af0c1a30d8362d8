import { Command, CommanderError } from 'commander';
import type { DrillCommandOptions } from './drill.ts';

/** Exit codes of every command, documented in docs/reference/cli.md: 0 well, 1 a finding, 2 cannot start as asked. */
const USAGE = 2;

const program = new Command('goodgate')
  .description('A gateway for AI services that keeps answers coming and names what failed.')
  .version('0.1.0')
  .showSuggestionAfterError(true)
  .showHelpAfterError('Run "goodgate --help" for the commands.')
  .exitOverride();

program
  .command('serve', { isDefault: true })
  .description('run the gateway')
  .option(
    '-c, --config <file>',
    'the config file; without one ./goodgate.yaml if it is there, else keys in the environment, else the sandbox',
  )
  .option('-l, --listen <address>', 'ip:port of the data port, whatever the config says')
  .action(async (options: { config?: string; listen?: string }) => {
    const { serveCommand } = await import('./serve.ts');
    await serveCommand(options);
  });

program
  .command('check')
  .description('read a config and say what is wrong with it')
  .argument('[config]', 'the config file', 'goodgate.yaml')
  .option('--json', 'for machines')
  .action(async (path: string, options: { json?: boolean }) => {
    const { checkCommand } = await import('./check.ts');
    process.exitCode = await checkCommand(path, options.json === true);
  });

program
  .command('why')
  .description('tell the story of a call: what failed, who acts, what to do')
  .argument('<id>', 'the call number: x-request-id of its answer, 32 hexadecimal digits')
  .option('-u, --url <url>', 'the data port of the gateway', 'http://127.0.0.1:5020')
  .option('--json', 'for machines')
  .action(async (id: string, options: { url: string; json?: boolean }) => {
    const { whyCommand } = await import('./why.ts');
    process.exitCode = await whyCommand(id, { url: options.url, json: options.json === true });
  });

program
  .command('drill')
  .description('rehearse bad days in a simulated world; without a scenario everything is drawn from the seed')
  .option('-s, --scenario <name>', 'a bad day by its name, or "all"')
  .option('--seed <number>', 'the seed, to see the same again; a fresh one without it')
  .option('--seeds <count>', 'so many seeds in a row')
  .option('-m, --minutes <number>', 'virtual minutes in which things go wrong')
  .option('-r, --report <file>', 'write what happened as an HTML page')
  .option('--json', 'for machines: one line for each run')
  .option('-v, --verbose', 'print every knob of the plan')
  .action(async (options: DrillCommandOptions) => {
    const { drillCommand } = await import('./drill.ts');
    process.exitCode = await drillCommand(options);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version leave through here as well, with exit code 0.
  process.exitCode = error.exitCode === 0 ? 0 : USAGE;
}
