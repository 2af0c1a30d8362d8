/** YAML's own faults in plain words, at the place where the reader has to look. */
import { type Document, isCollection, isScalar, type Node, visit, type YAMLParseError } from 'yaml';

/** What a fault of the parser means, by its code; those that are not here never come from a config that someone wrote. */
const PLAIN: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'a text that begins with * must be in quotes, such as "*"',
  BAD_DQ_ESCAPE: 'in double quotes a backslash begins an escape; write two of them, or use single quotes',
  BAD_INDENT: 'this line is not indented like the lines beside it',
  BAD_SCALAR_START: 'a text that begins with a special character must be in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'expected one "name: value" on a line; a text that contains ": " must be in quotes',
  BLOCK_IN_FLOW: 'within [ ] and { } values are separated by commas, not by lines',
  MISSING_CHAR: 'expected "name: value", or "- " before an item, indented like the lines beside it',
  MULTILINE_IMPLICIT_KEY: 'expected "name: value" on one line; is a colon or the space after it missing?',
  MULTIPLE_DOCS: 'a second document begins here ("---"); a config is one document',
  RESOURCE_EXHAUSTION: 'this is nested too deeply',
  TAB_AS_INDENT: 'this line is indented with a tab; YAML takes only spaces',
  UNEXPECTED_TOKEN: 'this does not fit here; is what stands before it complete?',
};

/** One sentence for a fault of the parser, and the offset in the text it is about. */
export function plainYamlFault(
  fault: YAMLParseError,
  document: Document.Parsed,
  text: string,
): { readonly message: string; readonly offset: number } {
  const at = fault.pos[0];
  const opened =
    fault.code === 'BAD_INDENT' || fault.code === 'MISSING_CHAR' ? neverClosed(document, text, at) : undefined;
  if (opened !== undefined) return { message: `the ${text[opened]} here is never closed`, offset: opened };
  return { message: PLAIN[fault.code] ?? 'this is not YAML', offset: at };
}

/** Where the innermost bracket or quote begins that is still open at the fault: the parser notices only lines later. */
function neverClosed(document: Document.Parsed, text: string, at: number): number | undefined {
  let found: number | undefined;
  const consider = (node: Node, closing: string): void => {
    const [start, end] = node.range ?? [];
    if (start === undefined || end === undefined || start >= at || end < at) return;
    const isClosed = text[end - 1] === closing && end - 1 > start && end <= at;
    if (!isClosed && (found === undefined || start > found)) found = start;
  };
  visit(document, {
    Node(_key, node) {
      if (isCollection(node) && node.flow === true) consider(node, text[node.range?.[0] ?? 0] === '[' ? ']' : '}');
      if (isScalar(node) && node.type === 'QUOTE_DOUBLE') consider(node, '"');
      if (isScalar(node) && node.type === 'QUOTE_SINGLE') consider(node, "'");
    },
  });
  return found;
}
