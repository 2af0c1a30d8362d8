import { Command, CommanderError } from 'commander';

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

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version leave through here as well, with exit code 0.
  process.exitCode = error.exitCode === 0 ? 0 : USAGE;
}
