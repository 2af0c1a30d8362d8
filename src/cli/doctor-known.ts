import { readGiven, readHar, TEXT_BYTES_MAX } from '../doctor/given.ts';
import { codeOf, type Outside } from '../doctor/outside.ts';
import type { Session } from '../doctor/session.ts';
import type { DoctorSettings } from '../doctor/settings.ts';
import { askStory } from '../doctor/story.ts';
import type { Asked } from '../doctor/target.ts';
import { UsageFault } from './usage-fault.ts';

/** What is known before any probe, and where it happened. */
export type Known = {
  readonly known: Session['known'];
  readonly url: string | undefined;
  readonly note: string | undefined;
};

const NOTHING: Known = { known: undefined, url: undefined, note: undefined };
/** All that a call number leads to is its story. */
const STORY_LEFT_OUT: Session['known'] = {
  facts: {},
  report: {
    id: 'story',
    state: 'skip',
    sentence: 'The story was left out as asked, and a call number leads to nothing else.',
    tookMs: 0,
    facts: {},
  },
};
const GATEWAY = 'http://127.0.0.1:5020';

/** Reads the story, the file or the pasted text that was named. @throws UsageFault when it cannot be read. */
export async function knownOf(
  outside: Outside,
  asked: Asked,
  settings: DoctorSettings,
  ca: readonly string[],
  isStoryAsked: boolean,
): Promise<Known> {
  const gateway = settings.gateway ?? GATEWAY;
  if (asked.kind === 'call') {
    if (!isStoryAsked) return { known: STORY_LEFT_OUT, url: undefined, note: undefined };
    return { known: await askStory(outside, gateway, asked.id, ca), url: undefined, note: undefined };
  }
  if (asked.kind !== 'file' && asked.kind !== 'input') return NOTHING;
  const startMs = outside.clock.now();
  const { bytes, pieces, note } =
    asked.kind === 'input' ? await readInput(outside) : await readFile(outside, asked.path);
  const given = pieces === undefined ? readGiven(bytes, settings) : readHar(pieces, settings);
  if (given.callId !== undefined && isStoryAsked) {
    const story = await askStory(outside, gateway, given.callId, ca);
    if (story.facts.past !== undefined) return { known: story, url: given.url, note };
  }
  const tookMs = Math.round(outside.clock.now() - startMs);
  const { past } = given;
  const state = past === undefined ? ('warn' as const) : ('fail' as const);
  const facts = past === undefined ? {} : { code: past.code, status: past.status ?? null };
  const sentence = note === undefined ? given.sentence : `${given.sentence} ${note}`;
  const report = { id: 'given' as const, state, sentence, tookMs, facts };
  return { known: { facts: past === undefined ? {} : { past }, report }, url: given.url, note };
}

type Read = {
  readonly bytes: Uint8Array;
  readonly pieces: readonly string[] | undefined;
  readonly note: string | undefined;
};

async function readInput({ device }: Outside): Promise<Read> {
  const { bytes, isWhole } = await device.readInput(TEXT_BYTES_MAX);
  if (bytes.length === 0) throw new UsageFault('nothing was piped in; paste an error text and end it with Ctrl-D');
  const note = isWhole ? undefined : `Of what was piped in, the first ${mib(TEXT_BYTES_MAX)} were read.`;
  return { bytes, pieces: undefined, note };
}

/** A HAR file is read from its two ends: 16 MiB of each hold some thousand exchanges, and the last failure is the one that is asked about. */
const END_BYTES_MAX = 16 * 1024 * 1024;

async function readFile({ device }: Outside, path: string): Promise<Read> {
  try {
    const first = await device.readPart(path, 0, TEXT_BYTES_MAX);
    const isHar = /^\s*\{\s*"log"\s*:/.test(new TextDecoder().decode(first.bytes.subarray(0, 256)));
    if (!isHar) {
      const note =
        first.size > TEXT_BYTES_MAX ? `Of ${mib(first.size)}, the first ${mib(TEXT_BYTES_MAX)} were read.` : undefined;
      return { bytes: first.bytes, pieces: undefined, note };
    }
    const head = (await device.readPart(path, 0, END_BYTES_MAX)).bytes;
    const tailFrom = Math.max(END_BYTES_MAX, first.size - END_BYTES_MAX);
    const tail =
      first.size > END_BYTES_MAX ? (await device.readPart(path, tailFrom, END_BYTES_MAX)).bytes : new Uint8Array(0);
    const note =
      first.size > 2 * END_BYTES_MAX
        ? `Of ${mib(first.size)}, the first and the last ${mib(END_BYTES_MAX)} were read.`
        : undefined;
    // A file of two pieces is read as one, so that no exchange is cut at the seam.
    const isWhole = first.size <= 2 * END_BYTES_MAX;
    const decoder = new TextDecoder();
    const pieces = isWhole
      ? [decoder.decode(Buffer.concat([head, tail]))]
      : [decoder.decode(head), decoder.decode(tail)];
    return { bytes: first.bytes, pieces, note };
  } catch (error) {
    const hint = codeOf(error) === 'ENOENT' ? ': there is no such file, and it is no URL and no call number' : '';
    throw new UsageFault(`${path} cannot be read (${codeOf(error)})${hint}`);
  }
}

function mib(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(0)} MiB`;
}
