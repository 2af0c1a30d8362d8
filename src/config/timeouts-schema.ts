/** How long everything may take, as it is written. */
import { z } from 'zod';
import * as defaults from './defaults.ts';
import { durationWords } from './measure.ts';
import { duration, field } from './scalars.ts';

/** The clocks of an attempt: with their defaults, or for places where the general ones are the default. */
const attemptClocks = (standard: Partial<typeof defaults>) => ({
  dns: duration('Looking up the name of a target.', standard.DNS_MS),
  connect: duration(
    `All addresses of a target together. A target on loopback or a private network gets ${durationWords(defaults.CONNECT_LAN_MS)} unless this is set.`,
    standard.CONNECT_MS,
  ),
  tls: duration('The TLS handshake with a target.', standard.TLS_MS),
  write: duration('A target that takes no byte of the request for this long is given up.', standard.WRITE_MS),
  head: duration(
    'From the sent request to the head of the answer. A plain inference call is answered only when its text is finished, so a short limit ends long answers. Half of the deadline, when that is shorter than the default.',
    standard.HEAD_MS,
  ),
  'first-part': duration(
    'The hard limit on the first part of an answer: then the attempt ends and another target is asked. The last target left gets all the time that remains. Half of the deadline, when that is shorter than the default.',
    standard.FIRST_PART_MS,
  ),
  'between-parts': duration(
    'A stream without output for this long has stalled, and is resumed elsewhere.',
    standard.BETWEEN_PARTS_MS,
  ),
  quiet: duration(
    'How long heartbeats and hidden reasoning count as life in a stream without output.',
    standard.QUIET_MS,
  ),
  'between-bytes': duration(
    'For bodies that are no inference stream: a longer pause ends the answer.',
    standard.BETWEEN_BYTES_MS,
  ),
});

/** The clocks of an attempt again, for a target or a route. */
export const overrides = (whose: string) =>
  field(z.strictObject(attemptClocks({})), {
    description: `Clocks of an attempt, where ${whose} needs others than the general ones.`,
    expected: 'timeouts such as { connect: 5s }',
    noun: 'timeouts',
  }).optional();

/** The general clocks. */
export const timeouts = field(
  z.strictObject({
    ...attemptClocks(defaults),
    deadline: duration(
      'The whole call with all its attempts. SDKs of OpenAI and Anthropic give up after 10 minutes, so a longer one mostly works for nobody.',
      defaults.DEADLINE_MS,
    ),
    heartbeat: duration(
      'A comment line is sent to a caller that waits on a stream, so that nothing between takes it for dead.',
      defaults.HEARTBEAT_MS,
    ),
    drain: duration('How long running calls may go on when the gateway stops.', defaults.DRAIN_MS),
    'caller-head': duration('The head of a request must arrive within this.', defaults.CALLER_HEAD_MS),
    'caller-body': duration('The longest pause within the body of a request.', defaults.CALLER_BODY_MS),
    'caller-write': duration('A caller that reads nothing for this long is taken for gone.', defaults.CALLER_WRITE_MS),
    'caller-idle': duration(
      'An unused connection of a caller. Keep it above the idle limit of a balancer in front, or its next request meets a closed connection.',
      defaults.CALLER_IDLE_MS,
    ),
  }),
  {
    description: 'How long everything may take. Durations as 10s, 500ms, 2m; a bare number is milliseconds; 0 is off.',
    expected: 'timeouts such as { connect: 5s }',
    noun: 'timeouts',
  },
);

/** Clocks of an attempt as asked for. */
export type AskedClocks = Pick<z.output<typeof timeouts>, keyof ReturnType<typeof attemptClocks>>;

/** Their names. */
export const ATTEMPT_CLOCKS: readonly string[] = Object.keys(attemptClocks({}));
