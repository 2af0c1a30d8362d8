import { diceOf, pick } from './dice.ts';

/** Longest answer in words: some 50 minutes of talk, and two megabytes of events: more than all that may lie between a service and its caller. */
export const WORDS_MAX = 8000;

/** Without a wish the answer has from 40 to 90 words: long enough to watch it stream, short enough to read. */
const WORDS_LEAST = 40;
const WORDS_SPREAD = 50;

/** What an answer is made from. */
export type Theme = {
  /** All that was said to the model, in order; the same theme always gives the same text. */
  readonly prompt: string;
  readonly model: string;
  /** Sandboxes share one voice, so that one can finish what the other began; another voice says other things. */
  readonly voice: string;
  /** Which of several choices. */
  readonly choice: number;
};

/** A readable text of about as many words as the prompt asks for (`in 200 words`), which depends on nothing but the theme. */
export function proseOf(theme: Theme): string {
  const dice = diceOf(`${theme.voice}\n${theme.choice}\n${theme.model}\n${theme.prompt}`);
  const wanted = wordsWanted(theme.prompt) ?? WORDS_LEAST + Math.floor(dice() * WORDS_SPREAD);
  const sentences: string[] = [];
  let words = 0;
  const say = (sentence: string): void => {
    sentences.push(sentence);
    words += countWords(sentence);
  };
  // A wish for a handful of words leaves no room for an opening.
  if (wanted >= 12) say(pick(dice, OPENINGS));
  while (words < wanted) say(sentenceOf(dice));
  return trimTo(joined(sentences), wanted);
}

/** The pieces a text is streamed in: a word with the white space before it. Joined they are the text again. */
export function wordsOf(text: string): string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

/** Words stand for tokens in everything the sandbox counts. */
export function countWords(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

function wordsWanted(prompt: string): number | undefined {
  // Only the last wish counts, and only in what was said last: a prompt may be megabytes long.
  const wishes = [...prompt.slice(-2000).matchAll(/\b(\d{1,6})[ -]words?\b/gi)];
  const wish = wishes.at(-1)?.[1];
  return wish === undefined ? undefined : Math.min(Math.max(Number(wish), 1), WORDS_MAX);
}

/** Five sentences make a paragraph. */
function joined(sentences: readonly string[]): string {
  return sentences.map((sentence, i) => (i === 0 ? sentence : `${i % 5 === 0 ? '\n\n' : ' '}${sentence}`)).join('');
}

function trimTo(text: string, words: number): string {
  const all = wordsOf(text);
  if (all.length <= words) return text;
  return `${all
    .slice(0, words)
    .join('')
    .replace(/[\s,;:.—]+$/u, '')}.`;
}

function sentenceOf(dice: () => number): string {
  const who = pick(dice, PEOPLE);
  const sentence = `${who} ${pick(dice, DEEDS)} ${pick(dice, PLACES)}`;
  const shape = dice();
  if (shape < 0.35) return `${capital(pick(dice, TIMES))}, ${sentence}.`;
  if (shape < 0.7) return `${capital(sentence)}, ${pick(dice, TURNS)}.`;
  return `${capital(sentence)}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const OPENINGS = [
  'This is the sandbox speaking: no model was asked, yet every word comes over the real wire.',
  'Here is an answer from the sandbox, made from your words and nothing else.',
  'You have reached a sandbox model — it always says the same to the same question.',
  'The sandbox has no opinions, but it does know a story about the harbour.',
  'A sandbox answers here, so that you can watch it fail and see what the gateway does.',
] as const;

const PEOPLE = [
  'the lighthouse keeper',
  'a young cartographer',
  'the night baker',
  'an old ferryman',
  'the clockmaker’s daughter',
  'a patient beekeeper',
  'the librarian',
  'a travelling glassblower',
  'the café owner',
  'a retired sea captain',
] as const;

const DEEDS = [
  'drew a careful map of',
  'listened to the wind over',
  'left a lantern burning near',
  'counted the boats beside',
  'wrote a long letter about',
  'found a brass key under',
  'carried warm bread across',
  'told a quiet story about',
  'planted apple trees behind',
  'waited for the morning train at',
] as const;

const PLACES = [
  'the stone bridge',
  'the eastern harbour',
  'the empty market square',
  'the snow-covered hills',
  'the glass-roofed station',
  'the river meadows',
  'the crooked little street',
  'the observatory',
  'the orchard wall',
  'the last house before the sea',
] as const;

const TIMES = [
  'before sunrise',
  'late in the evening',
  'on the first day of spring',
  'while the fog still lay on the water',
  'when the bells had stopped',
  'once the rain was over',
] as const;

const TURNS = [
  'and nobody hurried',
  'because there was time enough',
  'though the tide was already turning',
  'and the gulls took no notice',
  'so the whole town came to look',
  'as it had been done for a hundred years',
] as const;
