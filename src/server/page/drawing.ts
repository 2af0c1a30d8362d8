import type { Hop } from '../../diagnosis/cause.ts';
import { HOPS, type HopState } from '../../diagnosis/wording.ts';
import { htmlText } from './html-text.ts';
import type { Messages } from './messages.ts';

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

/** The five hops in a row, each with its state as a shape and in words. `service` is the service's name, where people may know it. */
export function hopRow(states: Readonly<Record<Hop, HopState>>, m: Messages, service?: string): string {
  const items = HOPS.map((hop) => {
    const state = states[hop];
    const name = hop === 'service' && service !== undefined ? service : m.hops[hop];
    const here = state === 'broken' ? ' aria-current="true"' : '';
    return `<li class="${state}"${here}>${hopDrawing(state)}<b>${htmlText(name)}</b><i>${htmlText(m.states[state])}</i></li>`;
  });
  return `<ol class="hops" aria-label="${htmlText(m.pathLabel)}">${items.join('')}</ol>`;
}
