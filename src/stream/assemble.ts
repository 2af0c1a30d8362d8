import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { type Fields, fieldOf } from '../call/fields.ts';
import { note } from '../call/note.ts';
import type { Outcome, Reply, Sink } from '../call/reply.ts';
import { wholeReply } from '../call/settle.ts';
import { readTopLevel } from '../call/top-level.ts';
import { variantOf } from '../call/variant.ts';
import type { CauseCode } from '../diagnosis/catalogue.ts';
import { type Ask, promised, type Service, tell } from '../pipeline/service.ts';
import { type Assembly, assemblyFor } from './assembly.ts';
import { PING } from './dialects/kinds.ts';
import { EventReader, STREAM_DIALECTS } from './events.ts';
import { isJson, type Json, parsed, parsedAsWritten } from './json.ts';

/** 64 MiB of events: some 300,000 tokens, several times the longest answer. */
const EVENTS_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Above resume: asks for a plain answer as a stream and puts it together, so that stalls and cuts are seen early and mended. The caller gets
 * what the target would have sent. A target that will not stream is asked plainly.
 * @throws Failure how the stream ended, if not well.
 */
export function assemble(ask: Ask): Ask {
  const next = promised(ask);
  return (call, taker) => {
    const streamed = call.isStream || call.dialect === 'http' ? undefined : streaming(call);
    if (streamed === undefined) ask(call, taker);
    else tell(assembled(call, streamed, next), taker);
  };
}

async function assembled(call: Call, streamed: Call, next: Service): Promise<Reply> {
  let reply: Reply;
  try {
    reply = await next(streamed);
  } catch (stranger) {
    const failure = Failure.from(stranger);
    if (failure.code !== 'request-rejected' || call.isLeft) throw failure;
    note(call.story, 'no stream for this request: asked for a plain answer');
    return next(call);
  }
  if (!isEventStream(reply.fields)) return reply;
  return new Promise((fulfil, reject) => new Assembling(call, reply, fulfil, reject).begin());
}

/** The call as a stream; undefined when its dialect has none or its body is not ours to change. */
function streaming(call: Call): Call | undefined {
  const request =
    call.body === undefined || STREAM_DIALECTS[call.dialect] === undefined ? undefined : parsed(call.body);
  if (request === undefined) return undefined;
  const isChunked = call.dialect === 'openai-chat' || call.dialect === 'openai-completions';
  const body = Buffer.from(
    JSON.stringify({ ...request, stream: true, ...(isChunked ? { stream_options: { include_usage: true } } : {}) }),
  );
  return variantOf(call, { body, modelAt: readTopLevel(body)?.modelAt, isStream: true });
}

/** undefined for `[DONE]` and its likes. */
function eventOf(data: Uint8Array): Json | undefined {
  try {
    const event = parsedAsWritten(data);
    return isJson(event) ? event : undefined;
  } catch {
    // No JSON: watch lets nothing else through.
    return undefined;
  }
}

function isEventStream(fields: Fields): boolean {
  return fieldOf(fields, 'content-type')?.startsWith('text/event-stream') === true;
}

class Assembling implements Sink {
  readonly #call: Call;
  readonly #reply: Reply;
  readonly #fulfil: (reply: Reply) => void;
  readonly #reject: (failure: Failure) => void;
  readonly #assembly: Assembly | undefined;
  readonly #reader: EventReader | undefined;
  #bytes = 0;

  constructor(call: Call, reply: Reply, fulfil: (reply: Reply) => void, reject: (failure: Failure) => void) {
    this.#call = call;
    this.#reply = reply;
    this.#fulfil = fulfil;
    this.#reject = reject;
    this.#assembly = assemblyFor(call.dialect);
    const dialect = STREAM_DIALECTS[call.dialect];
    this.#reader = dialect && new EventReader(dialect);
  }

  begin(): void {
    const stop = () => this.#reply.cancel();
    this.#call.leavers.add(stop);
    this.#reply.onOutcome((outcome) => {
      this.#call.leavers.delete(stop);
      if (outcome.kind === 'abandoned') this.#fail('caller-left');
    });
    this.#reply.flow(this);
  }

  part(bytes: Uint8Array): void {
    const reader = this.#reader;
    this.#bytes += bytes.length;
    if (reader === undefined || this.#bytes > EVENTS_BYTES_MAX) {
      this.#reply.cancel();
      this.#fail('body-too-large');
      return;
    }
    reader.feed(bytes);
    while (reader.next()) {
      const event = (reader.kinds & PING) === 0 ? eventOf(reader.data()) : undefined;
      if (event !== undefined) this.#assembly?.add(event);
    }
  }

  end(outcome: Outcome): void {
    if (outcome.kind === 'failed') this.#reject(outcome.failure);
    else if (outcome.kind === 'abandoned') this.#fail('caller-left');
    else this.#whole();
  }

  #whole(): void {
    let answer: object | undefined;
    try {
      answer = this.#assembly?.answer();
    } catch {
      // The arguments of a tool call were no JSON: told as such below.
      answer = undefined;
    }
    if (answer === undefined) {
      this.#fail('answer-not-json');
      return;
    }
    const fields = plainFields(this.#reply.fields);
    this.#fulfil(wholeReply(this.#reply.status, fields, Buffer.from(JSON.stringify(answer)), this.#reply.target));
  }

  #fail(code: CauseCode): void {
    const firstEvent = code === 'caller-left' ? 'our-cancel' : 'answer';
    this.#reject(new Failure(code, { phase: 'body', firstEvent, isRequestSent: true }));
  }
}

/** The head of a plain answer: what was said of the stream is no longer true. */
function plainFields(fields: Fields): Fields {
  const kept: Fields = ['content-type', 'application/json'];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    if (name !== 'content-type' && name !== 'cache-control' && name !== 'content-length')
      kept.push(name, fields[i + 1] ?? '');
  }
  return kept;
}
