/** What an event of a stream carries; one event may carry several. Bits, because they are tested for every event of every stream. */
export const ROLE = 1 << 0;
export const TEXT = 1 << 1;
export const TOOL = 1 << 2;
/** Reasoning that the caller can see. Hidden reasoning is `OTHER`: it proves life and is no output. */
export const REASONING = 1 << 3;
export const REFUSAL = 1 << 4;
/** Sound, images and whatever else is shown and is none of the above. */
export const MEDIA = 1 << 5;
export const USAGE = 1 << 6;
export const FINISH = 1 << 7;
export const ERROR = 1 << 8;
/** The dialect's last event. */
export const TERMINAL = 1 << 9;
/** A comment, a ping event, an event without data. */
export const PING = 1 << 10;
/** Began as an event of the dialect and is not whole: a piece of the answer is lost with it. */
export const GARBLED = 1 << 11;
/** Never was an event of the dialect: it can be left out without loss. */
export const JUNK = 1 << 12;
/** More than one choice, or one that is not the first. */
export const SEVERAL = 1 << 13;
export const LOGPROBS = 1 << 14;
/** With PING: an event with nothing in it. Clients that read each event as JSON break over it, so it is never passed on. */
export const EMPTY = 1 << 15;
/** A kind of event that is valid and says nothing to us. */
export const OTHER = 0;

/** What makes the first part of an answer: the caller sees it. */
export const OUTPUT = TEXT | TOOL | REASONING | REFUSAL | MEDIA;

/** An answer that holds one of these is never continued from its text, only asked again (design §5). */
export const NOT_CONTINUABLE = TOOL | REFUSAL | MEDIA | SEVERAL | LOGPROBS;
