/** What an in-band error says of itself, bounded and without control characters; still from outside, so never trusted. */
export type ErrorWords = { readonly type: string; readonly message: string };

const WORD_CHARS_MAX = 80;
const MESSAGE_CHARS_MAX = 512;

/**
 * Reads the error out of an event's data, in the shapes in use: `{error: {type, code, message}}` (OpenAI, Anthropic), `{error: "…"}`,
 * `{response: {error}}` (Responses), the bare object (Responses, vLLM), a list of them (Google), or plain text.
 */
export function errorWords(data: Uint8Array): ErrorWords {
  const text = Buffer.from(data).toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not JSON: then the data is the message.
    return { type: '', message: plain(text, MESSAGE_CHARS_MAX) };
  }
  const root = Array.isArray(value) ? value[0] : value;
  if (!isRecord(root)) return { type: '', message: plain(String(root), MESSAGE_CHARS_MAX) };
  const response = isRecord(root['response']) ? root['response'] : root;
  const given = response['error'] ?? root['error'];
  if (typeof given === 'string') return { type: word(root['code']), message: plain(given, MESSAGE_CHARS_MAX) };
  const error = isRecord(given) ? given : root;
  const message = typeof error['message'] === 'string' ? error['message'] : '';
  return {
    type: word(error['code']) || (error === root && root['type'] === 'error' ? '' : word(error['type'])),
    message: plain(message, MESSAGE_CHARS_MAX),
  };
}

/** A code that is a number only repeats a status. */
function word(value: unknown): string {
  return typeof value === 'string' && !/^\d*$/.test(value) ? plain(value, WORD_CHARS_MAX) : '';
}

function plain(text: string, charsMax: number): string {
  return text.slice(0, charsMax).replaceAll(/\p{Cc}/gu, ' ');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
