import type { Hide } from './service-error.ts';

/** What of a call must not be quoted back out of a service's words. */
export type Asked = { readonly fields: readonly string[]; readonly body: Uint8Array | undefined };

/** What stands where something was taken out. */
export const HIDDEN = '[hidden]';

/** Fields whose values are secret by their name, whoever made it up. */
const SECRET_FIELD = /auth|cookie|key|token|secret|session|password/;
/** Shorter values are words of the language, and hiding them would only garble the sentence. */
const SECRET_CHARS_MIN = 6;

/** What stands before a credential is none. */
const SCHEME = /^(?:bearer|basic|digest|negotiate)$/i;

/** What looks like a secret wherever it stands: keys by their prefixes, tokens after the words that announce them, addresses of people, long mixed runs. */
const LOOKS_SECRET: readonly RegExp[] = [
  /\b(?:sk|pk|rk|gsk|hf|xai|key|org|proj|sess|ghp|gho|github_pat|xox[abps]|AIza|AKIA|ya29)[-_.][A-Za-z0-9*._-]{6,}/g,
  /\b(?:AIza|AKIA|eyJ)[A-Za-z0-9._-]{12,}/g,
  /\b(?:bearer|basic|digest)\s+[A-Za-z0-9+/=._~-]{6,}/gi,
  // `max_tokens: 5000` is a number that a complaint has to name, no token.
  /\b(?:[\w-]*(?:key|token(?!s)|secret|password|passwd|cookie|session|authorization)[\w-]*|sid)\s*[=:]\s*["']?[^\s"',;]{4,}/gi,
  /[^\s@"'<>]{1,64}@[^\s@"'<>]+\.[a-z]{2,}/gi,
  // Without hyphens: names of models are as long, and made of short pieces.
  /\b(?=[A-Za-z_]*\d)(?=[\d_]*[A-Za-z])[A-Za-z0-9_]{24,}\b/g,
];

/** A body beyond this is not searched for each word of a message: nothing of the service's prose is quoted then. 256 KiB is a long prompt. */
const BODY_BYTES_MAX = 256 * 1024;
/** Where callers write: what stands elsewhere in a request are names and numbers, which a complaint about them has to name. */
const PROMPT_KEYS = new Set([
  'messages',
  'input',
  'prompt',
  'system',
  'instructions',
  'text',
  'content',
  'metadata',
  'user',
  'tools',
]);
/** Four words in a row are somebody's sentence; two or three are the language's. */
const RUN_WORDS_MIN = 4;
const RUN_CHARS_MIN = 16;
/** Strings of a body that are looked at, nested at most so deep. */
const STRINGS_MAX = 20_000;
const DEPTH_MAX = 12;

/**
 * Makes the filter through which a service's words go before a person sees them: without the caller's credentials and cookies, the
 * gateway's own keys, whatever looks like a key, and without stretches of the caller's prompt. Costs nothing until it is first used.
 */
export function hiding(asked: Asked | undefined, secrets: readonly string[] = []): Hide {
  let known: { readonly secrets: readonly string[]; readonly prompt: string | undefined } | undefined;
  return (text) => {
    known ??= {
      secrets: [...secrets, ...fieldSecrets(asked?.fields ?? [])].filter(
        (one) => one.length >= SECRET_CHARS_MIN && !SCHEME.test(one),
      ),
      prompt: promptOf(asked?.body),
    };
    if (known.prompt === undefined) return HIDDEN;
    const { secrets: all, prompt } = known;
    const plainly = (given: string): string => {
      let shown = given;
      for (const secret of all) shown = shown.replaceAll(secret, HIDDEN);
      shown = withoutPieces(shown, all);
      for (const pattern of LOOKS_SECRET) shown = shown.replace(pattern, HIDDEN);
      return prompt === '' ? shown : withoutRuns(shown, prompt);
    };
    return plainly(withoutDisguises(text, plainly));
  };
}

/** Eight characters in a row of a secret are a part of it; fewer are found in many words. */
const PIECE_CHARS = 8;
/** A word with a stretch blotted out is a secret half hidden: `sk-ab****yz`. */
const BLOTTED = /[^\s"'<>()]{0,200}[*•●]{2,}[^\s"'<>()]*/g;
const TOKEN = /[^\s"'<>(),;]{8,}/g;

/** Without words that hold a part of a secret. */
function withoutPieces(text: string, secrets: readonly string[]): string {
  const pieces = new Set<string>();
  for (const secret of secrets) {
    for (let at = 0; at + PIECE_CHARS <= secret.length; at += 1) pieces.add(secret.slice(at, at + PIECE_CHARS));
  }
  const shown = text.replace(BLOTTED, HIDDEN);
  if (pieces.size === 0) return shown;
  return shown.replace(TOKEN, (token) => {
    for (let at = 0; at + PIECE_CHARS <= token.length; at += 1) {
      if (pieces.has(token.slice(at, at + PIECE_CHARS))) return HIDDEN;
    }
    return token;
  });
}

/**
 * Text in one of these dresses is read undressed, and taken out when it would have been then: percent escapes, entities, JSON escapes,
 * hexadecimal and base64. What may stand before an escape is bounded, so that no text is searched over and over.
 */
const PERCENT = /[^\s"'<>]{0,200}%[0-9A-Fa-f]{2}[^\s"'<>]*/g;
const ENTITIES = /[^\s"'<>]{0,200}&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[a-z]{2,8});[^\s"'<>]*/g;
const ESCAPES = /[^\s"'<>]{0,200}\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2})[^\s"'<>]*/g;
const BASE64 = /[A-Za-z0-9+/_-]{12,}={0,2}/g;
const HEX = /\b(?:[0-9A-Fa-f]{2}){8,}\b/g;

function withoutDisguises(text: string, plainly: Hide): string {
  const undressed = (undress: (token: string) => string) => (token: string) => {
    const bare = undress(token);
    return bare !== token && plainly(bare) !== bare ? HIDDEN : token;
  };
  return text
    .replace(PERCENT, undressed(percentDecoded))
    .replace(ENTITIES, undressed(entitiesDecoded))
    .replace(ESCAPES, undressed(escapesDecoded))
    .replace(
      HEX,
      undressed((token) => readable(Buffer.from(token, 'hex'), token)),
    )
    .replace(
      BASE64,
      undressed((token) => readable(Buffer.from(token, 'base64'), token)),
    );
}

/** Bytes as text when they are one; else the token as it was. */
function readable(bytes: Buffer, token: string): string {
  const text = bytes.toString('latin1');
  const letters = text.match(/[\x20-\x7e]/g)?.length ?? 0;
  return letters >= text.length * 0.9 ? text : token;
}

function percentDecoded(token: string): string {
  return token.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function entitiesDecoded(token: string): string {
  return token.replace(/&(?:#(\d+)|#[xX]([0-9A-Fa-f]+)|[a-z]+);/g, (_, decimal?: string, hex?: string) => {
    const code = decimal === undefined ? Number.parseInt(hex ?? '20', 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : ' ';
  });
}

function escapesDecoded(token: string): string {
  return token.replace(/\\[ux]([0-9A-Fa-f]{4}|[0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** The values of secret fields, and their pieces: a service quotes the token without its scheme, the cookie without its name. */
function fieldSecrets(fields: readonly string[]): string[] {
  const found: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const value = fields[i + 1] ?? '';
    if (SECRET_FIELD.test(fields[i] ?? '')) found.push(value, ...value.split(/[\s;,=]+/));
  }
  // The longest first, or a piece would break up the whole.
  return found.sort((a, b) => b.length - a.length);
}

/** What the caller wrote, as one text of words; undefined when it is too long to compare with. */
function promptOf(body: Uint8Array | undefined): string | undefined {
  if (body === undefined || body.length === 0) return '';
  if (body.length > BODY_BYTES_MAX) return undefined;
  const text = new TextDecoder().decode(body);
  try {
    const strings: string[] = [];
    gather(JSON.parse(text), false, strings, 0);
    return ` ${wordsOf(strings.join(' ')).join(' ')} `;
  } catch {
    // No JSON: then all of it is what the caller wrote.
    return ` ${wordsOf(text).join(' ')} `;
  }
}

function gather(value: unknown, isPrompt: boolean, into: string[], depth: number): void {
  if (into.length >= STRINGS_MAX || depth > DEPTH_MAX) return;
  if (typeof value === 'string') {
    if (isPrompt) into.push(value);
  } else if (Array.isArray(value)) {
    for (const each of value) gather(each, isPrompt, into, depth + 1);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      if (key !== 'role' && key !== 'type') gather(each, isPrompt || PROMPT_KEYS.has(key), into, depth + 1);
    }
  }
}

/** Scripts that write words without spaces count each character as a word. */
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}])[\p{L}\p{N}_-])+/gu;

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(WORD) ?? [];
}

/** A word that no sentence of a service contains by chance: long, and with a digit or a joint in it. */
function isTelling(word: string): boolean {
  return word.length >= 8 && /[\d_-]/.test(word);
}

/** The text without stretches that also stand in the prompt: four words in a row and more, and single words that are telling. */
function withoutRuns(text: string, prompt: string): string {
  const words = [...text.matchAll(WORD)].map((match) => ({
    at: match.index,
    text: match[0],
    low: match[0].toLowerCase(),
  }));
  let shown = '';
  let from = 0;
  for (let i = 0; i < words.length; ) {
    const first = words[i];
    if (first === undefined) break;
    let run = '';
    let count = 0;
    while (i + count < words.length && prompt.includes(` ${run}${words[i + count]?.low} `)) {
      run += `${words[i + count]?.low} `;
      count += 1;
    }
    const isQuote = (count >= RUN_WORDS_MIN && run.length >= RUN_CHARS_MIN) || (count > 0 && isTelling(first.low));
    const last = words[i + count - 1];
    if (isQuote && last !== undefined) {
      shown += text.slice(from, first.at) + HIDDEN;
      from = last.at + last.text.length;
    }
    i += isQuote ? count : 1;
  }
  return shown + text.slice(from);
}
