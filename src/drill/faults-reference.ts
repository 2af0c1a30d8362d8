import { entryOf, FAULT_WORDS, type FaultParameter } from './faults.ts';

/** docs/reference/faults.md, from the vocabulary. */
export function faultsReference(): string {
  const rows = FAULT_WORDS.map((word) => {
    const entry = entryOf(word);
    const parameters = Object.entries(entry.parameters).map(
      ([name, parameter]) => `\`${name}\` ${describe(parameter)}`,
    );
    const when = entry.isBeforeFirstPart ? 'before' : 'after';
    return `| \`${word}\` | ${entry.does} | ${parameters.join('; ') || 'none'} | ${when} | \`${entry.cause}\` |`;
  });
  return [
    '# The fault vocabulary',
    '',
    'Every way in which the sandbox targets, the tests and the drill can fail. Written as `word`, `word(5)` or `word(name=5)`, with',
    '`share=0.5` behind it for one call in two. *Before* and *after* are about the first part of a streamed answer; the code is the true',
    'cause with the default values.',
    '',
    '| fault | what it does | parameters | first part | true cause |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function describe(parameter: FaultParameter): string {
  if (parameter.kind === 'choice') return `${parameter.choices.join(', ')} (default ${parameter.default})`;
  const standard = parameter.default === undefined ? '' : `, default ${parameter.default}`;
  return `${parameter.min}–${parameter.max} ${parameter.unit}${standard}`;
}
