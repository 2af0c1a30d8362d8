import type { Probe } from '../probe.ts';
import { CLOCK_AHEAD_MS_MAX, clockAhead } from '../verdict/judgement.ts';

/** Whether this machine's clock agrees with the clocks that the other probes heard on their way. */
export const clockProbe: Probe = {
  id: 'clock',
  needs: ['portal', 'names', 'feed', 'control', 'exchange'],
  async look({ facts }) {
    const off = clockAhead(facts);
    if (off === undefined)
      return { state: 'skip', sentence: "Nobody's clock was heard, so this one could not be compared." };
    const seconds = Math.round(off.aheadMs / 1000);
    const isWrong = Math.abs(off.aheadMs) > CLOCK_AHEAD_MS_MAX;
    const how = `${Math.abs(seconds)} s ${seconds >= 0 ? 'ahead of' : 'behind'} ${off.sources} other${off.sources === 1 ? '' : 's'}`;
    return { state: isWrong ? 'warn' : 'pass', sentence: `This clock is ${how}.` };
  },
};
