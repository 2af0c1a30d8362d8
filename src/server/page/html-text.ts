const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** 300 characters: no word of the outside needs more room on a page. */
const TEXT_CHARS_MAX = 300;

/** Text as HTML, in content or in a quoted attribute. Control characters, and those that turn the reading direction, are dropped. */
export function htmlText(text: string, charsMax = TEXT_CHARS_MAX): string {
  return (
    text
      .slice(0, charsMax)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, ' ')
      .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
  );
}
