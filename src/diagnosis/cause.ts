import type { AdminStepId } from './admin-steps.ts';
import type { FolkStepId } from './folk-steps.ts';
import type { OperatorStepId } from './operator-steps.ts';
import type { PersonStepId } from './person-steps.ts';
import type { Safety } from './safety.ts';

/** The five hops between a person and the answer. */
export type Hop = 'you' | 'network' | 'edge' | 'gateway' | 'service';

/** Who has to act. `nobody`: it passes, or nothing failed. */
export type Side = 'person' | 'network-admin' | 'operator' | 'provider' | 'nobody';

/** Whom health and limits hold responsible (design §5): only `host` counts against a target. */
export type Blame = 'caller' | 'credential' | 'quota' | 'capacity' | 'host' | 'gateway' | 'nobody';

/** What we do next with the call: try another target, this one again after a wait, or nothing. */
export type OurRetry = 'elsewhere' | 'here-later' | 'never';

/** What the caller is told: send it again now, after a wait, after changing something, or never. */
export type CallerRetry = 'now' | 'later' | 'after-change' | 'never';

/** RFC 9209 §2.3 error types. */
export type ProxyError =
  | 'dns_timeout'
  | 'dns_error'
  | 'destination_not_found'
  | 'destination_unavailable'
  | 'destination_ip_prohibited'
  | 'destination_ip_unroutable'
  | 'connection_refused'
  | 'connection_terminated'
  | 'connection_timeout'
  | 'connection_read_timeout'
  | 'connection_write_timeout'
  | 'connection_limit_reached'
  | 'tls_protocol_error'
  | 'tls_certificate_error'
  | 'tls_alert_received'
  | 'http_request_error'
  | 'http_request_denied'
  | 'http_response_incomplete'
  | 'http_response_header_section_size'
  | 'http_response_header_size'
  | 'http_response_body_size'
  | 'http_response_trailer_section_size'
  | 'http_response_trailer_size'
  | 'http_response_transfer_coding'
  | 'http_response_content_coding'
  | 'http_response_timeout'
  | 'http_upgrade_failed'
  | 'http_protocol_error'
  | 'proxy_internal_response'
  | 'proxy_internal_error'
  | 'proxy_configuration_error'
  | 'proxy_loop_detected';

/**
 * What a failure looks like to a person who does not care about protocols. Several causes share a family; its sentence is
 * what is translated.
 */
export type Family =
  | 'unreachable'
  | 'insecure'
  | 'hung-up'
  | 'slow'
  | 'garbled'
  | 'cut'
  | 'stalled'
  | 'failed'
  | 'busy'
  | 'limited'
  | 'quota'
  | 'key'
  | 'region'
  | 'maintenance'
  | 'request'
  | 'too-large'
  | 'content'
  | 'not-found'
  | 'not-allowed'
  | 'caller-limited'
  | 'breaks-service'
  | 'left'
  | 'gateway-busy'
  | 'gateway-pause'
  | 'gateway-fault'
  | 'rehearsal'
  | 'finished'
  | 'device'
  | 'network'
  | 'names'
  | 'between'
  | 'edge'
  | 'unknown';

/** How long a cause usually lasts, in seconds, and how we know: nobody's numbers are dressed up as measurements. */
export type Typical = {
  readonly minS: number;
  readonly maxS: number;
  readonly source: 'own-setting' | 'vendor-document' | 'estimate';
};

/** The steps that fit, by audience and in the order of what they cost. Ids lead to the texts in the three step files. */
export type CauseSteps = {
  readonly person: readonly PersonStepId[];
  readonly admin: readonly AdminStepId[];
  readonly operator: readonly OperatorStepId[];
};

/** One entry of the catalogue. */
export type Cause = {
  readonly family: Family;
  /** Short and stable: `title` of problem+json. */
  readonly title: string;
  readonly hop: Hop;
  readonly side: Side;
  readonly blame: Blame;
  /** The HTTP status the caller gets; 0 where no failure is answered: the caller is gone, or only a device can see it. */
  readonly status: number;
  readonly proxyError: ProxyError | undefined;
  readonly lasts: 'transient' | 'lasting';
  readonly retry: { readonly ours: OurRetry; readonly caller: CallerRetry };
  /** What became of the message where no bytes were counted. */
  readonly data: Safety;
  readonly typical: Typical;
  /** What happened, for a person: plain, kind and exact, reading age about 12. */
  readonly person: string;
  /** A picture from daily life, where one helps. */
  readonly picture?: string;
  /** What happened, for an engineer. */
  readonly technical: string;
  readonly steps: CauseSteps;
  /** What people usually try and what cannot help here. */
  readonly wontHelp: readonly FolkStepId[];
};
