/** The languages the error page speaks; the first is the fallback. */
export const LANGUAGES = ['en', 'de', 'fr', 'es', 'pt', 'ja', 'zh'] as const;

/** One of the page's languages. */
export type Language = (typeof LANGUAGES)[number];

/** 20 ranges of 512 characters: browsers send five or six; the rest is someone playing. */
const RANGES_MAX = 20;
const CHARS_MAX = 512;

/** The page's language for an `Accept-Language` (RFC 9110 §12.5.4): the highest weight that we speak, by primary subtag, else English. */
export function pageLanguage(accept: string | undefined): Language {
  let best: Language = 'en';
  let bestWeight = 0;
  for (const range of (accept ?? '').slice(0, CHARS_MAX).split(',', RANGES_MAX)) {
    const [tag = '', ...parameters] = range.split(';');
    const primary = tag.trim().split('-', 1)[0]?.toLowerCase();
    const language = LANGUAGES.find((one) => one === primary);
    const weight = weightOf(parameters);
    if (language !== undefined && weight > bestWeight) {
      best = language;
      bestWeight = weight;
    }
  }
  return best;
}

function weightOf(parameters: readonly string[]): number {
  const quality = parameters.map((one) => one.trim()).find((one) => one.startsWith('q='));
  if (quality === undefined) return 1;
  const weight = Number(quality.slice(2));
  return weight >= 0 && weight <= 1 ? weight : 0;
}
