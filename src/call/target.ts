import type { Origin } from '../http1/contract.ts';

/** What a target speaks; `sandbox` is the built-in one, which speaks them all. */
export type TargetDialect = 'openai' | 'azure-openai' | 'anthropic' | 'sandbox';

/** One upstream endpoint with one credential. */
export type Target = {
  readonly name: string;
  readonly dialect: TargetDialect;
  readonly origin: Origin;
  /** Path before the API's own, without a trailing slash: `/v1`. */
  readonly basePath: string;
  /** Credential fields to send, e.g. `['authorization', 'Bearer …']`; empty for none. */
  readonly credential: readonly string[];
  /** True: the caller's own credential is passed on instead. */
  readonly isCallerCredentialPassed: boolean;
  readonly region: string | undefined;
  readonly weight: number;
};

/** Targets that may serve interchangeably. */
export type Pool = {
  readonly name: string;
  readonly targets: readonly Target[];
  /** The model to ask for instead of the caller's. */
  readonly model: string | undefined;
};

/** Which pools, in which order, for which calls. */
export type Route = {
  /** Globs on the model name: `gpt-*`; empty matches every call. */
  readonly models: readonly string[];
  readonly pools: readonly Pool[];
};
