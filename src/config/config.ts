import type { Env } from './environment.ts';
import type { Asked } from './schema.ts';
import type { Path, Place } from './source.ts';

/** A config that was read and found sound: what it asks for, and where each thing stands in the file. */
export type Config = {
  /** The path it was read from. */
  readonly file: string;
  /** What was asked for, PEM files read in; nothing filled in. Holds secrets: `resolve` it, print only `printable` settings. */
  readonly asked: Asked;
  /** The environment it was read with: its keys are filled in, its forward proxies are not yet applied. */
  readonly env: Env;
  /** The values that came from variables: none of them may be said. */
  readonly filled: readonly string[];
  /** Of a setting, or of the nearest one around it. */
  placeOf(path: Path, part?: 'name' | 'value'): Place;
  /** A value as it stands in the file, references unfilled. */
  writtenAt(path: Path): string | undefined;
};
