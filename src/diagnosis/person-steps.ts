/**
 * `wait`, `retry`, `status` and `tell` ask nothing of the person's device, so they fit faults that are elsewhere.
 * `check` looks, `change` alters something of the person's own, `confirm` is a test that tells two causes apart.
 */
export type StepKind = 'wait' | 'retry' | 'status' | 'tell' | 'check' | 'change' | 'confirm';

/** When a step fits besides its cause; what is not known does not fit. */
export type StepFit =
  | 'auto-retry' // the page tries again by itself
  | 'retry-after' // a time was given
  | 'maybe-processed' // sent but unanswered
  | 'resumable' // the reply is journaled
  | 'long-call' // the call is unusually long
  | 'other-model' // another model can be asked
  | 'status-page'; // there is a page to look at

/** One thing a person can do. */
export type PersonStep = { readonly kind: StepKind; readonly text: string; readonly fits?: StepFit };

/** Every step a person is ever shown, by its name. */
export const PERSON_STEPS = {
  // The fault is elsewhere
  'wait-page': { kind: 'wait', text: 'You need not do anything: this page tries again by itself.', fits: 'auto-retry' },
  'wait-given': { kind: 'wait', text: 'Wait for the time shown, then try again.', fits: 'retry-after' },
  'wait-moment': { kind: 'wait', text: 'Wait a moment. This usually passes by itself.' },
  'wait-repair': { kind: 'wait', text: 'Wait until it is repaired. The people who run it have to do that.' },
  'wait-end': { kind: 'wait', text: 'Wait until the work is finished.' },
  'look-first': {
    kind: 'retry',
    text: 'Look first whether the answer has arrived after all, before you send your message again.',
    fits: 'maybe-processed',
  },
  resume: { kind: 'retry', text: 'Let the answer go on from where it stopped.', fits: 'resumable' },
  'retry-now': { kind: 'retry', text: 'Send your message again.' },
  'retry-later': { kind: 'retry', text: 'Try again in a few minutes.' },
  'other-model': { kind: 'retry', text: 'Choose another model, if you can.', fits: 'other-model' },
  'shorter-call': {
    kind: 'retry',
    text: 'Ask for less at once: a shorter message, or fewer attachments.',
    fits: 'long-call',
  },
  'status-page': { kind: 'status', text: 'Look at the status page for news.', fits: 'status-page' },
  'tell-operator': {
    kind: 'tell',
    text: 'If it stays, give the call number on this page to whoever runs this service.',
  },
  'tell-admin': { kind: 'tell', text: 'Give the text below to the people who look after your network.' },
  // The call itself
  'shorten-message': { kind: 'change', text: 'Make your message shorter, or start a new conversation.' },
  'remove-attachment': { kind: 'change', text: 'Take out the largest attachment, or make it smaller.' },
  'reword-message': { kind: 'change', text: 'Say it in other words, or leave out the part that may be sensitive.' },
  'fix-request': { kind: 'change', text: 'Correct what the error message names, then send it again.' },
  'fix-json': { kind: 'change', text: 'Check the JSON of the request: a comma or a bracket may be missing.' },
  'fix-client': {
    kind: 'change',
    text: 'Update the app or library that made the request: what it sends is not allowed.',
  },
  'fix-method': { kind: 'change', text: "Check the method and the address against the gateway's list of addresses." },
  'choose-model': { kind: 'change', text: 'Choose a model from the list of models.' },
  'check-address': { kind: 'check', text: 'Check the address for a spelling mistake.' },
  'use-right-key': { kind: 'change', text: 'Use the key that you were given for this gateway.' },
  'ask-access': { kind: 'tell', text: 'Ask whoever runs this service to allow it for you.' },
  'slow-down': {
    kind: 'change',
    text: 'Send fewer messages at once, and close other windows that use the same account.',
  },
  'faster-upload': { kind: 'check', text: 'Check your connection: the message took too long to arrive.' },
  'use-https': { kind: 'change', text: 'Use https:// in the address, and keep your app or browser up to date.' },
  'raise-answer-limit': { kind: 'change', text: 'Ask for the rest, or allow longer answers.' },
  'close-other-tabs': { kind: 'change', text: 'Close other tabs and programs that use the same service.' },
  // The device
  'after-wake': { kind: 'wait', text: 'If the device has just woken up, wait ten seconds.' },
  'turn-on-network': { kind: 'check', text: 'See that Wi-Fi or the cable is connected and aeroplane mode is off.' },
  'set-clock': { kind: 'change', text: 'Let the device set its date and time by itself.' },
  'hard-reload': { kind: 'change', text: 'Reload without the cache: hold Shift and press the reload button.' },
  'reset-site-cache': { kind: 'change', text: "Use the button that clears this site's stored pages." },
  'clear-site-cookies': { kind: 'change', text: 'Delete the cookies of this site only. You will be signed out here.' },
  'private-window': { kind: 'confirm', text: 'Open the page in a private window, where extensions are off.' },
  'halve-extensions': {
    kind: 'change',
    text: 'Turn half of your extensions off, then the other half, until you find the one.',
  },
  'allow-site': { kind: 'change', text: 'Allow this site in the blocker or extension.' },
  'allow-app': { kind: 'change', text: 'Allow the app in the firewall or antivirus program.' },
  'exempt-scan': {
    kind: 'change',
    text: 'Turn off the scan of secure connections for this site in the antivirus program.',
  },
  'use-system-roots': { kind: 'change', text: 'For programs on Node.js: start them with NODE_USE_SYSTEM_CA=1.' },
  'delete-hosts-line': { kind: 'change', text: 'Delete the line for this name from the hosts file.' },
  'flush-names': { kind: 'change', text: 'Clear the stored names (DNS cache) with the command shown for your system.' },
  'automatic-secure-dns': { kind: 'change', text: 'Set secure DNS in the browser to automatic.' },
  'remove-route': {
    kind: 'change',
    text: 'Take out the route or rule that stops this address, with the command shown.',
  },
  'allow-local-access': { kind: 'change', text: 'Allow this site to reach devices on your network, in its settings.' },
  'fix-proxy-setting': { kind: 'check', text: 'If you did not mean to use this proxy, take the named setting out.' },
  'sign-in-proxy': { kind: 'change', text: 'Sign in at the proxy with your user name and password.' },
  'keep-awake': { kind: 'check', text: 'Keep the tab open and the device awake while an answer comes.' },
  // The network
  'sign-in-portal': {
    kind: 'change',
    text: 'Open any page that begins with http:// and sign in where the network asks you to.',
  },
  'check-router': { kind: 'check', text: 'Look at the lights of the router, and restart it once.' },
  'move-closer': { kind: 'change', text: 'Move closer to the router, or use a cable.' },
  'try-hotspot': {
    kind: 'confirm',
    text: "Try your phone's hotspot. If it works there, the fault is in this network.",
  },
  'provider-status': { kind: 'status', text: 'See whether your internet provider reports a fault.' },
  'turn-family-off': {
    kind: 'change',
    text: 'Turn the broken kind of address (IPv4 or IPv6) off for a while, or update the router.',
  },
  'lower-mtu': { kind: 'change', text: 'Set the MTU of the router or VPN to 1400.' },
  'quic-off': { kind: 'change', text: 'Turn QUIC off in the browser, if the stalls repeat.' },
  'public-resolver': { kind: 'change', text: 'Use another DNS server, with the steps shown for your system.' },
  'vpn-other-place': { kind: 'change', text: 'Choose another location in the VPN.' },
  'vpn-exclude': { kind: 'change', text: 'Exclude this address from the VPN.' },
  'vpn-off': { kind: 'confirm', text: 'Turn the VPN off for a moment to see whether it is the cause.' },
  'check-spelling': { kind: 'check', text: 'Check the spelling of the name.' },
  // The edge
  'finish-check': { kind: 'change', text: 'Finish the check that the page shows ("I am not a robot").' },
  'send-ray': {
    kind: 'tell',
    text: 'Give the number at the bottom of the page (Ray ID) to whoever runs this service.',
  },
  // Not enough is known
  'run-doctor': { kind: 'check', text: 'Run the connection check, and send its report along.' },
  'one-test': { kind: 'confirm', text: "Do one test: try your phone's hotspot. It tells your network from the rest." },
} as const satisfies Record<string, PersonStep>;

/** The name of a step for a person. */
export type PersonStepId = keyof typeof PERSON_STEPS;

/** The steps of a passing fault elsewhere. */
export const PASSING = [
  'wait-page',
  'wait-given',
  'look-first',
  'wait-moment',
  'other-model',
  'status-page',
  'tell-operator',
] as const satisfies readonly PersonStepId[];

/** The steps of a fault elsewhere that someone has to repair. */
export const REPAIR = [
  'wait-repair',
  'other-model',
  'status-page',
  'tell-operator',
] as const satisfies readonly PersonStepId[];
