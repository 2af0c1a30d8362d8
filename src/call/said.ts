/** How much resume may do for a call (`goodgate-resume`): nothing, only what is provably seamless, or what reads as one answer too. */
export type ResumeMode = 'off' | 'exact' | 'best-effort';

/** What a reply that broke has told the caller. */
export type Said = {
  readonly mode: Exclude<ResumeMode, 'off'>;
  readonly text: string;
  /** Data of the events that shape the reply and carry no output, in order, the first event of the answer before them. */
  readonly structure: readonly string[];
  /** Events passed on. */
  readonly events: number;
  /** Events with output: about as many tokens. */
  readonly outputEvents: number;
  /** Kinds of all of them, as the stream room's bits. */
  readonly kinds: number;
  /** The last that was shown is reasoning. */
  readonly isReasoningOpen: boolean;
};
