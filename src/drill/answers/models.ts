import { type Answer, type Ask, fieldsOf, jsonAnswer, type Speaker } from './answer.ts';
import { complain, modelComplaint } from './errors.ts';

/** 2024-05-17: models are older than their answers. */
const CREATED_S = 1_715_904_000;
const CREATED = '2024-05-17T00:00:00Z';

/** `GET /v1/models` and `GET /v1/models/{model}`. */
export function answerModels(ask: Ask, speaker: Speaker): Answer {
  const fields = fieldsOf(ask.shape, speaker);
  const name = decoded(ask.path.slice('/v1/models/'.length));
  if (name === '') {
    const data = speaker.models.map((model) => modelObject(ask, model, speaker));
    if (ask.shape !== 'anthropic') return jsonAnswer(200, fields, { object: 'list', data });
    const [first = null, last = null] = [speaker.models[0], speaker.models.at(-1)];
    return jsonAnswer(200, fields, { data, has_more: false, first_id: first, last_id: last });
  }
  if (!speaker.models.includes(name)) return complain(ask.shape, speaker, modelComplaint(ask.shape, name));
  return jsonAnswer(200, fields, modelObject(ask, name, speaker));
}

function modelObject(ask: Ask, id: string, speaker: Speaker): object {
  if (ask.shape === 'anthropic') {
    return { type: 'model', id, display_name: id, created_at: CREATED };
  }
  return { id, object: 'model', created: CREATED_S, owned_by: speaker.name };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
