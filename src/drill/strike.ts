import type { Answer } from './answers/answer.ts';
import type { Fault } from './faults.ts';
import { retold } from './retell.ts';
import { type Scene, type Script, type Show, type Step, scriptOf, showOf } from './script.ts';

/** The script of a good answer. */
export function perform(answer: Answer, scene: Scene): Script {
  return scriptOf(showOf(answer, scene), scene);
}

/**
 * The script of an answer that fails in the given way: first what is said is changed, then how it is framed and ended, last its bytes.
 * `refuse` is not among them: it is a matter of the listener, and here does nothing.
 */
export function strike(fault: Fault, answer: Answer, scene: Scene): Script {
  const told = retold(fault, answer, scene);
  const show = restaged(fault, showOf(told, scene), answer.kind === 'stream');
  return spoilt(fault, scriptOf(show, scene), scene);
}

const CLOSE = { how: 'close' } as const;
const RESET = { how: 'reset' } as const;
const SILENCE = { how: 'silence' } as const;

/** Framing and timing. `isStream` tells whether the events were cut already, or half of a plain body must be cut here. */
function restaged(fault: Fault, show: Show, isStream: boolean): Show {
  switch (fault.word) {
    case 'slow-head':
      return { ...show, headDelayMs: fault.values.ms };
    case 'oversized-head':
      return { ...show, fields: [...show.fields, ...padding(fault.values.bytes)] };
    case 'silence-after-head':
      return { ...show, pieces: [], isEnded: false, ending: SILENCE };
    case 'stall-after-events':
      return { ...(isStream ? show : halfOf(show)), isEnded: false, ending: SILENCE };
    case 'cut-after-events': {
      const cut = isStream ? show : halfOf(show);
      // Cleanly cut, a plain body must not have announced its true length.
      if (fault.values.end === 'clean') return { ...cut, length: undefined };
      return { ...cut, isEnded: false, ending: fault.values.end === 'fin' ? CLOSE : RESET };
    }
    case 'bad-chunk-size': {
      const before = isStream ? show : fault.values.events === 0 ? { ...show, pieces: [] } : halfOf(show);
      const pieces = [...before.pieces, { delayMs: 0, bytes: BAD_CHUNK, isRaw: true }];
      return { ...before, pieces, length: undefined, isEnded: false, ending: CLOSE };
    }
    case 'wrong-content-length': {
      const length = show.pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
      if (fault.values.announced === 'too-short') return { ...show, length: length >> 1 };
      return { ...show, length: length * 2, ending: CLOSE };
    }
    case 'idle-close':
      return show.ending.how === 'keep' ? { ...show, ending: { how: 'keep', idleMs: fault.values.ms } } : show;
    default:
      return show;
  }
}

/** No hex digit, then data as if nothing were wrong. */
const BAD_CHUNK = Buffer.from('zz\r\ndata: {}\r\n');

function halfOf(show: Show): Show {
  return {
    ...show,
    pieces: show.pieces.map((piece) => ({ ...piece, bytes: piece.bytes.subarray(0, piece.bytes.length >> 1) })),
  };
}

/** Cookies of 1 KiB each, set by a server that has gone mad; 17 bytes of each are name and punctuation. */
const PAD_BYTES = 1024;

function padding(bytes: number): string[] {
  const fields: string[] = [];
  for (let at = 0; at < bytes; at += PAD_BYTES) fields.push('set-cookie', `c${at}=${'x'.repeat(PAD_BYTES - 17)}`);
  return fields;
}

/** What an SSH server says to whoever connects: the wrong port, the commonest way to meet something that is not HTTP. */
const GREETING = 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n';

/** The bytes themselves. */
function spoilt(fault: Fault, script: Script, scene: Scene): Script {
  const nothing = { headDelayMs: 0, head: '', body: [] };
  switch (fault.word) {
    case 'accept-and-hang':
      return { ...nothing, ending: SILENCE };
    case 'reset-before-head':
      return { ...nothing, ending: RESET };
    case 'close-before-head':
      return { ...nothing, ending: CLOSE };
    case 'reset-on-reuse':
      return scene.nthOnWire > 1 ? { ...nothing, ending: RESET } : script;
    case 'garbage-status-line':
      return { ...nothing, head: GREETING, ending: CLOSE };
    case 'bad-head-line':
      return { ...script, head: script.head.replace('\r\n', '\r\nthis line has no colon\r\n'), ending: CLOSE };
    case 'cut-head':
      return {
        ...nothing,
        head: script.head.slice(0, Math.min(fault.values.bytes, script.head.length - 2)),
        ending: CLOSE,
      };
    case 'reset-after-bytes':
      return { ...script, body: firstBytes([...script.body], fault.values.bytes), ending: RESET };
    case 'slow-drip':
      return { ...script, body: dripped(script.body, fault.values.bytes, fault.values.ms) };
    default:
      return script;
  }
}

/** At most so many bytes, and at least one less than all. */
function* firstBytes(steps: readonly Step[], bytes: number): Generator<Step> {
  const all = steps.reduce((sum, step) => sum + step.bytes.length, 0);
  let left = Math.min(bytes, all - 1);
  for (const step of steps) {
    if (left <= 0) return;
    yield left >= step.bytes.length ? step : { ...step, bytes: step.bytes.subarray(0, left) };
    left -= step.bytes.length;
  }
}

function* dripped(steps: Iterable<Step>, bytes: number, ms: number): Generator<Step> {
  for (const step of steps) {
    for (let at = 0; at < step.bytes.length; at += bytes) {
      yield { delayMs: ms, bytes: step.bytes.subarray(at, at + bytes) };
    }
  }
}
