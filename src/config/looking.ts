/** Looking into a source whose shape may be wrong anywhere: what is not as wanted is simply not there. */
import { quoted } from './fault.ts';
import { parseDuration, parsePercent } from './measure.ts';
import type { Path, Source } from './source.ts';

/** The value at a path of plain data, or undefined. */
export function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined;
    found = Reflect.get(found, step);
  }
  return found;
}

/** A text; undefined for anything else, and for one that lacks a variable. */
export function textAt(source: Source, path: Path): string | undefined {
  const value = valueAt(source.value, path);
  return typeof value === 'string' && value !== '' && !source.isHole(path) ? value : undefined;
}

/** A text in quotes as it is written, for messages: references stay references. */
export function shownAt(source: Source, path: Path): string {
  return quoted(source.writtenAt(path) ?? '');
}

/** True when something is written there. */
export function isWritten(source: Source, path: Path): boolean {
  return valueAt(source.value, path) !== undefined;
}

/** The names in a map. */
export function namesAt(source: Source, path: Path): string[] {
  const value = valueAt(source.value, path);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}

/** The paths of the items of a list. */
export function itemsAt(source: Source, path: Path): Path[] {
  const value = valueAt(source.value, path);
  return Array.isArray(value) ? value.map((_, index) => [...path, index]) : [];
}

/** A duration in milliseconds. */
export function durationAt(source: Source, path: Path): number | undefined {
  const value = valueAt(source.value, path);
  return typeof value === 'string' || typeof value === 'number' ? parseDuration(value) : undefined;
}

/** A share as a ratio. */
export function percentAt(source: Source, path: Path): number | undefined {
  const value = valueAt(source.value, path);
  return typeof value === 'string' ? parsePercent(value) : undefined;
}

/** A number. */
export function numberAt(source: Source, path: Path): number | undefined {
  const value = valueAt(source.value, path);
  return typeof value === 'number' ? value : undefined;
}
