import { createHash } from 'node:crypto';
import { CATALOGUE, type CauseCode } from '../../diagnosis/catalogue.ts';
import type { Cause } from '../../diagnosis/cause.ts';
import { FOLK_STEPS, type FolkStepId, LOCAL_FOLK } from '../../diagnosis/folk-steps.ts';
import { htmlText } from './html-text.ts';
import { messagesOf } from './messages.ts';
import { PAGE_STYLE_HASH } from './policy.ts';
import { PAGE_STYLE } from './style.ts';

/** What stories and cause pages need beside the error page's style: tables, and the drawing of times. */
const MORE_STYLE = `
:root{--wait:#8fa3b8}
@media(prefers-color-scheme:dark){:root{--wait:#64788d}}
main{max-width:58rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0;font-size:.9375rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:600}
.wide{overflow-x:auto}
.times{display:block;width:100%;min-width:34rem;height:auto;margin:.5rem 0}
.times text{font:11px system-ui,sans-serif;fill:var(--soft)}
.times .axis{stroke:var(--line)}
.times .wait{fill:var(--wait)}
.times .part{fill:var(--soft)}
.times .flow{fill:var(--good)}
.times .end{stroke:var(--bad);stroke-width:3}
.key{display:inline-block;width:.8rem;height:.8rem;margin:0 .4rem 0 1rem;vertical-align:-.05rem}
.key:first-child{margin-left:0}
.key.wait{background:var(--wait)}
.key.part{background:var(--soft)}
.key.flow{background:var(--good)}
`;

const MORE_HASH = `sha256-${createHash('sha256').update(MORE_STYLE).digest('base64')}`;

/** The policy of these pages: their two styles by hash, and nothing else. */
export const SHELL_POLICY = `default-src 'none'; style-src '${PAGE_STYLE_HASH}' '${MORE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** A page without scripts in the error page's clothes. `body` is HTML, already escaped. */
export function shell(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex"><title>${htmlText(title)}</title><style>${PAGE_STYLE}</style><style>${MORE_STYLE}</style></head>
<body><main>
${body}
</main></body></html>
`;
}

/** A heading and an ordered list; nothing without items. */
export function steps(heading: string, texts: readonly string[]): string {
  const items = texts.map((text) => `<li>${htmlText(text)}</li>`);
  return items.length === 0 ? '' : `<h2>${htmlText(heading)}</h2><ol class="steps">${items.join('')}</ol>`;
}

/** A heading and an unordered list; nothing without items. */
export function bullets(heading: string, texts: readonly string[]): string {
  const items = texts.map((text) => `<li>${htmlText(text)}</li>`);
  return items.length === 0 ? '' : `<h2>${htmlText(heading)}</h2><ul class="futile">${items.join('')}</ul>`;
}

/** What will not help with a cause, as it is read: all that could be done at the person's own end is one line and not thirteen. */
export function futile(code: string): string[] {
  if (!Object.hasOwn(CATALOGUE, code)) return [];
  const cause: Cause = CATALOGUE[code as CauseCode];
  const isAllLocal = LOCAL_FOLK.every((id) => cause.wontHelp.includes(id));
  const local: readonly FolkStepId[] = isAllLocal ? LOCAL_FOLK : [];
  const others = cause.wontHelp.filter((id) => !local.includes(id)).map((id) => FOLK_STEPS[id]);
  return [...(isAllLocal ? [messagesOf('en').futileLocal] : []), ...others];
}

/** A part that may be wider than the screen: focusable, so that a keyboard can scroll it. */
export function wide(label: string, html: string): string {
  return `<div class="wide" tabindex="0" role="region" aria-label="${htmlText(label)}">${html}</div>`;
}

/** Terms with what is to be said of each; what is undefined is left out. */
export function facts(rows: readonly (readonly [term: string, text: string | undefined])[]): string {
  const told = rows.flatMap(([term, text]) =>
    text === undefined ? [] : [`<dt>${htmlText(term)}</dt><dd>${htmlText(text, 900)}</dd>`],
  );
  return `<div class="card"><dl>${told.join('')}</dl></div>`;
}
