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

/** One entry of the catalogue. */
export type Cause = {
  /** Short and stable: `title` of problem+json. */
  readonly title: string;
  readonly hop: Hop;
  readonly side: Side;
  readonly blame: Blame;
  /** The HTTP status the caller gets; 0 where no answer is possible. */
  readonly status: number;
  readonly proxyError: ProxyError | undefined;
  readonly lasts: 'transient' | 'lasting';
  readonly retry: { readonly ours: OurRetry; readonly caller: CallerRetry };
  /** One plain sentence for a person, reading age about 12. */
  readonly person: string;
  /** One exact sentence for an engineer. */
  readonly technical: string;
};
