import type { Fields } from '../call/fields.ts';
import { type Answer, jsonAnswer, plainAnswer, type StreamEvent } from './answers/answer.ts';
import {
  type Complaint,
  complain,
  complaintOf,
  contentComplaint,
  contextComplaint,
  errorBody,
  midstreamComplaint,
  modelComplaint,
  quotaComplaint,
} from './answers/errors.ts';
import { captivePortal, cloudflareEdgePage, cloudflarePage, edgeError, nginxPage } from './error-pages.ts';
import type { Fault } from './faults.ts';
import type { Scene } from './script.ts';

/** What is said instead of the good answer; the answer itself for faults that spoil only how it is sent. */
export function retold(fault: Fault, answer: Answer, scene: Scene): Answer {
  const { shape, body } = scene.ask;
  const { speaker } = scene;
  const say = (complaint: Complaint, more?: Fields): Answer => complain(shape, speaker, complaint, more);
  const ray = `${speaker.id().slice(0, 16)}-FRA`;
  const at = new Date(speaker.wallMs()).toISOString();
  switch (fault.word) {
    case 'status':
      return say(complaintOf(shape, fault.values.status), waitFields(fault, speaker.wallMs()));
    case 'html-error':
      if (fault.values.from === 'nginx') return nginxPage(fault.values.status);
      if (fault.values.from === 'cloudflare') return cloudflarePage(fault.values.status, ray, at);
      return cloudflareEdgePage(fault.values.status, ray);
    case 'edge-error':
      return edgeError(fault.values.status, ray, at);
    case 'captive-portal':
      return captivePortal(Number(fault.values.status));
    case 'quota-exhausted':
      return say(quotaComplaint(shape, Number(fault.values.status)));
    case 'model-not-found':
      return say(modelComplaint(shape, typeof body?.['model'] === 'string' ? body['model'] : 'unknown'));
    case 'context-too-long':
      return say(contextComplaint(shape));
    case 'content-refused':
      return say(contentComplaint(shape));
    case 'invalid-json':
      return plainAnswer(200, ['content-type', 'application/json'], NOT_JSON);
    case 'truncated-json':
      return { ...halved(answer), status: 200 };
    case 'bad-gzip':
      return { kind: 'plain', status: 200, fields: [...answer.fields, 'content-encoding', 'gzip'], body: BAD_GZIP };
    default:
      return answer.kind === 'plain' ? retoldPlain(fault, answer, scene) : retoldStream(fault, answer, scene);
  }
}

/** A missing comma and a bare word, in a text that looks right from afar. */
const NOT_JSON = '{"object":"chat.completion","choices":[{"index":0 "message":{"role":assistant,"content":"Hello"}}]}';

/** A gzip head (RFC 1952 §2.3), then a deflate block of the reserved type 3 (RFC 1951 §3.2.3): no decoder gets a byte out of it. */
const BAD_GZIP = Buffer.from([
  ...[0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03],
  ...Array.from({ length: 200 }, (_, i) => (i * 37 + 7) % 256),
]);

function waitFields(fault: Extract<Fault, { word: 'status' }>, wallMs: number): Fields {
  const { 'retry-after': seconds, 'retry-after-date': dateS, 'retry-after-ms': ms } = fault.values;
  const fields: Fields = [];
  if (seconds !== undefined) fields.push('retry-after', String(seconds));
  if (dateS !== undefined) fields.push('retry-after', new Date(wallMs + dateS * 1000).toUTCString());
  if (ms !== undefined) fields.push('retry-after-ms', String(ms));
  return fields;
}

type Plain = Extract<Answer, { kind: 'plain' }>;
type Stream = Extract<Answer, { kind: 'stream' }>;

/** The first half as an answer of its own, whose length will agree with it. */
function halved(answer: Answer): Plain {
  const whole =
    answer.kind === 'plain' ? answer.body : Buffer.from(answer.events.map(({ text }) => text).join(''), 'utf8');
  return { kind: 'plain', status: answer.status, fields: answer.fields, body: whole.subarray(0, whole.length >> 1) };
}

function retoldPlain(fault: Fault, answer: Plain, scene: Scene): Answer {
  switch (fault.word) {
    case 'error-event':
      return jsonAnswer(200, [], errorBody(scene.ask.shape, midstreamComplaint(scene.ask.shape, fault.values.says)));
    case 'invalid-json-event':
      return plainAnswer(200, ['content-type', 'application/json'], NOT_JSON);
    case 'empty-stream':
      return { ...answer, status: 200, body: Buffer.alloc(0) };
    default:
      return answer;
  }
}

function retoldStream(fault: Fault, answer: Stream, scene: Scene): Answer {
  const { events } = answer;
  switch (fault.word) {
    case 'stall-after-events':
    case 'cut-after-events':
    case 'bad-chunk-size':
      return { ...answer, events: events.slice(0, endOfOutputs(events, fault.values.events)) };
    case 'error-event': {
      const end = endOfOutputs(events, fault.values.events);
      return { ...answer, events: [...events.slice(0, end), errorEvent(fault.values.says, scene)] };
    }
    case 'invalid-json-event': {
      const at = endOfOutputs(events, fault.values.events);
      const struck = events[at];
      const garbage: StreamEvent = { text: garbled(struck?.text ?? EXTRA), means: 'frame' };
      const rest = fault.values.as === 'extra' ? events.slice(at) : events.slice(at + 1);
      return { ...answer, events: [...events.slice(0, at), garbage, ...rest] };
    }
    case 'missing-done':
      return { ...answer, events: events.filter(({ means }) => means !== 'done') };
    case 'empty-stream':
      return { ...answer, events: [] };
    default:
      return answer;
  }
}

const EXTRA = 'data: {"id":"chatcmpl-extra","choices":[{"index":0,"delta":{"content":"extra"}}]}\n\n';

/** Where the events end that may be sent: behind so many outputs, and in any case before the first word that says the answer is complete. */
function endOfOutputs(events: readonly StreamEvent[], outputs: number): number {
  let said = 0;
  for (const [at, { means }] of events.entries()) {
    if (means === 'finish' || means === 'done' || (means === 'output' && said === outputs)) return at;
    if (means === 'output') said += 1;
  }
  return events.length;
}

/** Cut off within its JSON, as by a buffer that was too small; still an event to whoever splits events. */
function garbled(text: string): string {
  return `${text.trimEnd().slice(0, Math.floor(text.length * 0.6))}\n\n`;
}

/** An error inside a stream, as each API sends it. */
function errorEvent(says: 'error' | 'overloaded' | 'unnamed', scene: Scene): StreamEvent {
  const { shape, path } = scene.ask;
  const complaint = midstreamComplaint(shape, says);
  if (path === '/v1/responses') {
    const code = complaint.code ?? (complaint.type || null);
    const data = { type: 'error', code, message: complaint.message, param: null, sequence_number: 0 };
    return { text: `event: error\ndata: ${JSON.stringify(data)}\n\n`, means: 'frame' };
  }
  const data = JSON.stringify(errorBody(shape, complaint));
  return { text: shape === 'anthropic' ? `event: error\ndata: ${data}\n\n` : `data: ${data}\n\n`, means: 'frame' };
}
