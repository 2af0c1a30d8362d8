import type { Call } from './call.ts';

/**
 * The same call asked otherwise: another body, another stretch of the answer. Story and leavers are shared, and it is left when the
 * original is left, so that nothing goes on for a caller who is gone.
 */
export function variantOf(
  call: Call,
  changes: Partial<Pick<Call, 'body' | 'model' | 'modelAt' | 'isStream' | 'said'>>,
): Call {
  return {
    ...call,
    ...changes,
    get isLeft() {
      return call.isLeft;
    },
    set isLeft(isLeft: boolean) {
      call.isLeft = isLeft;
    },
  };
}
