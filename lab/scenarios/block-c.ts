import type { CauseCode } from '../../src/diagnosis/catalogue.ts';
import type { Scenario, Step } from '../scenario.ts';

/** A call was made through the gateway, met this fault, and all is well when the doctor looks: only the story knows. */
function told(
  name: string,
  row: string,
  as: 'plain' | 'stream',
  fault: string,
  code: CauseCode,
  tells: string,
): Scenario {
  return {
    name: `call-${name}`,
    rows: [row],
    way: 'gateway',
    given: { kind: 'call', as, fault },
    steps: [QUICK],
    truth: { kind: 'fault', code },
    tells,
  };
}

/** Short clocks of the gateway, so that a stall is known in a second. */
const QUICK: Step = {
  do: 'gateway',
  settings: [
    'timeouts: { between-parts: 1s, first-part: 2s, head: 2s, deadline: 6s }',
    'retries: { attempts: 1, resumes: 0 }',
  ],
};

/** Block C of the table of causes: an answer began, then broke; and calls that are over. */
export const BLOCK_C: readonly Scenario[] = [
  told('stalled', 'C5', 'stream', 'stall-after-events(3)', 'stream-stall', 'The stream fell silent after three words.'),
  told('cut', 'C6', 'stream', 'cut-after-events(3,clean)', 'stream-incomplete', 'The stream ended before its end.'),
  told('reset', 'C6', 'stream', 'cut-after-events(3,reset)', 'body-cut', 'The stream was reset.'),
  told(
    'error-inside',
    'C6',
    'stream',
    'error-event(3,overloaded)',
    'service-overloaded',
    'The stream said that the service is overloaded.',
  ),
  told('500', 'A21', 'plain', 'status(500)', 'service-error', 'The service failed inside.'),
  told('503', 'A22', 'plain', 'status(503)', 'service-unavailable', 'The service said 503.'),
  told('quota', 'A25', 'plain', 'quota-exhausted', 'quota-exhausted', "The gateway's account was used up."),
  told('context', 'A26', 'plain', 'context-too-long', 'context-too-long', 'The prompt was too long.'),
  told('garbage', 'A21', 'plain', 'garbage-status-line', 'not-http', 'The service spoke another protocol.'),
  told('no-answer', 'A23', 'plain', 'accept-and-hang', 'answer-timeout', 'The service never answered.'),
  {
    name: 'call-left',
    rows: ['C1'],
    way: 'gateway',
    given: { kind: 'call', as: 'left', fault: 'stall-after-events(3)' },
    steps: [],
    truth: { kind: 'fault', code: 'caller-left' },
    tells: 'The caller went away while the stream paused.',
  },
  {
    name: 'stream-held-back',
    rows: ['C3'],
    way: 'gateway',
    steps: [
      { do: 'intercept', isTrusted: true },
      { do: 'options', words: ['--stream'] },
    ],
    truth: { kind: 'fault', code: 'stream-buffered' },
    tells: 'mitmproxy collects an answer before it passes it on; the gateway ticks evenly.',
  },
  {
    name: 'har-idle-cut',
    rows: ['C4'],
    way: 'edge',
    given: { kind: 'har', har: 'stream-idle-60' },
    steps: [],
    truth: { kind: 'fault', code: 'stream-idle-cut' },
    tells: 'A recording: three streams, each cut after 60 s of silence; all is well now.',
  },
];
