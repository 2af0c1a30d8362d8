import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for the copies of a config that a rehearsal needs; nobody finds it afterwards. */
export function liveFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'goodgate-drill-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
