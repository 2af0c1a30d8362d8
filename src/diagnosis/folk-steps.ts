/**
 * What people are told to do about any failure, whether it fits or not: a closed list, so that a finding can say which of them
 * cannot help. Read as "… will not help".
 */
export const FOLK_STEPS = {
  refresh: 'Pressing reload again and again',
  'clear-cache': "Clearing the browser's cache",
  'clear-cookies': 'Deleting cookies',
  'other-browser': 'Using another browser',
  'private-window': 'Opening a private window',
  'extensions-off': 'Turning extensions off',
  'vpn-off': 'Turning a VPN off',
  'vpn-on': 'Turning a VPN on',
  'restart-router': 'Restarting the router',
  'change-dns': 'Changing DNS settings',
  'other-network': 'Using another network',
  'restart-device': 'Restarting the device',
  'other-device': 'Using another device',
  reinstall: 'Installing the app or browser again',
  'firewall-off': 'Turning the firewall or antivirus off',
  'skip-warning': 'Clicking a security warning away',
  'new-account': 'Making a new account',
  'new-key': 'Making a new key',
  'pay-more': 'Paying for a bigger plan',
  wait: 'Waiting',
  'send-again': 'Sending the same message again',
} as const;

/** The name of a folk step. */
export type FolkStepId = keyof typeof FOLK_STEPS;

/** Everything at the person's end: none of it touches a fault beyond the network. */
export const LOCAL_FOLK = [
  'clear-cache',
  'clear-cookies',
  'other-browser',
  'private-window',
  'extensions-off',
  'vpn-off',
  'restart-router',
  'change-dns',
  'other-network',
  'restart-device',
  'other-device',
  'reinstall',
  'firewall-off',
] as const satisfies readonly FolkStepId[];

/** A lasting remote fault: nothing at the person's end, and no repetition, changes it. */
export const LASTING_FOLK = [...LOCAL_FOLK, 'refresh', 'send-again'] as const satisfies readonly FolkStepId[];

/** The account of the operator, not of the person: no key or plan of the person's own matters. */
export const ACCOUNT_FOLK = [...LASTING_FOLK, 'new-account'] as const satisfies readonly FolkStepId[];

/** The request itself: neither the path nor time changes it. */
export const REQUEST_FOLK = [...LASTING_FOLK, 'wait'] as const satisfies readonly FolkStepId[];
