/** What the people who look after the person's network can do, by name. */
export const ADMIN_STEPS = {
  'allow-hosts': 'Allow HTTPS (TCP 443) to the hosts listed in the report.',
  'allow-streams': 'Do not buffer `text/event-stream`, and allow silences of two minutes on such connections.',
  'exempt-inspection':
    'Exempt the listed hosts from TLS inspection, or install the inspection root on every device and runtime.',
  'trust-inspection-root':
    'For Node.js programs set `NODE_EXTRA_CA_CERTS` to the inspection root. Never turn verification off.',
  'change-filter': 'Find the filter rule in its log by time and host, and change the category or add an exception.',
  'exempt-portal': 'Register the device at the sign-in portal, or exempt the listed hosts from it.',
  'repair-proxy': "Look in the proxy's log at the time shown: can it resolve and reach the host?",
  'proxy-account': "Check the user's account at the proxy.",
  'repair-pac': 'Check that the proxy script (PAC) loads and gives a proxy for this host.',
  'repair-resolver': 'Check the resolvers that DHCP hands out, and what they answer for this name.',
  'stop-rewriting-names': 'Take the name out of the DNS filter, or tell people that it is blocked and by whom.',
  'split-names': 'Let the VPN send queries for this name to the public resolvers (split DNS).',
  'split-route': 'Take the host out of the tunnel (split tunnel), or check the exit that carries it.',
  'clamp-mss': 'Clamp the TCP MSS to the path (MTU 1400 or less in tunnels), and let ICMP "too big" pass.',
  'repair-ipv6': 'Check that the network announces IPv6 only when it can route it.',
  'raise-idle': 'Raise the idle limit for TCP connections (NAT, firewall, proxy) to at least two minutes.',
  'open-udp': 'Allow UDP 443, or leave it: browsers fall back to TCP.',
  'repair-wifi': 'Look at signal, channel and load of the access point.',
  'call-carrier': 'Send the carrier the failing prefix, the time, and a trace from both directions.',
} as const;

/** The name of a step for a network's administrator. */
export type AdminStepId = keyof typeof ADMIN_STEPS;
