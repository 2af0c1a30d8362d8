import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixedChance, playedTime } from '../attempts/played.test.ts';
import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { wholeReply } from '../call/settle.ts';
import type { BodySink, IncomingRequest, Responder } from '../http1/contract.ts';
import type { Ask, Taker } from '../pipeline/service.ts';
import { type DataHandling, dataHandler } from './data-handler.ts';

const BODY = Buffer.from('{"model":"m","messages":[]}');

/** One request whose body has come, and what its caller hears; `turn` ends a turn of the loop. */
function stage(ask: Ask, over: Partial<Responder> = {}) {
  const time = playedTime();
  const turns: (() => void)[] = [];
  const heard: string[] = [];
  const recorded: string[] = [];
  const unwanted = () => assert.fail('not in this play');
  const handling: DataHandling = {
    clock: time.clock,
    timers: { ...time.timers, soon: (run) => turns.push(run) },
    chance: fixedChance(0.5),
    ask: () => ask,
    hints: () => ({ deadlineMs: 1000, priority: 0, idempotencyKey: undefined, notes: [] }),
    follow: unwanted,
    name: 'goodgate',
    pages: () => false,
    isEdgeSafe: () => false,
    isCallerCredential: () => false,
    secrets: () => [],
    history: {
      know: () =>
        ({
          facts: {},
          radius: { who: 'unknown', callersFailing: 0, callersTotal: 0, confinedTo: undefined },
          past: [],
        }) as never,
    },
    record: (_call, outcome, status) => recorded.push(`${outcome.kind} ${status}`),
  };
  const request: IncomingRequest = {
    method: 'POST',
    target: '/v1/chat/completions',
    minorVersion: 1,
    fields: ['host', 'a'],
    bodyLength: BODY.length,
    peer: { ip: '10.0.0.1', port: 1 },
    isSecure: false,
    read(sink: BodySink) {
      sink.part(BODY);
      sink.end(undefined);
    },
    pause() {},
    resume() {},
  };
  const response: Responder = {
    send: (status) => heard.push(`whole ${status}`),
    head: (status) => heard.push(`head ${status}`),
    part: () => true,
    end: () => heard.push('end'),
    abort: () => heard.push('abort'),
    informational() {},
    upgrade: unwanted,
    onDrain: undefined,
    onLeave: undefined,
    isHeadSent: false,
    bytesWritten: 0,
    ...over,
  };
  const turn = () => {
    for (const run of turns.splice(0)) run();
  };
  dataHandler(handling)(request, response);
  return { heard, recorded, response, turn };
}

const answer: Ask = (_call, taker) =>
  taker.answered(wholeReply(200, ['content-type', 'application/json'], Buffer.from('{}'), 'a'));

test('a call is asked when the turn in which its body came is over, and answered at the end of that in which its answer came', () => {
  const asked: [Call, Taker][] = [];
  const { heard, recorded, turn } = stage((call, taker) => asked.push([call, taker]));
  assert.equal(asked.length, 0);
  turn();
  const [call, taker] = asked[0] ?? assert.fail('nobody was asked');
  assert.equal(call.model, 'm');
  answer(call, taker);
  assert.deepEqual(heard, []);
  turn();
  assert.deepEqual([heard, recorded], [['whole 200'], ['answered 200']]);
});

test('who leaves before its call was asked costs nobody anything', () => {
  const { heard, recorded, response, turn } = stage(() => assert.fail('nobody is there to ask for'));
  response.onLeave?.();
  turn();
  turn();
  assert.deepEqual([heard, recorded], [[], []]);
});

test('who leaves between the answer and its step is recorded once, and the reply is stopped', () => {
  let come = () => {};
  const { heard, recorded, response, turn } = stage((call, taker) => {
    come = () => answer(call, taker);
  });
  turn();
  come();
  response.onLeave?.();
  turn();
  assert.deepEqual([heard, recorded], [[], ['abandoned 0']]);
});

test('a bug of ours in answering ends that call alone: told while nothing was said, cut afterwards', () => {
  const bug: Ask = (_call, taker) => {
    const reply = wholeReply(200, [], Buffer.from('{}'), 'a');
    Object.defineProperty(reply, 'fields', {
      get() {
        throw new TypeError('oops');
      },
    });
    taker.answered(reply);
  };
  const untold = stage(bug);
  untold.turn();
  untold.turn();
  assert.deepEqual([untold.heard, untold.recorded], [['whole 500'], ['failed 500']]);
  const told = stage(bug, { isHeadSent: true });
  told.turn();
  told.turn();
  assert.deepEqual(told.heard, ['abort']);
});

test('the first word counts: a reply that comes after a failure is stopped, a failure after a reply is not told', () => {
  const late = wholeReply(200, [], Buffer.from('{}'), 'a');
  const twice = stage((_call, taker) => {
    taker.failed(new Failure('connect-refused', { phase: 'connect', firstEvent: 'errno', bytesWritten: 0 }));
    taker.answered(late);
  });
  twice.turn();
  twice.turn();
  assert.equal(twice.recorded.length, 1);
  assert.match(twice.recorded[0] ?? '', /^failed /);
  const other = stage((call, taker) => {
    answer(call, taker);
    taker.failed(new TypeError('oops'));
  });
  other.turn();
  other.turn();
  assert.deepEqual([other.heard, other.recorded], [['whole 200'], ['answered 200']]);
});
