// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is how the config itself is written.
/**
 * `${NAME}` in the config: the value of an environment variable, anywhere in a text value; `$${` is a plain `${`.
 *
 * Braces are syntax in YAML's `{ … }`, so that `{ key: ${OPENAI_API_KEY} }` could not be read. Before parsing, therefore, every reference is
 * rewritten with characters that mean nothing to YAML, one for one, so that lines and columns stay. Values come in after parsing: what is
 * in a variable can neither change the structure of the config nor appear in a message about it.
 */

/** Three characters that the text does not contain: they stand for the pieces of `${`, `}` and of the escaped form. */
export type Marks = { readonly open: string; readonly close: string; readonly escape: string };

/** Variables of the environment. */
export type Env = Readonly<Record<string, string | undefined>>;

/** `$${NAME}`, `$${`, `${NAME}`, and references that are no good, which must be told as such and not as broken YAML. */
const REFERENCE = /\$\$\{[A-Za-z_]\w*\}|\$\$\{|\$\{[^{}"',\r\n]*\}/g;

const NAME = /^[A-Za-z_]\w*$/;

/** Why a reference has no value. */
export type ReferenceFault = { readonly name: string; readonly why: 'not-set' | 'empty' | 'no-name' };

/** Rewrites references so that YAML reads them as text. Same length, same line breaks. */
export function hideReferences(text: string): { readonly text: string; readonly marks: Marks } {
  const marks = unusedMarks(text);
  const hidden = text.replace(REFERENCE, (found) => {
    if (found === '$${') return marks.escape.repeat(3);
    if (found.startsWith('$$')) return marks.escape.repeat(3) + found.slice(3, -1) + marks.escape;
    return marks.open.repeat(2) + found.slice(2, -1) + marks.close;
  });
  return { text: hidden, marks };
}

/** What was written, for keys and messages. */
export function shownAsWritten(hidden: string, { open, close, escape: mark }: Marks): string {
  return hidden
    .split(mark.repeat(3))
    .join('$${')
    .split(mark)
    .join('}')
    .split(open.repeat(2))
    .join('${')
    .split(close)
    .join('}');
}

/** The value with every reference filled in. `filled` hears each value that came in, `fault` each reference that has none. */
export function fillReferences(
  hidden: string,
  marks: Marks,
  env: Env,
  filled: (value: string) => void,
  fault: (fault: ReferenceFault) => void,
): string {
  const { open, close, escape: mark } = marks;
  const reference = new RegExp(`${mark}{3}(?:(\\w+)${mark})?|${open}{2}([^${close}]*)${close}`, 'g');
  return hidden.replace(reference, (_found, escaped: string | undefined, name: string | undefined) => {
    if (name === undefined) return escaped === undefined ? '${' : `\${${escaped}}`;
    const value = NAME.test(name) && Object.hasOwn(env, name) ? env[name] : undefined;
    if (!NAME.test(name)) fault({ name, why: 'no-name' });
    else if (value === undefined) fault({ name, why: 'not-set' });
    else if (value.trim() === '') fault({ name, why: 'empty' });
    else filled(value);
    return value ?? '';
  });
}

/** From the private use area, which no config means anything by; a file that uses it all has other problems, and keeps the first three. */
function unusedMarks(text: string): Marks {
  let first = 0xe000;
  for (let at = 0xe000; at < 0xf8fd; at += 3) {
    if (!text.includes(char(at)) && !text.includes(char(at + 1)) && !text.includes(char(at + 2))) {
      first = at;
      break;
    }
  }
  return { open: char(first), close: char(first + 1), escape: char(first + 2) };
}

function char(code: number): string {
  return String.fromCharCode(code);
}
