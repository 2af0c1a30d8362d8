import type { Argument, Command, Option } from 'commander';

/** docs/reference/cli.md, from the program itself: a command or an option that is added appears there. */
export function cliReference(program: Command): string {
  return [
    '# The command line',
    '',
    `${program.description()} \`goodgate\` alone is \`goodgate ${DEFAULT}\`. In a checkout it is \`bin/goodgate\`.`,
    '',
    'Results go to standard output, everything else to standard error. Exit codes of every command:',
    '',
    '| code | means |',
    '|--:|---|',
    '| 0 | well |',
    '| 1 | it ran, and found something: a call that is not known, a broken promise, a fault |',
    '| 2 | it cannot start as asked: the config, an address, a key, an option. Nothing was started |',
    '| 3 | `doctor` only: not enough could be seen to name a cause |',
    '| 130, 143 | ended at once by a second SIGINT or SIGTERM; the first lets running calls finish |',
    '',
    '| command | does |',
    '|---|---|',
    ...program.commands.map(
      (command) => `| [\`${command.name()}\`](#${anchor(command)}) | ${cell(command.description())} |`,
    ),
    '',
    ...program.commands.flatMap(section),
    '## Environment',
    '',
    'Keys of services (`OPENAI_API_KEY`, `AZURE_OPENAI_API_KEY`, `ANTHROPIC_API_KEY` and their likes) are read where no config names targets;',
    `a config takes any variable, written \`\${NAME}\`. \`GOODGATE_KEY\` is the credential that \`goodgate why\` shows to a gateway on another machine.`,
    '',
  ].join('\n');
}

/** Runs when no command is named. */
const DEFAULT = 'serve';

function section(command: Command): readonly string[] {
  const rows = [
    ...command.registeredArguments.map((argument) => row(argumentName(argument), argument)),
    ...command.options.map((option) => row(option.flags, option)),
  ];
  return [
    `## goodgate ${command.name()}`,
    '',
    `${sentence(command.description())}`,
    '',
    '```',
    `goodgate ${command.name()} ${command.usage()}`,
    '```',
    '',
    ...(rows.length === 0 ? [] : ['| | | default |', '|---|---|---|', ...rows, '']),
  ];
}

function argumentName(argument: Argument): string {
  return argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;
}

function row(name: string, { description, defaultValue }: Argument | Option): string {
  const standard = defaultValue === undefined || defaultValue === true ? '' : `\`${String(defaultValue)}\``;
  return `| \`${inCode(name)}\` | ${cell(description)} | ${inCode(standard)} |`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function anchor(command: Command): string {
  return `goodgate-${command.name()}`;
}

/** A bar would end the cell, and a tag would vanish. */
function cell(text: string): string {
  return inCode(text).replaceAll('<', '&lt;');
}

function inCode(text: string): string {
  return text.replaceAll('|', '\\|');
}
