import type { Answer } from '../diagnosis/evidence.ts';

/** What a service said of its own refusal, in the shape of OpenAI or Anthropic. */
export type ServiceError = {
  readonly message: string;
  readonly type: string | undefined;
  readonly param: string | undefined;
  readonly code: string | undefined;
};

/** Takes out of a text from outside what its reader must not see; see `hiding`. */
export type Hide = (text: string) => string;

/** A reason fits in a sentence or two; more is a dump. */
const MESSAGE_MAX = 2000;
/** Names of parameters and codes: `messages[0].content`, `context_length_exceeded`. Anything else is prose or worse. */
const WORD = /^[A-Za-z0-9_.:[\]-]{1,100}$/;

/** Reads the error object out of a service's answer; undefined when there is none. Total: bytes from outside may be anything. */
export function serviceError(answer: Answer | undefined, hide: Hide): ServiceError | undefined {
  if (answer === undefined || answer.body.length === 0 || answer.body[0] !== 0x7b) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(answer.body));
  } catch {
    // Not JSON, whatever its first byte: then there is no error object to read.
    return undefined;
  }
  const error = member(parsed, 'error') ?? parsed;
  const message = typeof error === 'string' ? error : (textOf(error, 'message') ?? textOf(error, 'detail'));
  if (message === undefined) return undefined;
  return {
    message: hide(plain(message)),
    type: word(error, 'type', hide),
    param: word(error, 'param', hide),
    code: word(error, 'code', hide),
  };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function textOf(value: unknown, name: string): string | undefined {
  const found = member(value, name);
  return typeof found === 'string' ? found : undefined;
}

function word(value: unknown, name: string, hide: Hide): string | undefined {
  const found = textOf(value, name);
  return found !== undefined && WORD.test(found) && hide(found) === found ? found : undefined;
}

/** Without control characters, which reach terminals as escape codes, without those that turn the reading direction, and bounded. */
function plain(text: string): string {
  return (
    text
      .slice(0, MESSAGE_MAX)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: taking control characters out is what this does.
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, ' ')
  );
}
