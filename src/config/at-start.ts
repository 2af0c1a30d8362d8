import type { Settings } from './settings.ts';

/** What the ports and the connections to targets are made with: they outlive a reload. By the words of the config. */
const AT_START: readonly (readonly [word: string, value: (settings: Settings) => unknown])[] = [
  ['listen', ({ listen }) => listen],
  ['admin', ({ admin }) => admin],
  ['tls', ({ tls }) => tls],
  ['trust', ({ trust }) => trust],
  ['limits.head-bytes', ({ server }) => server.headBytesMax],
  ['limits.fields', ({ server }) => server.fieldsMax],
  ['limits.body-bytes', ({ server }) => server.bodyBytesMax],
  ['limits.connections', ({ server }) => server.connectionsMax],
  ['limits.requests-per-connection', ({ server }) => server.requestsPerConnectionMax],
  ['limits.target-connections', ({ upstream }) => upstream.connectionsMax],
  ['limits.target-idle', ({ upstream }) => upstream.idleMs],
  ['limits.target-age', ({ upstream }) => upstream.ageMs],
  ['timeouts.caller-head', ({ server }) => server.headMs],
  ['timeouts.caller-body', ({ server }) => server.bodyIdleMs],
  ['timeouts.caller-write', ({ server }) => server.writeIdleMs],
  ['timeouts.caller-idle', ({ server }) => server.keepAliveMs],
];

/** The settings in which a changed config differs from what the process was started with, and which only a start puts in force. */
export function waitingForStart(started: Settings, changed: Settings): readonly string[] {
  return AT_START.filter(([, value]) => JSON.stringify(value(started)) !== JSON.stringify(value(changed))).map(
    ([word]) => word,
  );
}
