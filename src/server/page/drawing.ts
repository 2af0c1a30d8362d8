import type { HopState } from '../../diagnosis/wording.ts';

/** The three states as shapes, so that none is told by colour alone: a tick in a circle, a mark in a triangle, a dashed circle. */
const SHAPES: Readonly<Record<HopState, string>> = {
  good: '<circle cx="12" cy="12" r="10"/><path d="m7.5 12.5 3 3 6-7"/>',
  broken: '<path d="M12 2.5 22.5 21h-21z"/><path d="M12 9.5v5M12 17.8v.2"/>',
  'not-checked': '<circle cx="12" cy="12" r="10"/><path d="M8.5 12h7"/>',
};

/** The picture of one hop's state; its meaning stands beside it in words, so it is hidden from screen readers. */
export function hopDrawing(state: HopState): string {
  return `<svg viewBox="0 0 24 24" aria-hidden="true">${SHAPES[state]}</svg>`;
}
