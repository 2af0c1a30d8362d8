import { Command } from 'commander';
import type { DoctorCommandOptions } from './doctor.ts';
import type { DrillCommandOptions } from './drill.ts';

/** Every command with its arguments and options; docs/reference/cli.md is made from it. Each command's code is loaded when it is run. */
export const program = new Command('goodgate')
  .description('A gateway for AI services that keeps answers coming and names what failed.')
  .version('0.1.0')
  .showSuggestionAfterError(true)
  .showHelpAfterError('Run "goodgate --help" for the commands.')
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'goodgate: ')) })
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
  .option('-s, --scenario <name>', 'a bad day by its name, "all", or a YAML file that describes one')
  .option('--seed <number>', 'the seed, to see the same again; a fresh one without it')
  .option('--seeds <count>', 'so many seeds in a row')
  .option('-m, --minutes <number>', 'minutes in which things go wrong: virtual ones, or real ones with --live')
  .option('-j, --jobs <count>', 'share the seeds out to so many processes')
  .option('--until-broken', 'stop at the first run that breaks a promise')
  .option('--probes', 'count which rare states of the code were reached; always done from 1,000 seeds on')
  .option('--no-probes', 'do not count them, however many seeds')
  .option('--until-probed', 'stop when each of them was reached, or after a fifth of the runs, 200 at least')
  .option('-r, --report <file>', 'write what happened as an HTML page')
  .option('--live <config>', 'against the running gateway of this config and its sandbox targets')
  .option('--shadow', 'with --live: start a gateway with a copy of the config, its targets replaced by sandboxes')
  .option('--real-targets', 'with --live: call targets that are no sandbox, too')
  .option('--real-costs', 'with --live --real-targets: said a second time, since those calls cost money')
  .option('--json', 'for machines: one line for each run')
  .option('-v, --verbose', 'print every knob of the plan')
  .action(async (options: DrillCommandOptions) => {
    const { drillCommand } = await import('./drill.ts');
    process.exitCode = await drillCommand(options);
  });

program
  .command('plan')
  .description('what if: so many replicas, targets of such a capacity, such a traffic')
  .argument('[file]', 'a YAML file that describes the size; a sample without it')
  .option('--json', 'for machines')
  .action(async (file: string | undefined, options: { json?: boolean }) => {
    const { planCommand } = await import('./plan.ts');
    process.exitCode = await planCommand(file, options);
  });

program
  .command('doctor')
  .description('say which hop is broken between here and an AI service, who has to act, and what to do')
  .argument('[what]', 'a URL, a base URL, a call number, a saved error page, a HAR file, or "-" for pasted text')
  .option('--json', 'for machines: one line')
  .option('-g, --gateway <url>', 'the data port of a Goodgate: for the story of a call, and to try it from there')
  .option('--no-control', 'do not ask the gateway to try it')
  .option('--no-story', 'do not ask the gateway for the story of the call')
  .option('--feed <url>', "the service's status feed")
  .option('--no-feed', 'do not read a status feed')
  .option('--target-is <what>', 'what stands at the URL: gateway or service')
  .option('--key-env <name>', 'the environment variable with the key')
  .option('--settings <file>', 'which hosts to compare with and whom to believe (YAML)')
  .option('--ca <file>', 'PEM certificates to trust besides the usual')
  .option('--times <n>', 'repeat the exchange so often, 1 to 20')
  .option('--stream [model]', 'test whether a stream arrives as it was sent')
  .option('--speed', 'measure latency, jitter and loss')
  .option('--no-third-party', 'contact nobody but the target, the gateway and the own resolvers')
  .option('--skip <ids>', 'leave out these probes, with commas')
  .option('--only <ids>', 'only these probes, with commas')
  .option('--within <seconds>', 'all is over after so long, 1 to 20')
  .option('--watch', 'go on looking, and say when a fault began, ended and in which pattern')
  .option('--every <seconds>', 'with --watch: so often')
  .option('--rounds <n>', 'with --watch: so many times')
  .option('--fix', 'offer what is safe to try, and ask before each')
  .option('--share', 'leave addresses, names of this machine and paths out of the report')
  .option('--no-color', 'no colour')
  .option('-v, --verbose', 'every probe, also those that are explained')
  .action(async (what: string | undefined, options: DoctorCommandOptions) => {
    const { doctorCommand } = await import('./doctor.ts');
    const code = await doctorCommand(what, options);
    // A look-up of a dead network holds a thread of the system for half a minute: everything is said, so nobody waits for it.
    process.stdout.write('', () => process.exit(code));
  });

for (const command of program.commands) {
  command
    .showHelpAfterError(`Run "goodgate ${command.name()} --help" for its options.`)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error:/, `goodgate ${command.name()}:`)) });
}
