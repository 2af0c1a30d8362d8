// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is how the config itself is written.
/** Targets that will be refused, overheard or never asked. */
import type { Config } from './config.ts';
import { proxyVariableFault } from './forward-proxy.ts';
import type { Remark, Rule } from './lint.ts';
import type { Settings } from './settings.ts';
import type { Path } from './source.ts';

/** The rules about single targets. */
export const targetRules: readonly Rule[] = [keyless, overheard, literal, unused, proxied];

function keyless({ asked }: Config, { targets }: Settings): Remark[] {
  return targets
    .filter((target) => target.credential.length === 0 && !target.isCallerCredentialPassed)
    .filter((target) => target.origin.isSecure && !target.isNear && asked.targets?.[target.name]?.headers === undefined)
    .map(({ name, origin }) => ({
      rule: 'no-key',
      path: ['targets', name],
      part: 'name',
      message: `Target ${name} (${origin.host}) has no key, so it will refuse every call.`,
      advice: "Add key: ${NAME}, or credential: caller to pass the caller's own on.",
    }));
}

function overheard(_config: Config, { targets }: Settings): Remark[] {
  const clear = targets
    .filter(({ origin, isNear, credential }) => !origin.isSecure && !isNear && credential.length > 0)
    .map(
      ({ name }): Remark => ({
        rule: 'key-in-clear',
        path: ['targets', name, 'url'],
        message: `The key of target ${name} crosses the network without encryption.`,
        advice: 'Use https://.',
      }),
    );
  const unverified = targets
    .filter(({ origin }) => origin.tls?.isVerified === false)
    .map(
      ({ name }): Remark => ({
        rule: 'unverified',
        path: ['targets', name, 'tls', 'verify'],
        message: `Target ${name} is not verified, so whoever stands between reads the key and every prompt.`,
        advice: 'Name the authority that signed its certificate as tls.ca instead.',
      }),
    );
  return [...clear, ...unverified];
}

function literal({ asked, writtenAt }: Config): Remark[] {
  const places = Object.entries(asked.targets ?? {}).flatMap(([name, target]): Path[] => [
    ['targets', name, 'key'],
    ...(target.keys ?? []).map((_, index) => ['targets', name, 'keys', index]),
  ]);
  return places
    .filter((path) => {
      const written = writtenAt(path);
      return written !== undefined && !written.includes('${');
    })
    .map((path) => ({
      rule: 'key-in-file',
      path,
      message: `The key of target ${String(path[1])} stands in the file itself.`,
      advice: 'Write key: ${NAME} and put it into the environment, so that the file can be shared.',
    }));
}

function unused({ asked }: Config, { targets, routes }: Settings): Remark[] {
  if (asked.routes === undefined) return [];
  const used = new Set(
    routes.flatMap((route) => route.pools.flatMap((pool) => pool.targets.map((target) => target.name))),
  );
  return targets
    .filter(({ name }) => !used.has(name))
    .map(({ name }) => ({
      rule: 'unused-target',
      path: ['targets', name],
      part: 'name',
      message: `Target ${name} is in no pool, so it is never asked.`,
      advice: 'Add it to a pool, or remove it.',
    }));
}

function proxied({ env }: Config, { targets }: Settings): Remark[] {
  const fault = proxyVariableFault(true, env) ?? proxyVariableFault(false, env);
  if (fault === undefined || targets.length === 0) return [];
  return [
    {
      rule: 'proxy-unreadable',
      path: ['targets'],
      part: 'name',
      message: `No forward proxy is used: ${fault}.`,
      advice: 'Correct the variable, or unset it.',
    },
  ];
}
