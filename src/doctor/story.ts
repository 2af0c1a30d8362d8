import { findingOf } from '../diagnosis/finding.ts';
import { ask, jsonIn, viaTo } from './ask.ts';
import type { Facts, PastFailure } from './facts.ts';
import { isCauseCode } from './judge-answer.ts';
import { type Outside, PROBE_MS_MAX, plainText } from './outside.ts';
import type { ProbeReport } from './report.ts';

/** What the gateway knows of a call. */
export type Story = { readonly facts: Partial<Facts>; readonly report: ProbeReport };

const HOPS = ['you', 'network', 'edge', 'gateway', 'service'] as const;
const SIDES = ['person', 'network-admin', 'operator', 'provider', 'nobody'] as const;
const SURE = ['confirmed', 'likely', 'inconclusive'] as const;

/** Asks a Goodgate for the story of a call. Never rejects: a story that cannot be had is a finding too. */
export async function askStory(outside: Outside, gateway: string, id: string, ca: readonly string[]): Promise<Story> {
  const key = outside.env['GOODGATE_KEY'];
  const told = await ask(outside, {
    url: new URL(`/goodgate/why/${id}`, gateway).href,
    fields: ['accept', 'application/json', ...(key === undefined ? [] : ['authorization', `Bearer ${key}`])],
    ca,
    via: viaTo(outside, gateway),
    timeoutMs: PROBE_MS_MAX,
  });
  const tookMs = Math.round(told.tookMs);
  if (told.kind === 'failure') {
    const sentence = `No gateway answers at ${gateway} (${told.evidence.errno ?? 'no answer'}); is it another one? --gateway <url>`;
    return { facts: {}, report: { id: 'story', state: 'fail', sentence, tookMs, facts: {} } };
  }
  if (told.status !== 200) {
    const sentence = `The gateway at ${gateway} remembers no such call, or does not show it to you (status ${told.status}).`;
    return { facts: {}, report: { id: 'story', state: 'warn', sentence, tookMs, facts: { status: told.status } } };
  }
  return readStory(jsonIn(told.body), tookMs);
}

const LEFT = {
  id: 'story',
  state: 'warn',
  sentence: 'The gateway saw the caller leave before the answer was whole.',
} as const;

function left(at: string): PastFailure {
  const decidedBy = ['the gateway saw the caller leave'];
  const { hop, side, confidence, detail } = findingOf('caller-left', 'confirmed', decidedBy, {
    phase: 'body',
    firstEvent: 'our-cancel',
  });
  const atMs = Date.parse(at);
  const when = Number.isFinite(atMs) ? atMs : undefined;
  return {
    source: 'story',
    code: 'caller-left',
    hop,
    side,
    confidence,
    decidedBy,
    detail,
    atMs: when,
    status: undefined,
    retryAfterMs: undefined,
  };
}

/** A story as `/goodgate/why/<id>` tells it, read defensively. */
export function readStory(json: unknown, tookMs: number): Story {
  const of = (value: unknown, name: string): unknown =>
    typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  const problem = of(json, 'problem');
  const code = of(problem, 'goodgate_code');
  const at = plainText(String(of(json, 'at') ?? ''), 40);
  if (!isCauseCode(code)) {
    if (of(json, 'ended') === 'abandoned')
      return { facts: { past: left(at) }, report: { ...LEFT, tookMs, facts: { at } } };
    const isGood = of(json, 'ended') === 'answered';
    const sentence = isGood ? `The gateway answered this call (${at}).` : 'The story names no cause.';
    return {
      facts: isGood ? { isStoryGood: true } : {},
      report: { id: 'story', state: isGood ? 'pass' : 'warn', sentence, tookMs, facts: { at } },
    };
  }
  const evidence = of(json, 'evidence');
  const decided = of(evidence, 'decided_by');
  const detail = of(evidence, 'detail');
  const status = of(problem, 'received_status');
  const wait = of(problem, 'retry_after_ms');
  const atMs = Date.parse(at);
  return {
    facts: {
      past: {
        source: 'story',
        code,
        hop: HOPS.find((each) => each === of(problem, 'hop')) ?? 'gateway',
        side: SIDES.find((each) => each === of(problem, 'side')) ?? 'operator',
        confidence: SURE.find((each) => each === of(problem, 'confidence')) ?? 'likely',
        decidedBy: (Array.isArray(decided) ? decided : [])
          .slice(0, 6)
          .map((each: unknown) => plainText(String(each), 120)),
        detail: typeof detail === 'string' ? plainText(detail, 80) : undefined,
        atMs: Number.isFinite(atMs) ? atMs : undefined,
        status: typeof status === 'number' ? status : undefined,
        retryAfterMs: typeof wait === 'number' ? wait : undefined,
      },
    },
    report: {
      id: 'story',
      state: 'fail',
      sentence: `The gateway's story of ${at}: ${code}.`,
      tookMs,
      facts: { code, at },
    },
  };
}
