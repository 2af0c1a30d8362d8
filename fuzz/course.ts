/** What a parser made of a connection's bytes: the messages it saw, and how it ended. */
export type Course = {
  readonly messages: readonly Message[];
  /** `more`: it waits · `refused`: it gave up, with its own word for why · `tunnel`: what follows is not HTTP any more. */
  readonly ending: 'more' | 'refused' | 'tunnel';
  readonly word: string;
};

export type Message = {
  /** Method, target and version, or version and status. */
  readonly start: string;
  /** Name, value, name, value … with lower-case names. */
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  readonly isWhole: boolean;
};

export type Side = 'request' | 'response';

/** A message as it comes in. */
export type OpenMessage = { start: string; fields: string[]; body: string; trailers: string[]; isWhole: boolean };
