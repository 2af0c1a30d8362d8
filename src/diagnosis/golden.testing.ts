import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CATALOGUE, type CauseCode } from './catalogue.ts';
import type { Hop, ProxyError } from './cause.ts';
import { classify } from './classify.ts';
import type { Answer, Evidence } from './evidence.ts';
import type { Confidence } from './finding.ts';
import type { PopulationFacts } from './population.ts';

/** One recipe of the taxonomy and all that must come of it. */
export type Row = {
  readonly row: string;
  readonly evidence: Evidence;
  readonly facts?: PopulationFacts;
  readonly code: CauseCode;
  readonly confidence?: Confidence;
  readonly hop?: Hop;
  readonly status?: number;
  readonly proxyError?: ProxyError;
  readonly safety?: 'not-sent' | 'sent-unanswered' | 'answered';
  readonly detail?: string;
};

const encoder = new TextEncoder();

/** An answer with the type its body has. */
export function answer(status: number, body: string | object = '', fields: readonly string[] = []): Answer {
  const isJson = typeof body === 'object';
  const type = isJson
    ? ['content-type', 'application/json']
    : body.startsWith('<')
      ? ['content-type', 'text/html']
      : [];
  return { status, fields: [...type, ...fields], body: encoder.encode(isJson ? JSON.stringify(body) : body) };
}

/** Evidence of an answer that is a failure; the request was sent. */
export function answered(
  status: number,
  body: string | object = '',
  fields: readonly string[] = [],
  more: Partial<Evidence> = {},
): Evidence {
  return {
    phase: 'head',
    firstEvent: 'answer',
    bytesWritten: 300,
    bytesRead: 200,
    answer: answer(status, body, fields),
    ...more,
  };
}

/** OpenAI's error object. */
export function openai(code: string | null, type: string, message = 'm'): object {
  return { error: { message, type, param: null, code } };
}

/** Anthropic's error object. */
export function anthropic(type: string, message = 'm'): object {
  return { type: 'error', error: { type, message }, request_id: 'req_1' };
}

/** Nothing was written, nothing was read. */
export const unsent = { bytesWritten: 0, bytesRead: 0 } as const;
/** The request was written, and nothing came back yet. */
export const waiting = { phase: 'wait-head', bytesWritten: 300, bytesRead: 0 } as const;

/** Runs the table: what a row does not say is the catalogue's. */
export function golden(rows: readonly Row[]): void {
  for (const row of rows) {
    test(`taxonomy ${row.row}: ${row.code}`, () => {
      const finding = classify(row.evidence, row.facts);
      const cause = CATALOGUE[row.code];
      assert.equal(finding.code, row.code, finding.decidedBy.join('; '));
      if (row.confidence !== undefined) assert.equal(finding.confidence, row.confidence);
      assert.equal(finding.hop, row.hop ?? cause.hop);
      assert.equal(finding.status, row.status ?? cause.status);
      assert.equal(finding.proxyError, row.proxyError ?? cause.proxyError);
      if (row.safety !== undefined) assert.equal(finding.safety, row.safety);
      if (row.detail !== undefined) assert.equal(finding.detail, row.detail);
      assert.ok(finding.decidedBy.length > 0, 'says what decided');
    });
  }
}
