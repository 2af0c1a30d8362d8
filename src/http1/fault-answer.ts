import type { HeadFault } from './fault.ts';
import type { Hall } from './hall.ts';
import type { Answering } from './responder.ts';

/** Answers a request that is refused, in the words of the server's owner; in none when the owner's writer throws. `target` is empty when none was read. */
export function answerFault(hall: Hall, answer: Answering, fault: HeadFault, target: string): void {
  // Who went away, or does not read, is told nothing.
  if (fault.status === 0) return;
  try {
    const { status, fields, body } = hall.faultWriter(fault, target === '' ? undefined : target);
    answer.send(status, fields, body);
  } catch (stranger) {
    hall.stranger(stranger);
    answer.send(fault.status, [], '');
  }
}
