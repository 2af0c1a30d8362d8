import { isSchema, type Json, valueFor } from '../from-schema.ts';
import { countWords, proseOf, wordsOf } from '../prose.ts';
import type { Shape, Speaker } from './answer.ts';
import type { Complaint } from './errors.ts';

export type Tool = { readonly name: string; readonly parameters: Json };

/** What every dialect asks of a model, told in one way. */
export type Wish = {
  readonly model: string;
  /** All that was said, `role: text` a line; without a text to be continued. */
  readonly prompt: string;
  /** The beginning of the answer, put into the assistant's mouth. */
  readonly prefill: string | undefined;
  readonly wordsMax: number;
  readonly choices: number;
  readonly stops: readonly string[];
  /** Tools that will be used, empty when none will. */
  readonly tool: Tool | undefined;
  readonly format: Json | undefined;
};

/** One choice of an answer, in the pieces it is streamed in. */
export type Said = {
  readonly pieces: readonly string[];
  readonly finish: 'stop' | 'length' | 'tool';
  readonly tool: { readonly id: string; readonly name: string } | undefined;
};

export type Usage = { readonly input: number; readonly output: number };

/** All choices together: 128 long ones would be a hundred megabytes of events. */
const PIECES_MAX = 16_384;

/** Says what was wished for. The same wish is always granted in the same words, whoever grants it, but for ids and other voices. */
export function grant(wish: Wish, speaker: Speaker): readonly Said[] {
  const { tool } = wish;
  const seed = `${speaker.voice}\n${wish.model}\n${wish.prompt}`;
  return Array.from({ length: wish.choices }, (_, choice) => {
    if (tool !== undefined) {
      const given = JSON.stringify(valueFor(tool.parameters, `${seed}\n${choice}`));
      const pieces = given.match(/.{1,8}/gsu) ?? [];
      return { pieces, finish: 'tool', tool: { id: speaker.id(), name: tool.name } } as const;
    }
    return { ...cut(textOf(wish, speaker, choice, seed), wish), tool: undefined };
  });
}

export function usageOf(wish: Wish, said: readonly Said[]): Usage {
  const input = countWords(wish.prompt) + countWords(wish.prefill ?? '');
  return { input, output: said.reduce((sum, choice) => sum + choice.pieces.length, 0) };
}

function textOf(wish: Wish, speaker: Speaker, choice: number, seed: string): string {
  const theme = { prompt: wish.prompt, model: wish.model, voice: speaker.voice, choice };
  const whole =
    wish.format === undefined ? proseOf(theme) : JSON.stringify(valueFor(wish.format, `${seed}\n${choice}`));
  const { prefill } = wish;
  if (prefill === undefined) return whole;
  if (whole.startsWith(prefill)) return whole.slice(prefill.length);
  // Begun by another voice: go on from there all the same.
  const more = proseOf({ ...theme, prompt: `${wish.prompt}\nassistant: ${prefill}` });
  return /\s$/.test(prefill) ? more : ` ${more}`;
}

function cut(text: string, wish: Wish): { pieces: readonly string[]; finish: 'stop' | 'length' } {
  const ends = wish.stops.map((stop) => text.indexOf(stop)).filter((at) => at !== -1);
  const pieces = piecesOf(text.slice(0, Math.min(text.length, ...ends)), wish.format !== undefined);
  const most = Math.min(wish.wordsMax, Math.floor(PIECES_MAX / wish.choices));
  if (pieces.length <= most) return { pieces, finish: 'stop' };
  return { pieces: pieces.slice(0, most), finish: 'length' };
}

function piecesOf(text: string, isJson: boolean): readonly string[] {
  return isJson ? (text.match(/[^,]+,?|,/g) ?? []) : wordsOf(text);
}

// ---- reading what was asked --------------------------------------------------------------------------------------

export type Message = { readonly role: string; readonly text: string };

/** The text of a message, whether written plainly or in parts; pictures and the like are counted as one word. */
export function textOfContent(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part) => {
      if (!isSchema(part)) return '';
      if (typeof part['text'] === 'string') return part['text'];
      if (part['content'] !== undefined) return textOfContent(part['content']);
      return `[${String(part['type'] ?? 'part')}]`;
    })
    .join('\n');
}

/**
 * The prompt, and the beginning of an answer if the last word is the assistant's. `developer` is the newer name of `system`, so that a
 * conversation reads the same in every dialect.
 */
export function readConversation(
  messages: readonly Message[],
  speaker: Speaker,
): { readonly prompt: string; readonly prefill: string | undefined } {
  const last = messages.at(-1);
  const isPrefilled = speaker.prefill === 'continue' && last?.role === 'assistant' && last.text !== '';
  const said = isPrefilled ? messages.slice(0, -1) : messages;
  return {
    prompt: said.map(({ role, text }) => `${role === 'developer' ? 'system' : role}: ${text}`).join('\n'),
    prefill: isPrefilled ? last.text : undefined,
  };
}

/** The refusal of newer models to go on from a given beginning; undefined when all is well. */
export function prefillComplaint(shape: Shape, messages: readonly Message[], speaker: Speaker): Complaint | undefined {
  const last = messages.at(-1);
  if (last?.role !== 'assistant') return undefined;
  if (speaker.prefill === 'refuse') {
    const message =
      'This model does not support assistant message prefill. The conversation must end with a user message.';
    return { status: 400, type: 'invalid_request_error', message, param: shape === 'anthropic' ? null : 'messages' };
  }
  if (shape === 'anthropic' && /\s$/.test(last.text)) {
    const message = 'messages: final assistant content cannot end with trailing whitespace';
    return { status: 400, type: 'invalid_request_error', message };
  }
  return undefined;
}

const USE_TOOL = /\buse (?:the|a|your) tools?\b/i;

/** The tool a model would use: the one it is told to, or any when the last message asks for it in words. */
export function toolFor(tools: readonly Tool[], choice: Json | undefined, last: Message | undefined): Tool | undefined {
  if (tools.length === 0 || choice === 'none' || last?.role === 'tool') return undefined;
  const named = nameIn(choice);
  if (named !== undefined) return tools.find((tool) => tool.name === named);
  const mentioned = tools.find((tool) => last?.text.includes(tool.name));
  const isForced = choice === 'required' || (isSchema(choice) && choice['type'] === 'any');
  if (isForced || USE_TOOL.test(last?.text ?? '') || mentioned !== undefined) return mentioned ?? tools[0];
  return undefined;
}

function nameIn(choice: Json | undefined): string | undefined {
  if (!isSchema(choice)) return undefined;
  const { function: inner } = choice;
  const name = isSchema(inner) ? inner['name'] : choice['name'];
  return typeof name === 'string' ? name : undefined;
}
