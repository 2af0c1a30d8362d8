import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlayedTime } from './played.testing.ts';
import { StallClock, type StallLimits } from './stall.ts';

class Play {
  readonly time = new PlayedTime();
  readonly heard: string[] = [];
  readonly stall: StallClock;

  constructor(limits: Partial<StallLimits> = {}) {
    const hearer = {
      stalled: (limitMs: number) => this.heard.push(`stalled ${limitMs}`),
      ended: () => this.heard.push('ended'),
    };
    this.stall = new StallClock(this.time, this.time, { betweenPartsMs: 15_000, quietMs: 120_000, ...limits }, hearer);
  }

  say(isOutput = true): void {
    this.stall.life();
    if (isOutput) this.stall.output();
  }
}

test('before the first output the long limit holds, after it the short one', () => {
  const silent = new Play();
  silent.time.advance(119_999);
  assert.deepEqual(silent.heard, []);
  silent.time.advance(1);
  assert.deepEqual(silent.heard, ['stalled 120000']);
  const spoken = new Play();
  spoken.time.advance(60_000);
  spoken.say();
  spoken.time.advance(14_999);
  assert.deepEqual(spoken.heard, []);
  spoken.time.advance(1);
  assert.deepEqual(spoken.heard, ['stalled 15000']);
});

test('life without output counts only up to the long limit', () => {
  const play = new Play();
  play.say();
  for (let i = 0; i < 11; i++) {
    play.time.advance(10_000);
    play.say(false);
  }
  assert.deepEqual(play.heard, []);
  play.time.advance(10_000);
  assert.deepEqual(play.heard, ['stalled 120000']);
});

test('a paused stream has all its time again when it goes on', () => {
  const play = new Play();
  play.say();
  play.stall.pause();
  play.time.advance(1_000_000);
  play.stall.resume();
  play.time.advance(14_999);
  assert.deepEqual(play.heard, []);
  play.time.advance(1);
  assert.deepEqual(play.heard, ['stalled 15000']);
});

test('a stream slower than the floor is stalled, if there is a floor', () => {
  const drip = (limits: Partial<StallLimits>, everyMs: number) => {
    const play = new Play(limits);
    for (let i = 0; i < 20 && play.heard.length === 0; i++) {
      play.say();
      play.time.advance(everyMs);
    }
    return play.heard;
  };
  assert.deepEqual(drip({}, 5_000), []);
  assert.deepEqual(drip({ outputsPerSecondMin: 1 }, 5_000), ['stalled 10000']);
  assert.deepEqual(drip({ outputsPerSecondMin: 1 }, 900), []);
});

test('once the end is expected, silence no longer matters', () => {
  const play = new Play();
  play.say();
  play.stall.expectEnd(1_000);
  play.time.advance(1_000);
  assert.deepEqual(play.heard, ['ended']);
  const off = new Play({ betweenPartsMs: 0, quietMs: 0 });
  off.say();
  assert.equal(off.time.armed, 0);
});

test('stopped, nothing is left', () => {
  const play = new Play();
  play.say();
  play.stall.stop();
  assert.equal(play.time.armed, 0);
});
