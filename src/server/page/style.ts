/**
 * The page's whole style. No font, image or sheet from anywhere; colours only repeat what shape and words say; every pair has a contrast
 * of 4.5 or more in both schemes.
 */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--bg:#f4f5f7;--card:#fff;--text:#1a1f26;--soft:#505b68;--line:#c9d0d8;--good:#146c36;--bad:#b42318;--act:#1f4fbf}
@media(prefers-color-scheme:dark){:root{--bg:#0e1217;--card:#171d25;--text:#e8edf2;--soft:#a3afbc;--line:#3a4450;--good:#5fd08a;--bad:#ff8f85;--act:#9dbcff}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:1.0625rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{max-width:46rem;margin:0 auto;padding:2rem 1.25rem 3rem}
h1{font-size:1.6rem;line-height:1.25;margin:.25rem 0 .5rem;text-wrap:balance;word-break:auto-phrase}
h2{font-size:1.0625rem;margin:1.5rem 0 .35rem}
p{margin:.35rem 0}
.code,.picture,footer,.small{color:var(--soft)}
.code,footer,.small{font-size:.9375rem}
.hops{list-style:none;margin:1.5rem 0 .75rem;padding:0;display:grid;grid-template-columns:repeat(5,1fr)}
.hops li{position:relative;text-align:center;padding:0 .25rem;overflow-wrap:break-word}
.hops li+li::before{content:"";position:absolute;top:1.2rem;right:calc(50% + 1.6rem);left:calc(-50% + 1.6rem);border-top:2px solid var(--line)}
.hops svg{width:2.5rem;height:2.5rem;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.hops b,.hops i{display:block;font-style:normal;line-height:1.3}
.hops i{font-size:.875rem}
.good svg,.good i{color:var(--good)}
.broken svg,.broken i{color:var(--bad)}
.broken i{font-weight:600}
.not-checked svg,.not-checked i{color:var(--soft)}
.not-checked svg{stroke-dasharray:3 3}
.card{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1rem 1.25rem;margin:1.25rem 0}
.card h2{margin-top:0}
dl{margin:0;display:grid;grid-template-columns:minmax(9rem,max-content) 1fr;gap:.45rem 1.25rem}
dt{color:var(--soft)}
dd{margin:0}
ol.steps,ul.futile{margin:.25rem 0;padding-left:1.4rem}
.steps li,.futile li{margin:.25rem 0}
button,.again{font:inherit;display:inline-block;min-height:2.75rem;padding:.5rem 1.1rem;margin:.5rem .5rem 0 0;border-radius:.5rem;border:1px solid var(--act);background:none;color:var(--act);text-decoration:none;cursor:pointer}
button:hover,.again:hover{background:var(--bg)}
a{color:var(--act)}
:focus-visible{outline:3px solid var(--act);outline-offset:2px}
#left{font-variant-numeric:tabular-nums}
details{margin-top:1.5rem}
summary{cursor:pointer;padding:.35rem 0}
code{font:.9375em ui-monospace,Menlo,Consolas,monospace;overflow-wrap:anywhere;user-select:all}
footer{margin-top:2rem;border-top:1px solid var(--line);padding-top:.75rem}
footer a{margin-right:1rem;display:inline-block;min-height:1.5rem}
[hidden]{display:none}
.spoken{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(max-width:34rem){.hops{grid-template-columns:1fr;gap:.5rem}.hops li{display:grid;grid-template-columns:2.5rem 1fr auto;gap:.75rem;align-items:center;text-align:left}.hops li+li::before{display:none}.hops i{text-align:right}dl{grid-template-columns:1fr;gap:.1rem}dd{margin-bottom:.6rem}}
@media(forced-colors:active){.hops i,.hops svg{color:CanvasText}}
`;
