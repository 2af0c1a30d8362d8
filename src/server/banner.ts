import { listenWords } from '../config/address.ts';
import type { ListenAddress } from '../config/settings.ts';

/** What a start says: where it listens, what it found, what to try next. */
export function banner(
  address: ListenAddress,
  sentences: readonly string[],
  sandbox: readonly { readonly name: string; readonly url: string }[],
  isSecure: boolean,
): string[] {
  const scheme = isSecure ? 'https' : 'http';
  const isAnywhere = address.ip === '0.0.0.0' || address.ip === '::';
  // An address that stands for all of them is listened on, not asked.
  const base = `${scheme}://${isAnywhere ? `localhost:${address.port}` : listenWords(address)}`;
  const lines = [
    `Goodgate serves on ${scheme}://${listenWords(address)}${isAnywhere ? ' (every address of this machine)' : ''}`,
    '',
    ...sentences.map((sentence) => `  ${sentence}`),
    '',
  ];
  lines.push(
    'Ask it:',
    `  curl ${base}/v1/chat/completions -H 'content-type: application/json' \\`,
    `    -d '{"model":"${sandbox.length > 0 ? 'sandbox' : 'MODEL'}","messages":[{"role":"user","content":"Why is the sky blue?"}]}'`,
  );
  const [first] = sandbox;
  if (first !== undefined) {
    const origin = first.url.replace(/\/v1$/, '');
    lines.push(
      '',
      `Break ${first.name}, ask again, and mend it:`,
      `  curl -X PUT ${origin}/drill/fault -d reset-before-head`,
      `  curl -X DELETE ${origin}/drill/fault`,
    );
  }
  return lines;
}

/** Why a port cannot be listened on, and what to do. The data port can be given with the command, the admin port in the config only. */
export function listenSentence(error: unknown, address: ListenAddress, port: 'data' | 'admin'): string {
  const where = listenWords(address);
  const choose = (other: string): string =>
    port === 'data' ? `with --listen ${other}` : `for the admin port with "admin: ${other}" in the config`;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'EADDRINUSE':
      return `${where} is in use by another process; stop that one, or choose another ${choose(`${address.ip}:${address.port + 1}`)}`;
    case 'EACCES':
    case 'EPERM':
      return `${where} may not be used by this user; choose one above 1023 ${choose(`${address.ip}:${port === 'data' ? 5020 : 5021}`)}`;
    case 'EADDRNOTAVAIL':
      return `${where} is no address of this machine; use 127.0.0.1, or 0.0.0.0 for all`;
    default:
      return `cannot listen on ${where}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
