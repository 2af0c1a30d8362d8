/** What is wrong with targets beyond the shape of their settings. */
import { type ConfigFault, quoted } from './fault.ts';
import { isWritten, itemsAt, namesAt, textAt, valueAt } from './looking.ts';
import { type Path, type Source, subject } from './source.ts';
import { urlFault } from './url.ts';

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&\x27*+.^_\x60|~0-9A-Za-z-]+$/;

/** Written by the engine, or dangerous to write by hand (RFC 9110 §7.6.1, RFC 9112 §6). */
const ENGINE_FIELDS = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
]);

/** Faults of every target. */
export function targetFaults(source: Source): ConfigFault[] {
  return namesAt(source, ['targets']).flatMap((name) => {
    const path = ['targets', name];
    return [
      ...urlFaults(source, path, name),
      ...keyFaults(source, path, name),
      ...headerFaults(source, [...path, 'headers']),
      ...tlsFaults(source, path, name),
    ];
  });
}

function urlFaults(source: Source, path: Path, name: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const url = textAt(source, [...path, 'url']);
  if (url !== undefined) {
    const fault = urlFault(url, false);
    if (fault !== undefined)
      faults.push(source.fault([...path, 'url'], `url ${fault}${schemeGuess(source, [...path, 'url'])}`));
  } else if (textAt(source, [...path, 'dialect']) === 'azure-openai' && !isWritten(source, [...path, 'url'])) {
    const message = `target ${quoted(name)} needs a url: with Azure each customer has another host; expected one such as https://NAME.openai.azure.com`;
    faults.push(source.fault(path, message, 'name'));
  }
  const proxy = textAt(source, [...path, 'proxy']);
  if (proxy !== undefined && proxy !== 'off') {
    const fault = urlFault(proxy, true);
    if (fault !== undefined) faults.push(source.fault([...path, 'proxy'], `proxy ${fault}`));
  }
  return faults;
}

/** The commonest slip is the missing scheme; quoted only where the text cannot hold a password. */
function schemeGuess(source: Source, path: Path): string {
  const written = source.writtenAt(path) ?? '';
  if (!/^[A-Za-z0-9.-]+(:\d{1,5})?(\/[\w./-]*)?$/.test(written)) return '';
  const scheme = /^(localhost|127\.|10\.|192\.168\.)/.test(written) ? 'http' : 'https';
  const guess = quoted(`${scheme}://${written}`);
  return `; did you mean ${guess}?`;
}

function keyFaults(source: Source, path: Path, name: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const hasKey = isWritten(source, [...path, 'key']);
  const hasKeys = isWritten(source, [...path, 'keys']);
  if (hasKey && hasKeys) {
    faults.push(
      source.fault([...path, 'keys'], `target ${quoted(name)} has key and keys; expected one of them`, 'name'),
    );
  }
  if ((hasKey || hasKeys) && textAt(source, [...path, 'credential']) === 'caller') {
    const message = `credential is caller, so the ${hasKey ? 'key' : 'keys'} of target ${quoted(name)} would never be used; expected one of them`;
    faults.push(source.fault([...path, 'credential'], message));
  }
  for (const at of [[...path, 'key'], ...itemsAt(source, [...path, 'keys'])]) {
    const key = textAt(source, at)?.trim();
    if (key === undefined || key === '') continue;
    if (/^bearer\s/i.test(key)) {
      faults.push(
        source.fault(at, `${subject(at)} begins with "Bearer", which Goodgate adds by itself; expected the key alone`),
      );
    } else if (/[^\x21-\x7e]/.test(key)) {
      const message = `${subject(at)} contains a space, a line break or another character that no key has; expected the key alone`;
      faults.push(source.fault(at, message));
    }
  }
  return faults;
}

function headerFaults(source: Source, path: Path): ConfigFault[] {
  return namesAt(source, path).flatMap((name) => {
    const at = [...path, name];
    if (!TOKEN.test(name)) return [source.fault(at, `${quoted(name)} is not the name of a header field`, 'name')];
    if (ENGINE_FIELDS.has(name.toLowerCase())) {
      return [source.fault(at, `the header ${quoted(name)} is written by Goodgate itself and cannot be set`, 'name')];
    }
    const value = valueAt(source.value, at);
    if (typeof value === 'string' && /[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      return [
        source.fault(
          at,
          `the header ${quoted(name)} contains a line break or another character that no header can hold`,
        ),
      ];
    }
    return [];
  });
}

function tlsFaults(source: Source, path: Path, name: string): ConfigFault[] {
  const at = [...path, 'tls'];
  if (!isWritten(source, at)) return [];
  const faults: ConfigFault[] = [];
  if (
    textAt(source, [...path, 'url'])
      ?.toLowerCase()
      .startsWith('http://') === true
  ) {
    faults.push(
      source.fault(
        at,
        `tls is set, but the url of target ${quoted(name)} begins with http://; expected https://`,
        'name',
      ),
    );
  }
  for (const [has, lacks] of [
    ['certificate', 'key'],
    ['key', 'certificate'],
  ] as const) {
    if (isWritten(source, [...at, has]) && !isWritten(source, [...at, lacks])) {
      faults.push(source.fault([...at, has], `tls has a ${has} but no ${lacks}; expected both`, 'name'));
    }
  }
  return faults;
}
