import { CommanderError } from 'commander';
import { hint } from '../config/fault.ts';
import { program } from './program.ts';

/** As documented in docs/reference/cli.md: 0 well, 1 a finding, 2 cannot start as asked. */
const USAGE = 2;

const [word = ''] = process.argv.slice(2);
const commands = [...program.commands.map((command) => command.name()), 'help'];
if (word !== '' && !word.startsWith('-') && !commands.includes(word)) {
  // Commander would take it for an argument of the default command, and say that it wants none.
  process.stderr.write(`goodgate: "${word}" is no command${hint(word, commands)}\n`);
  process.exitCode = USAGE;
} else {
  await run();
}

async function run(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version leave through here as well, with exit code 0.
    process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  }
}
