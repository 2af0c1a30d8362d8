/** What the people who run the gateway can do, by name. */
export const OPERATOR_STEPS = {
  // Names
  'check-url': "Compare the target's URL, port and scheme with the service's documentation.",
  'look-up-by-hand':
    "Look the name up on the gateway's host and elsewhere. Only here: our resolver. Everywhere: the name itself.",
  'second-resolver': 'Give the gateway a second resolver, so that one that fails does not matter.',
  'check-zone': "See whether the name's registration or zone has run out.",
  // Connecting
  'check-listening': 'If the service is yours: see that its process runs and listens on that address and port.',
  'check-egress':
    "Connect by hand from the gateway's host. When it hangs: look for a firewall, security group or NAT that drops it.",
  'check-routes': "Look at the host's routes to that address, and at the VPN or cloud network they depend on.",
  'check-ipv6': 'If only IPv6 addresses fail: give the host a working IPv6 route, or leave IPv6 out for this target.',
  'check-egress-policy': 'Our rules forbid the address. Allow it only if you trust the name that led to it.',
  'check-forward-proxy': 'Try the forward proxy by hand, and read its log at the time shown.',
  'forward-proxy-account': "Renew the forward proxy's user name and password.",
  'no-proxy': 'If the target should be reached directly, add its host to `NO_PROXY`.',
  'check-own-network': "Check the gateway's own way out: cable, cloud network, NAT, default route, resolver.",
  'exempt-from-portal': "Sign the gateway's host in at the network's portal, or exempt it.",
  'exempt-from-filter': "Have the gateway's host exempted from the filter that answered; its text names the product.",
  // TLS
  'compare-tls':
    'Compare TLS versions, ciphers and server name of both sides (`openssl s_client -connect HOST:PORT -servername NAME`).',
  'check-tls-load': "Look at the load of whatever ends TLS at the service, and at the path's MTU.",
  'client-certificate':
    'Give the target the client certificate and key that the service expects, and check their dates.',
  'renew-certificate': 'If the service is yours: renew its certificate and reload the server that shows it.',
  'check-own-clock': "Compare the gateway's clock with the true time: a wrong clock makes good certificates look bad.",
  'add-authority':
    'If the certificate comes from your own authority, add its root to the target. Never turn verification off.',
  'install-chain': 'If the intermediate certificate is missing, install it at the server.',
  'check-interception': "If a company product issued the certificate, exempt the gateway's host from TLS inspection.",
  'match-name': 'Use a name in the URL that the certificate covers.',
  // Waiting and reading
  'keep-idle-shorter':
    'Let idle connections end sooner than the service ends them. Goodgate learns this by itself; a fixed setting may undo it.',
  'read-service-log':
    'If the service is yours: read its log at the time shown; look for a crash, a kill for memory, or a restart.',
  'drain-service': 'If it comes with each deploy: let the service finish its connections before it stops.',
  'raise-clock': 'If the service needs that long for good reasons, raise the clock that ran out, for this target.',
  'stream-calls': 'Ask for streamed answers: they show life early and pass idle limits.',
  'raise-idle-limit': 'Raise the idle limit of the box between (balancer, NAT, firewall) above the longest silence.',
  heartbeats: 'Let the service send something at least every 15 s.',
  'check-buffering':
    'Turn response buffering off for `text/event-stream` in every proxy between, and raise its read timeout.',
  'check-encoding': 'Turn compression off between service and gateway, and see whether it passes.',
  'cap-fields': 'Find the field that grew (mostly cookies or tracing) and cap it where it is made.',
  'raise-body-limit':
    'If answers or requests of this size are right for you, raise the limit here and in every proxy in front.',
  'check-framing':
    'Ask the service yourself, past the gateway ("curl -v"), and read its first lines. What breaks the rules of HTTP has to be corrected there.',
  'check-in-front-of-service':
    'Look at whatever stands before the service (balancer, filter, CDN): its page came in place of the answer.',
  // Services
  'add-target': "Add a second target or pool, so that one service's failure is not everyone's.",
  'status-feed': "Look at the provider's status page.",
  'ask-provider': 'If it stays, send the provider the time, the region and the story of the call.',
  'ask-about-block':
    "Ask the provider why its firewall blocks the gateway's address or this text; send the number on its page.",
  'lower-concurrency': 'Let fewer calls run at once against this target, or spread them over more targets.',
  'raise-limit': "Raise the account's limit at the provider, or spread the load over more keys.",
  'add-credit': "Add credit or raise the budget in the provider's billing page.",
  'replace-key': "Put a valid key into the target's configuration, and revoke the old one.",
  'grant-permission': "Give the key access to this model and project, in the provider's console.",
  'check-region': 'Use a target in a region where the service is offered.',
  'check-models': "Compare the model's name with the provider's list and with the account's access.",
  'check-redirect': "Put the address that the redirect names into the target's URL, if it is right.",
  'check-rule': 'Find the failing request by its number and see what all such requests share.',
  'check-service-name': "Check that the service's host name, port and server name belong together.",
  // The gateway
  'roll-back': 'Roll back the last deploy or config change first; look for the reason afterwards.',
  'run-check': 'Run `goodgate check`.',
  'report-bug': 'Run `goodgate report` and send the bundle to the project; it holds no keys and no prompts.',
  'look-at-lag': 'Look at event-loop lag and CPU in the metrics; give the gateway more cores (`workers`).',
  'scale-gateway': 'Run more replicas, or raise the limits if the host has room.',
  'noisy-caller': 'Look for one caller that takes most of the room, and limit it.',
  'raise-file-limit': 'Raise the limit of open files, and look for connections that are never closed.',
  'reuse-connections': 'Look for targets that close each connection: they use up source ports.',
  'add-memory': 'Give the host more memory, or lower the limits on queues and buffers.',
  'check-loop': 'Look for a target whose URL leads back to this gateway.',
  'end-maintenance': 'End the maintenance window when the work is done.',
  'drain-longer': 'If streams break at restarts, let the gateway drain longer.',
  'end-rehearsal': 'End the rehearsal in the console.',
  'wait-for-health': 'Look at the targets: each says why it rests and when it is probed next.',
  'raise-caller-limit': "Raise the caller's limit, if it is one you trust.",
  'fix-front': 'If every caller is affected, look at the proxy in front of the gateway: it may rewrite requests.',
  'own-certificate': "Renew the gateway's certificate and install its whole chain.",
  'own-name': "Check the zone and registration of the gateway's own name.",
  'own-process': 'See that the gateway runs, listens and is let through by the firewall.',
  'fix-page-policy': 'Correct the page: CORS, mixed content or content security policy blocks its own request.',
  // The edge
  'edge-process': 'See that the gateway runs and listens on the port that the edge uses.',
  'edge-allow': "Let the edge's published address ranges through the firewall.",
  'edge-load': "Look at the gateway's load and backlog, and at packet filters on the way.",
  'edge-record': "Correct the gateway's DNS record at the edge.",
  'edge-tunnel': 'Restart the tunnel between the edge and the gateway.',
  'edge-tls': "Renew the gateway's certificate; check its name, chain and TLS versions against the edge's mode.",
  'edge-early-head':
    'Begin answers early and send heartbeats at most 15 s apart, or let long work run in the background.',
  'edge-keep-alive': 'Keep idle connections open longer than the edge does (Cloudflare 900 s, AWS ALB 60 s).',
  'edge-fields': "Keep the answer's head under 16 KB and its length true.",
  'edge-rule': "Add a rule for the API's paths, so that challenges and bot checks leave them out.",
  'edge-limit': "Raise the edge's rate limit for this path.",
  'edge-ticket': 'Open a ticket with the edge and give it times and Ray IDs.',
  'edge-away': 'Lead the traffic around the failing site of the edge, by DNS.',
  'answer-503': 'Let the gateway answer 503 in place of 502 and 504, so that the edge shows our page and not its own.',
} as const;

/** The name of a step for whoever runs the gateway. */
export type OperatorStepId = keyof typeof OPERATOR_STEPS;
