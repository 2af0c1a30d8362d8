import { configReference, jsonSchema } from '../config/reference.ts';
import { causesReference } from '../diagnosis/reference.ts';
import { faultsReference } from '../drill/faults-reference.ts';
import { logReference } from '../server/log-reference.ts';
import { realWorld } from '../world/real.ts';
import { program } from './program.ts';
import { cliReference } from './reference.ts';

/** Writes docs/reference/ from the code; CI fails when that changes a file. */
const { files } = realWorld();
const pages: readonly [name: string, text: string][] = [
  ['causes.md', causesReference()],
  ['cli.md', cliReference(program)],
  ['config.md', configReference()],
  ['faults.md', faultsReference()],
  ['log.md', logReference()],
  ['goodgate.schema.json', `${JSON.stringify(jsonSchema(), undefined, 2)}\n`],
];
for (const [name, text] of pages) {
  const path = new URL(`../../docs/reference/${name}`, import.meta.url).pathname;
  await files.write(path, text);
  process.stdout.write(`wrote docs/reference/${name}\n`);
}
