import type { Story } from './story.ts';

/** Notes a story keeps; a call that has more to say than this repeats itself. */
export const NOTES_MAX = 32;

/** Adds a fact to the story of a call; what comes after the last place is dropped. */
export function note(story: Story, fact: string): void {
  if (story.notes.length < NOTES_MAX) story.notes.push(fact);
}
