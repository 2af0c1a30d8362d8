import type { Answer } from '../diagnosis/evidence.ts';

/** What a service said of its own refusal, in the shape of OpenAI or Anthropic. */
export type ServiceError = {
  readonly message: string;
  readonly type: string | undefined;
  readonly param: string | undefined;
  readonly code: string | undefined;
};

/** A reason fits in a sentence or two; more is a dump. */
const MESSAGE_MAX = 2000;
const WORD_MAX = 200;

/** Reads the error object out of a service's answer; undefined when there is none. Total: bytes from outside may be anything. */
export function serviceError(answer: Answer | undefined): ServiceError | undefined {
  if (answer === undefined || answer.body.length === 0 || answer.body[0] !== 0x7b) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(answer.body));
  } catch {
    return undefined;
  }
  const error = member(parsed, 'error') ?? parsed;
  const message = typeof error === 'string' ? error : (textOf(error, 'message') ?? textOf(error, 'detail'));
  if (message === undefined) return undefined;
  return {
    message: plain(message, MESSAGE_MAX),
    type: word(error, 'type'),
    param: word(error, 'param'),
    code: word(error, 'code'),
  };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function textOf(value: unknown, name: string): string | undefined {
  const found = member(value, name);
  return typeof found === 'string' ? found : undefined;
}

function word(value: unknown, name: string): string | undefined {
  const found = textOf(value, name);
  return found === undefined ? undefined : plain(found, WORD_MAX);
}

/** Without control characters, which reach terminals as escape codes, and bounded. */
function plain(text: string, max: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: taking control characters out is what this does.
  return text.slice(0, max).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, ' ');
}
