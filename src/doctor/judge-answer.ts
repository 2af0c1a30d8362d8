import { CATALOGUE, type CauseCode } from '../diagnosis/catalogue.ts';
import { classify } from '../diagnosis/classify.ts';
import type { Evidence } from '../diagnosis/evidence.ts';
import { type Finding, findingOf } from '../diagnosis/finding.ts';
import { provenance } from '../diagnosis/provenance.ts';
import { fieldIn, jsonIn, type Told } from './ask.ts';
import type { Target } from './target.ts';

/** True for a name of the catalogue. */
export function isCauseCode(text: unknown): text is CauseCode {
  return typeof text === 'string' && Object.hasOwn(CATALOGUE, text);
}

/** What is known of who was asked. */
export type Asking = {
  readonly target: Target;
  readonly hasKey: boolean;
  /** Proven: its `goodgate-code` is its own. */
  readonly isGoodgate: boolean;
};

/** The finding behind what came of a question; undefined when it is a good answer. */
export function judgeTold(told: Told, asking: Asking): Finding | undefined {
  if (told.kind === 'failure') return classify(told.evidence);
  const ours = asking.isGoodgate ? byGoodgate(told) : undefined;
  if (ours !== undefined) return ours;
  const { target, hasKey } = asking;
  // Without a key the refusal is the answer that was due: the service is there and reads requests.
  if (told.status === 401 && !hasKey && isApplication(told)) return undefined;
  if (told.status >= 400) {
    // Nothing at the path of a page that somebody looked at proves no fault of the way to it.
    if (!target.isApi && (told.status === 404 || told.status === 405 || told.status === 401)) return byWriter(told);
    return classify(told.evidence);
  }
  if (told.cut === 'slow') return slow(told.evidence);
  if (target.isApi) return isModels(told) ? undefined : classify(told.evidence);
  return byWriter(told);
}

/** What a Goodgate says of its own failure, word for word. */
function byGoodgate(told: Extract<Told, { kind: 'answer' }>): Finding | undefined {
  const code = fieldIn(told.fields, 'goodgate-code');
  if (!isCauseCode(code)) return undefined;
  const received = /received-status=(\d{3})/.exec(fieldIn(told.fields, 'proxy-status') ?? '')?.[1];
  const by = ['the gateway says so itself'];
  if (received !== undefined) by.push(`the service answered it ${received}`);
  const seconds = Number(fieldIn(told.fields, 'retry-after'));
  return findingOf(
    code,
    'confirmed',
    by,
    told.evidence,
    Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: seconds * 1_000 } : {},
  );
}

/** What a refused key is answered where none was shown; any other words are about a key that was. */
const KEY_MISSING = /did(?:n[’']t| not) (?:provide|include|send)|missing|required|no api.?key/i;
/** Failures that say nothing of the service: the question is about nothing, and may be refused as such. */
const SAYS_NOTHING: ReadonlySet<CauseCode> = new Set<CauseCode>(['model-unknown', 'model-not-found']);

/**
 * What a question that a Goodgate passes on tells of the service behind it; undefined where it tells nothing. We show no key, so that a key
 * which is refused there is the gateway's own.
 */
export function judgeBeyond(told: Told, isListEmpty: boolean): { readonly finding: Finding | undefined } | undefined {
  if (told.kind === 'failure') {
    // Silence alone may be a slow service; where it could not even say which models it has, it does not answer.
    if (!isListEmpty || told.evidence.firstEvent !== 'our-timer') return undefined;
    const by = ['the gateway answers by itself', 'its service lists no models and keeps silent'];
    return { finding: findingOf('answer-timeout', 'likely', by, told.evidence) };
  }
  const own = byGoodgate(told);
  if (own !== undefined) return SAYS_NOTHING.has(own.code) ? undefined : { finding: own };
  if (told.status === 401) {
    const text = new TextDecoder().decode(told.body.subarray(0, 4_096));
    return KEY_MISSING.test(text) ? undefined : { finding: classify(told.evidence) };
  }
  if (told.status === 429 || told.status >= 500) return { finding: classify(told.evidence) };
  // Any other answer is the service's word that it reads requests.
  return { finding: undefined };
}

/** A list of models with none in it. */
export function isEmptyList(told: Extract<Told, { kind: 'answer' }>): boolean {
  const body = jsonIn(told.body);
  const data: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'data') : undefined;
  return Array.isArray(data) && data.length === 0;
}

/** A page that somebody between wrote, in the place of what was asked for. */
function byWriter(told: Extract<Told, { kind: 'answer' }>): Finding | undefined {
  const { kind } = provenance(told.status, told.fields, told.body);
  return kind === 'portal' || kind === 'filter' || kind === 'forward-proxy' ? classify(told.evidence) : undefined;
}

function isApplication(told: Extract<Told, { kind: 'answer' }>): boolean {
  return (fieldIn(told.fields, 'content-type') ?? '').includes('json');
}

/** A list of models, or JSON that was longer than what is read. */
function isModels(told: Extract<Told, { kind: 'answer' }>): boolean {
  if (!isApplication(told)) return false;
  if (told.cut === 'long') return true;
  const body = jsonIn(told.body);
  return typeof body === 'object' && body !== null && !('error' in body);
}

/** The head came at once and the body would never have ended. */
function slow(evidence: Evidence): Finding {
  const bytes = evidence.answer?.body.length ?? 0;
  const by = [`${bytes} bytes of the body in the whole time`];
  return findingOf(
    'body-stall',
    'confirmed',
    by,
    { ...evidence, firstEvent: 'our-timer', clock: 'between-bytes' },
    { detail: bytes > 0 ? 'trickle' : 'silence' },
  );
}
