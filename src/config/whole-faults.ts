/** What is wrong between the parts of a config: clocks that contradict each other, ports, hedging that nobody pays. */
import { isLoopback, listenWords, parseListen } from './address.ts';
import * as standard from './defaults.ts';
import type { ConfigFault } from './fault.ts';
import { durationAt, isWritten, itemsAt, namesAt, numberAt, percentAt, textAt, valueAt } from './looking.ts';
import { durationWords } from './measure.ts';
import type { Path, Source } from './source.ts';
import { ATTEMPT_CLOCKS } from './timeouts-schema.ts';

/** Faults of the config as a whole. */
export function wholeFaults(source: Source): ConfigFault[] {
  return [...portFaults(source), ...clockFaults(source), ...hedgeFaults(source), ...emptyFaults(source)];
}

function portFaults(source: Source): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const listen = parseListen(textAt(source, ['listen']) ?? listenWords(standard.LISTEN));
  const admin = parseListen(textAt(source, ['admin']) ?? listenWords(standard.ADMIN));
  if (admin !== undefined && listen !== undefined && admin.port === listen.port && admin.port !== 0) {
    const at = isWritten(source, ['admin']) ? ['admin'] : ['listen'];
    faults.push(source.fault(at, `listen and admin have the same port, ${admin.port}; expected two different ones`));
  }
  if (admin !== undefined && !isLoopback(admin.ip) && !isWritten(source, ['admin-token'])) {
    const message = `admin listens on ${listenWords(admin)}, which others can reach, and admin-token is missing; expected a token, or an address such as 127.0.0.1:5021`;
    faults.push(source.fault(['admin'], message));
  }
  return faults;
}

/** A clock of an attempt that is longer than the call can live would never be reached: somebody meant something else. */
function clockFaults(source: Source): ConfigFault[] {
  const general = durationAt(source, ['timeouts', 'deadline']) ?? standard.DEADLINE_MS;
  const routes = itemsAt(source, ['routes']);
  const deadlines = routes.map((route) => durationAt(source, [...route, 'deadline']) ?? general);
  const faults = beyondDeadline(source, ['timeouts'], general);
  for (const [index, route] of routes.entries()) {
    faults.push(...beyondDeadline(source, [...route, 'timeouts'], deadlines[index] ?? general));
  }
  const longest = [general, ...deadlines].includes(0) ? 0 : Math.max(general, ...deadlines);
  for (const name of namesAt(source, ['targets'])) {
    faults.push(...beyondDeadline(source, ['targets', name, 'timeouts'], longest));
  }
  return faults;
}

function beyondDeadline(source: Source, path: Path, deadlineMs: number): ConfigFault[] {
  if (deadlineMs === 0) return [];
  return ATTEMPT_CLOCKS.flatMap((clock) => {
    const ms = durationAt(source, [...path, clock]);
    if (ms === undefined || ms <= deadlineMs) return [];
    const message = `${clock} is ${durationWords(ms)}, longer than the whole call may take (deadline ${durationWords(deadlineMs)}); expected a shorter one, or a longer deadline`;
    return [source.fault([...path, clock], message)];
  });
}

function hedgeFaults(source: Source): ConfigFault[] {
  if (!isWritten(source, ['hedge']) || textAt(source, ['hedge', 'mode']) === 'off') return [];
  const faults: ConfigFault[] = [];
  const share = percentAt(source, ['retries', 'budget']) ?? standard.BUDGET_RATIO;
  const perSecond = numberAt(source, ['retries', 'budget-per-second']) ?? standard.BUDGET_PER_SECOND;
  if (share === 0 && perSecond === 0) {
    const message = 'hedge is set, but retries has no budget to pay for it; expected a budget above 0, or mode: off';
    faults.push(source.fault(['hedge'], message, 'name'));
  }
  const min = durationAt(source, ['hedge', 'after-min']) ?? standard.HEDGE_AFTER_MIN_MS;
  const max = durationAt(source, ['hedge', 'after-max']) ?? standard.HEDGE_AFTER_MAX_MS;
  if (min > max) {
    const at = isWritten(source, ['hedge', 'after-min']) ? 'after-min' : 'after-max';
    const message = `after-min is ${durationWords(min)} and after-max is ${durationWords(max)}; expected the first to be the shorter one`;
    faults.push(source.fault(['hedge', at], message));
  }
  return faults;
}

function emptyFaults(source: Source): ConfigFault[] {
  const targets = valueAt(source.value, ['targets']);
  const isMap = typeof targets === 'object' && targets !== null && !Array.isArray(targets);
  if (!isMap || Object.keys(targets).length > 0) return [];
  const message = 'targets is empty; expected at least one, or no such line: then Goodgate looks for them by itself';
  return [source.fault(['targets'], message, 'name')];
}
