import type { Settings, TargetSettings } from './settings.ts';

/** Stands for every secret. */
export const MASK = '***';

/** Shorter values of variables are ports, regions and the like; masking `eu` everywhere would garble what is said. */
const SECRET_CHARS_MIN = 8;

/** A text without what came from the environment, for messages that quote settings. */
export function withoutFilledText(text: string, filled: readonly string[]): string {
  let masked = text;
  for (const value of filled) {
    if (value.length < SECRET_CHARS_MIN) continue;
    // Host names are lower case by the time they are said.
    for (const form of [value, value.toLowerCase()]) masked = masked.replaceAll(form, MASK);
  }
  return masked;
}

/** The same data without what came from the environment. */
export function withoutFilled<T>(value: T, filled: readonly string[]): T {
  if (filled.length === 0) return value;
  return JSON.parse(
    JSON.stringify(value, (_key, each) => (typeof each === 'string' ? withoutFilledText(each, filled) : each)),
  );
}

/** Settings as they may be shown: the same shape, every secret masked. Credentials, header values, tokens, keys, PEM texts, proxy passwords. */
export function printable(settings: Settings): Settings {
  const byName = new Map<TargetSettings, TargetSettings>();
  const masked = (target: TargetSettings): TargetSettings => {
    const known = byName.get(target) ?? maskedTarget(target);
    byName.set(target, known);
    return known;
  };
  return {
    ...settings,
    adminToken: settings.adminToken === undefined ? undefined : MASK,
    tls: settings.tls && { ...settings.tls, certificate: MASK, key: MASK },
    targets: settings.targets.map(masked),
    routes: settings.routes.map((route) => ({
      ...route,
      pools: route.pools.map((pool) => ({ ...pool, targets: pool.targets.map(masked) })),
      largerContext: route.largerContext && {
        ...route.largerContext,
        targets: route.largerContext.targets.map(masked),
      },
    })),
  };
}

function maskedTarget(target: TargetSettings): TargetSettings {
  const { tls, via, ...origin } = target.origin;
  return {
    ...target,
    credential: values(target.credential),
    credentials: target.credentials.map(values),
    fields: values(target.fields),
    origin: {
      ...origin,
      ...(tls === undefined
        ? {}
        : { tls: { ...tls, ...(tls.ca && { ca: [MASK] }), ...pair(tls.certificate, tls.key) } }),
      ...(via === undefined
        ? {}
        : { via: { ...via, ...(via.authorization === undefined ? {} : { authorization: MASK }) } }),
    },
  };
}

function pair(certificate: string | undefined, key: string | undefined): { certificate?: string; key?: string } {
  return { ...(certificate === undefined ? {} : { certificate: MASK }), ...(key === undefined ? {} : { key: MASK }) };
}

/** Names stay, values go. */
function values(fields: readonly string[]): string[] {
  return fields.map((each, index) => (index % 2 === 0 ? each : MASK));
}
