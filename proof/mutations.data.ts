/** One change that breaks the gateway: the text must stand in the file exactly once. */
export type Mutation = {
  readonly name: string;
  /** What it makes of the gateway. */
  readonly tells: string;
  /** Under src/. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
};

/** What is wrong with a mutation and the text it is to change, in a sentence; undefined when it fits. `text` is undefined without the file. */
export function drift({ name, file, from, to }: Mutation, text: string | undefined): string | undefined {
  if (text === undefined) return `${name}: there is no file src/${file}`;
  const times = text.split(from).length - 1;
  if (times !== 1)
    return `${name}: the text to change stands ${times} times in src/${file}, not once: ${JSON.stringify(from)}`;
  return from === to ? `${name}: it changes nothing` : undefined;
}

/** The file's text with the change in it. */
export function mutated({ from, to }: Mutation, text: string): string {
  return text.replace(from, () => to);
}

/** Ways in which a gateway like this one could be wrong, each as one change of its text. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'no-budget',
    tells: 'Retries and hedges are not paid for.',
    file: 'attempts/budget.ts',
    from: '    if (paid.sum(nowMs) + 1 > allowance) return false;\n',
    to: '    if (allowance >= 0) return true;\n',
  },
  {
    name: 'abandoned-is-failure',
    tells: 'A caller who leaves counts as a failure of the target.',
    file: 'health/pool-health.ts',
    from: '        rest.abandoned(attempt);\n        if (seat.fitness !== ',
    to: '        if (rest.failed(this.#now(), attempt)) this.#rested(seat);\n        if (seat.fitness !== ',
  },
  {
    name: 'cut-ends-cleanly',
    tells: 'A stream that breaks after its first part ends as if it were whole.',
    file: 'server/write-reply.ts',
    from: "    if (outcome.kind === 'answered') this.#endWell(outcome.trailers);\n",
    to: "    if (outcome.kind !== 'abandoned') this.#endWell(undefined);\n",
  },
  {
    name: 'no-terminal-needed',
    tells: 'A stream is complete when its connection ends cleanly, terminal event or not.',
    file: 'stream/watch-stream.ts',
    from: '    return this.#isCommitted && this.#finishes > 0 && ',
    to: '    return this.#isCommitted && this.#finishes >= 0 || this.#finishes > 0 && ',
  },
  {
    name: 'lease-kept-for-ever',
    tells: 'The lease of a probe is never given back: not at its end, and not when the probe says nothing.',
    file: 'health/rest.ts',
    from: "    return this.state(nowMs) === 'probing' && this.#probe === undefined;\n",
    to: "    return this.state(nowMs) === 'probing' && this.#probe === undefined && this.#leaseUntilMs === 0;\n",
  },
  {
    name: 'no-slow-start',
    tells: 'A target comes back from its rest at its whole weight.',
    file: 'health/rest.ts',
    from: '    return share >= 1 ? 1 : Math.max(rampMin, share);\n',
    to: '    return share >= 1 ? 1 : Math.max(rampMin, 1);\n',
  },
  {
    name: 'no-deadline',
    tells: 'Calls are tried and waited for after their deadline.',
    file: 'attempts/deadline.ts',
    from: '    guard.alarm = alarms.set(leftMs, guard);\n',
    to: '    guard.alarm = alarms.set(leftMs + 120_000, guard);\n',
  },
  {
    name: 'doubtful-connection-reused',
    tells:
      'A connection on which a call was broken off goes back to the pool, with the rest of its answer still to come.',
    file: 'http1/exchange.ts',
    from: '    connection?.reader.stop();\n    connection?.destroy();\n',
    to: '    connection?.reader.stop();\n    if (connection !== undefined && connection.wire.isOpen) this.#pool.give(connection, this.#record.endMs);\n    else connection?.destroy();\n',
  },
  {
    name: 'never-rests',
    tells: 'Failures never rest a target, however many.',
    file: 'health/rest.ts',
    from: '    const untilMs = nowMs + restMs;\n',
    to: "    if (cause === 'failures') return;\n    const untilMs = nowMs + restMs;\n",
  },
  {
    name: 'rests-for-refused-calls',
    tells: "What a service says to a caller's own mistake counts as its failure.",
    file: 'health/pool-health.ts',
    from: '      default:\n        this.#release(seat, attempt);\n',
    to: '      default:\n        if (rest.failed(this.#now(), attempt)) this.#rested(seat);\n',
  },
  {
    name: 'doubt-not-heard',
    tells: 'A poisonous call convicts every target it is tried at.',
    file: 'health/blame.ts',
    from: '  return wasSent(attempt) && attempt.firstPartMs === undefined;\n',
    to: '  return false && wasSent(attempt);\n',
  },
  {
    name: 'bad-calls-retried',
    tells: "A call that a service refuses for the call's own sake is tried at every other one.",
    file: 'attempts/decide.ts',
    from: "  if (cause.retry.ours === 'never') return { kind: 'stop', why: 'never retried' };\n",
    to: '',
  },
  {
    name: 'no-retry',
    tells: 'Nothing is tried again.',
    file: 'attempts/decide.ts',
    from: "  if (cause.retry.ours === 'never') return",
    to: '  if (cause.retry.ours.length > 0) return',
  },
  {
    name: 'same-target-again',
    tells: 'A further try may go to the target that has just failed.',
    file: 'balance/pick.ts',
    from: '  if (fresh.length > 0) return fresh;\n',
    to: '  if (fresh.length > 0) return fit;\n',
  },
  {
    name: 'leaver-not-cancelled',
    tells: 'The upstream works on for callers who have gone.',
    file: 'call/leave.ts',
    from: '  if (call.isKept !== true) stopTries(call);\n',
    to: '',
  },
  {
    name: 'loser-not-stopped',
    tells: 'The slower of two hedged attempts goes on, unheard.',
    file: 'attempts/hedge.ts',
    from: "  attempt.verdict = 'superseded';\n  attempt.cancel?.();\n",
    to: "  attempt.verdict = 'superseded';\n",
  },
  {
    name: 'load-leaks',
    tells: 'An attempt that fails stays counted as under way.',
    file: 'balance/load.ts',
    from: '    seat.inFlight -= 1;\n',
    to: "    if (outcome.kind !== 'failed') seat.inFlight -= 1;\n",
  },
  {
    name: 'safety-guessed',
    tells: 'Callers of a failed call are told that nothing was sent.',
    file: 'diagnosis/safety.ts',
    from: "  if (attempts.includes('sent-unanswered')) return 'sent-unanswered';\n",
    to: "  if (attempts.includes('sent-unanswered')) return 'not-sent';\n",
  },
  {
    name: 'strict-to-the-last',
    tells: 'A resting target is not asked even when nobody else is left.',
    file: 'health/pool-health.ts',
    from: '      anyone: () => lists().allowed,\n',
    to: '      anyone: () => NO_SEATS,\n',
  },
  {
    name: 'no-turns',
    tells: 'Whoever came first to the waiting room goes first for ever, however much he wants.',
    file: 'attempts/line.ts',
    from: '    if (level !== undefined && at !== -1) level.queues.push(...level.queues.splice(at, 1));\n',
    to: '    if (level === undefined && at !== -1) return;\n',
  },
  {
    name: 'names-never-expire',
    tells: 'An address is believed for ever, even when nobody answers there.',
    file: 'http1/resolver.ts',
    from: '      if (nowMs < entry.freshUntilMs) {\n        if (nowMs >= entry.refreshMs) memory.lookUp(entry);\n',
    to: '      if (entry.ips.length > 0) {\n',
  },
  {
    name: 'no-back-pressure',
    tells: 'A slow reader does not slow the upstream down.',
    file: 'server/write-reply.ts',
    from: '    if (!this.#response.part(bytes)) this.#reply.pause();\n',
    to: '    this.#response.part(bytes);\n',
  },
  {
    name: 'restart-drops-calls',
    tells: 'A stop does not wait for the calls under way.',
    file: 'serve.ts',
    from: 'server.drain(force.settings.drainMs)',
    to: 'server.drain(force.settings.drainMs * 0)',
  },
  {
    name: 'own-chance',
    tells: 'The back-off asks a chance that no seed decides.',
    file: 'attempts/retry.ts',
    from: '        luck: chance.float(),\n',
    to: '        luck: Math.random() + chance.float() * 0,\n',
  },
  {
    name: 'splice-repeats',
    tells: 'A resumed stream says the last piece a second time.',
    file: 'stream/splice.ts',
    from: "    const rest = this.isPast ? piece.slice(used) : '';\n",
    to: "    const rest = this.isPast ? piece.slice(Math.max(0, used - 1)) : '';\n",
  },
  {
    name: 'resume-unchecked',
    tells: 'A resumed stream lets the new answer through from its start.',
    file: 'stream/go-on.ts',
    from: "    const text = spliced.kind === 'past' ? spliced.rest : '';\n",
    to: '    const text = this.#script.textOf(event);\n',
  },
  {
    name: 'replay-loses-a-part',
    tells: 'Who comes back for the rest of an answer misses an event of it.',
    file: 'stream/event-ids.ts',
    from: '(events) => events === count)',
    to: '(events) => events === count + 1)',
  },
  {
    name: 'key-asks-anew',
    tells: 'An idempotency key is not remembered: who comes back is asked for a second time.',
    file: 'stream/replay.ts',
    from: '    if (key !== undefined) this.#byKey.set(key, entry);\n',
    to: '',
  },
  {
    name: 'hint-not-heard',
    tells: 'The shorter deadline that a caller asked for is read and forgotten.',
    file: 'attempts/hints.ts',
    from: '  return given;\n',
    to: '  return name.length > 0 ? max : given;\n',
  },
];
