import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import type { Attempt } from '../call/story.ts';
import type { CauseCode } from '../diagnosis/catalogue.ts';
import type { Evidence } from '../diagnosis/evidence.ts';
import type { Finding } from '../diagnosis/finding.ts';
import { findingBehind } from './failure-answer.ts';
import { Seen, serviceOf } from './seen.ts';

const REFUSED: Evidence = { phase: 'connect', firstEvent: 'errno', errno: 'ECONNREFUSED', bytesWritten: 0 };
const SILENT: Evidence = { phase: 'connect', firstEvent: 'our-timer', clock: 'connect', bytesWritten: 0 };
const CRASHED: Evidence = { phase: 'wait-head', firstEvent: 'fin', bytesWritten: 90, bytesRead: 0 };

/** Two targets of one service in two regions, and one of another. */
const PLACES: Readonly<Record<string, { readonly service: string; readonly region: string | undefined }>> = {
  a: { service: 'one.example', region: 'eu' },
  b: { service: 'one.example', region: 'us' },
  c: { service: 'two.example', region: undefined },
};

class Stage {
  nowMs = 1_000_000;
  readonly seen = new Seen({ now: () => this.nowMs, wallMs: () => 0 }, (target) => PLACES[target]);

  attempt(target: string, code: CauseCode | undefined): Attempt {
    return {
      target,
      pool: 'p',
      startMs: this.nowMs,
      headMs: undefined,
      firstPartMs: undefined,
      endMs: this.nowMs,
      status: code === undefined ? 200 : undefined,
      code,
      verdict: code === undefined ? 'answered' : 'failed',
      reason: '',
      cancel: undefined,
      bytesWritten: 0,
    };
  }

  call(caller: string, attempts: readonly Attempt[], model = 'm'): Call {
    return { caller: { ip: '10.0.0.1', credential: caller }, model, story: { attempts, notes: [] } } as unknown as Call;
  }

  answered(caller: string, target: string, times = 1): void {
    for (let n = 0; n < times; n += 1) {
      this.nowMs += 100;
      this.seen.record(this.call(caller, [this.attempt(target, undefined)]), undefined);
    }
  }

  /** The finding that this caller is told, then remembered. */
  failed(caller: string, evidence: Evidence, code: CauseCode, ...targets: readonly string[]): Finding {
    this.nowMs += 100;
    const attempts = targets.map((target) => this.attempt(target, code));
    const call = this.call(caller, attempts);
    const finding = findingBehind(new Failure(code, evidence), attempts, { history: this.seen, caller, model: 'm' });
    this.seen.record(call, finding);
    return finding;
  }
}

test('the first to meet a failure is told what is typical; who comes later, how long it has lasted', () => {
  const stage = new Stage();
  const first = stage.failed('x', REFUSED, 'connect-refused', 'a');
  assert.equal(first.outlook?.sinceMs, undefined);
  assert.equal(first.outlook?.remaining?.source, 'typical');
  stage.nowMs += 60_000;
  assert.equal(stage.failed('x', REFUSED, 'connect-refused', 'a').outlook?.sinceMs, 60_100);
  stage.nowMs += 16 * 60_000;
  assert.equal(stage.failed('x', REFUSED, 'connect-refused', 'a').outlook?.sinceMs, undefined, 'not heard of for long');
});

test('after five stretches of one kind, what was seen takes the place of what is typical', () => {
  const stage = new Stage();
  for (let n = 0; n < 5; n += 1) {
    stage.failed('x', REFUSED, 'connect-refused', 'a');
    stage.nowMs += 30_000;
    stage.answered('x', 'a', 4);
  }
  const { remaining } = stage.failed('x', REFUSED, 'connect-refused', 'a').outlook ?? {};
  assert.deepEqual([remaining?.source, remaining?.seen, remaining?.mostMs], ['seen', 5, 30_100]);
});

test('a fault that comes and goes is one stretch, and one whose end nobody saw is counted for none', () => {
  const stage = new Stage();
  for (let n = 0; n < 20; n += 1) {
    stage.failed('x', REFUSED, 'connect-refused', 'a');
    stage.answered('x', 'a', 1);
  }
  assert.equal(stage.failed('x', REFUSED, 'connect-refused', 'a').outlook?.sinceMs, 20 * 200);
  stage.nowMs += 10 * 60_000;
  stage.answered('x', 'a', 4);
  assert.deepEqual(stage.seen.know({ code: 'connect-refused', caller: 'x', model: 'm', tried: [] }).past, []);
});

test('everyone, some and only you are told apart by what the others met at the same target', () => {
  const stage = new Stage();
  for (const caller of ['u', 'v', 'w']) stage.answered(caller, 'a', 4);
  assert.equal(stage.failed('x', REFUSED, 'connect-refused', 'a').outlook?.radius.who, 'only-you');
  stage.failed('u', REFUSED, 'connect-refused', 'a', 'a', 'a', 'a');
  for (const caller of ['v', 'w']) {
    for (let n = 0; n < 4; n += 1) stage.failed(caller, REFUSED, 'connect-refused', 'a');
  }
  const finding = stage.failed('x', REFUSED, 'connect-refused', 'a');
  assert.equal(finding.outlook?.radius.who, 'everyone');
  assert.ok(finding.decidedBy.includes('other callers are failing'));
  assert.equal(new Stage().failed('x', REFUSED, 'connect-refused', 'a').outlook?.radius.who, 'unknown');
});

test('a failure that one target alone has is said to be confined to it, and to others it is not told', () => {
  const stage = new Stage();
  for (let n = 0; n < 12; n += 1) {
    stage.answered('x', 'c');
    stage.failed('y', REFUSED, 'connect-refused', 'a');
  }
  const { radius } = stage.failed('x', REFUSED, 'connect-refused', 'a').outlook ?? {};
  assert.deepEqual(radius?.confinedTo, { dimension: 'target', name: 'a' });
  assert.equal(stage.failed('x', REFUSED, 'connect-refused', 'c').outlook?.radius.confinedTo, undefined);
});

test('when unrelated services are silent alike, the way out is to blame; a working one clears it', () => {
  const stage = new Stage();
  for (let n = 0; n < 4; n += 1) stage.failed('y', SILENT, 'connect-timeout', 'c');
  assert.equal(stage.failed('x', SILENT, 'connect-timeout', 'a').code, 'gateway-offline');
  stage.answered('y', 'c', 16);
  const finding = stage.failed('x', SILENT, 'connect-timeout', 'a');
  assert.equal(finding.code, 'connect-timeout');
  assert.equal(finding.hop, 'service');
});

test('a message that two targets broke on is to blame only while others are answered there', () => {
  const stage = new Stage();
  for (const caller of ['u', 'v']) stage.answered(caller, 'b', 4);
  assert.equal(stage.failed('x', CRASHED, 'closed-before-answer', 'a', 'b').code, 'request-breaks-service');
  stage.nowMs += 11_000;
  assert.equal(stage.failed('x', CRASHED, 'closed-before-answer', 'a', 'b').code, 'closed-before-answer');
});

test('a target that was not reached did not break on the message, and one that failed others with it broke on none', () => {
  const stage = new Stage();
  for (const caller of ['u', 'v']) stage.answered(caller, 'b', 4);
  const told = (former: CauseCode, over: Partial<Attempt>) => {
    const attempts = [
      { ...stage.attempt('a', former), ...over },
      { ...stage.attempt('b', 'closed-before-answer'), ...over },
    ];
    const failure = new Failure('closed-before-answer', CRASHED);
    return findingBehind(failure, attempts, { history: stage.seen, caller: 'x', model: 'm' }).code;
  };
  assert.equal(told('service-error', {}), 'request-breaks-service');
  assert.equal(told('connect-refused', {}), 'closed-before-answer');
  assert.equal(told('service-error', { isShared: true }), 'closed-before-answer');
});

test('a change of our own is named with what begins soon after it, and not with what was there before', () => {
  const stage = new Stage();
  stage.failed('x', REFUSED, 'connect-refused', 'a');
  stage.nowMs += 5_000;
  stage.seen.changed();
  stage.nowMs += 2_000;
  const said = 'the config here was changed 2 s before it began';
  assert.ok(!stage.failed('x', REFUSED, 'connect-refused', 'a').decidedBy.includes(said));
  assert.ok(stage.failed('x', REFUSED, 'connect-refused', 'b').decidedBy.includes(said));
  stage.nowMs += 6 * 60_000;
  assert.ok(!stage.failed('x', REFUSED, 'connect-refused', 'c').decidedBy.some((fact) => fact.includes('config')));
});

test("a caller's own mistake counts against nobody and has no history", () => {
  const stage = new Stage();
  const evidence: Evidence = { phase: 'queue', firstEvent: 'answer' };
  for (let n = 0; n < 20; n += 1) stage.failed('y', evidence, 'caller-not-json');
  const finding = stage.failed('x', evidence, 'caller-not-json');
  assert.equal(finding.outlook?.sinceMs, undefined);
  assert.equal(finding.outlook?.radius.who, 'unknown');
});

test('ten thousand callers, models and targets are remembered in bounded memory', () => {
  const stage = new Stage();
  for (let n = 0; n < 10_000; n += 1) {
    const attempts = [stage.attempt(`t${n}`, 'connect-refused'), stage.attempt('a', 'connect-refused')];
    stage.seen.record(stage.call(`caller${n}`, attempts, `model${n}`), undefined);
  }
  const { radius } = stage.seen.know({
    code: 'connect-refused',
    caller: 'x',
    model: 'm',
    tried: [{ target: 'a', code: 'connect-refused' }],
  });
  assert.ok(radius.callersTotal <= 64, `${radius.callersTotal} callers`);
});

test('the regions and resources of one provider are one service, addresses stand for themselves', () => {
  assert.equal(serviceOf('us.x.openai.azure.com'), serviceOf('eu.y.openai.azure.com'));
  assert.notEqual(serviceOf('api.openai.com'), serviceOf('api.anthropic.com'));
  assert.equal(serviceOf('127.0.0.1'), '127.0.0.1');
  assert.equal(serviceOf('::1'), '::1');
});
