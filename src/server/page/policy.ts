/**
 * The page's content security policy: its own style and script by their hash, requests to its own origin, and nothing else. A test
 * computes the hashes anew, so that they cannot fall behind the style and the script.
 */
export const PAGE_STYLE_HASH = 'sha256-pT6vOCRdkHdUnyOotsXaMj3mZO7SmSUFOp8/1DyVNGY=';
export const PAGE_SCRIPT_HASH = 'sha256-HsdJI/VTtEW4+Fmz28DGlKBnag95oiT2S43XFRBgAGg=';
export const PAGE_POLICY = `default-src 'none'; style-src '${PAGE_STYLE_HASH}'; script-src '${PAGE_SCRIPT_HASH}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
