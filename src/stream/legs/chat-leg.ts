import { FINISH, OUTPUT, ROLE, TEXT, USAGE } from '../dialects/kinds.ts';
import { type Json, listOf, numberOf, parsed, within } from '../json.ts';
import type { LegScript, LegStart } from './leg.ts';

/** Chat Completions: each chunk carries the reply's id; the role is said once. */
export function chatLeg(start: LegStart): LegScript {
  const opening = parsed(start.said.structure[0] ?? '') ?? {};
  return {
    isNamed: false,
    textOf: (event) => String(within(listOf(event, 'choices')[0] ?? {}, 'delta')['content'] ?? ''),
    rewrite(event, kinds, text, isPast) {
      if ((kinds & (OUTPUT | FINISH | USAGE)) === 0)
        return (kinds & ROLE) !== 0 || !isPast ? [] : [enveloped(event, opening)];
      if ((kinds & OUTPUT) === TEXT && text === '' && (kinds & (FINISH | USAGE)) === 0) return [];
      const choices = listOf(event, 'choices').map((choice) => ({
        ...choice,
        delta: deltaWith(within(choice, 'delta'), kinds, text),
      }));
      return [withUsage({ ...enveloped(event, opening), choices }, start)];
    },
  };
}

/** The older Completions. */
export function completionsLeg(start: LegStart): LegScript {
  const opening = parsed(start.said.structure[0] ?? '') ?? {};
  return {
    isNamed: false,
    textOf: (event) => String(listOf(event, 'choices')[0]?.['text'] ?? ''),
    rewrite(event, kinds, text) {
      if (text === '' && (kinds & (FINISH | USAGE)) === 0) return [];
      const choices = listOf(event, 'choices').map((choice) => ((kinds & TEXT) === 0 ? choice : { ...choice, text }));
      return [withUsage({ ...enveloped(event, opening), choices }, start)];
    },
  };
}

/** The id and time of the first reply; the model stays that of the one that really speaks. */
function enveloped(event: Json, opening: Json): Json {
  const changed = { ...event };
  for (const key of ['id', 'created']) if (key in opening && key in event) changed[key] = opening[key];
  return changed;
}

function deltaWith(delta: Json, kinds: number, text: string): Json {
  const { role: _, ...rest } = delta;
  return (kinds & TEXT) === 0 ? rest : { ...rest, content: text };
}

/** Usage as if one target had answered: what was said before counts as answer, not as prompt. */
function withUsage(event: Json, { tokensBefore }: LegStart): Json {
  const usage = within(event, 'usage');
  const prompt = numberOf(usage, 'prompt_tokens');
  const completion = numberOf(usage, 'completion_tokens');
  if (tokensBefore === 0 || prompt === undefined || completion === undefined) return event;
  const before = Math.min(tokensBefore, prompt);
  return { ...event, usage: { ...usage, prompt_tokens: prompt - before, completion_tokens: completion + before } };
}
