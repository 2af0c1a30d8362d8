/** A command cannot start as asked; the message says why and what was expected. */
export class UsageFault extends Error {}
