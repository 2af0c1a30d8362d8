import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { CATALOGUE, type CauseCode } from '../../diagnosis/catalogue.ts';
import type { Cause } from '../../diagnosis/cause.ts';
import { classify } from '../../diagnosis/classify.ts';
import { type Finding, findingOf } from '../../diagnosis/finding.ts';
import type { Outlook } from '../../diagnosis/history.ts';
import { PERSON_STEPS } from '../../diagnosis/person-steps.ts';
import { errorPage, type PageContext } from './error-page.ts';
import { LANGUAGES, pageLanguage } from './language.ts';
import { messagesOf } from './messages.ts';
import { PAGE_POLICY, PAGE_SCRIPT_HASH, PAGE_STYLE_HASH } from './policy.ts';
import { PAGE_SCRIPT } from './script.ts';
import { PAGE_STYLE } from './style.ts';

const context: PageContext = {
  method: 'GET',
  status: 502,
  host: 'gate.example',
  callId: '0123456789abcdef0123456789abcdef',
  time: '2026-11-22T03:20:59Z',
  attempts: 3,
  service: 'openai-us',
  statusUrl: '/goodgate/status',
  doctorUrl: '/goodgate/doctor',
  situation: ['other-model', 'resumable', 'long-call', 'status-page'],
};

const OUTLOOK: Outlook = {
  sinceMs: 240_000,
  remaining: { leastMs: 5_000, mostMs: 1_800_000, source: 'typical', seen: 0 },
  radius: { who: 'many', callersFailing: 4, callersTotal: 9, confinedTo: undefined },
};

const refused: Finding = {
  ...classify({ phase: 'connect', firstEvent: 'errno', errno: 'ECONNREFUSED', bytesWritten: 0 }),
  outlook: OUTLOOK,
};
const silent = classify({
  phase: 'wait-head',
  firstEvent: 'our-timer',
  clock: 'head',
  bytesWritten: 900,
  bytesRead: 0,
});

/** Every cause that the gateway answers with a failing status, as the finding of a sent message. */
const FINDINGS: readonly Finding[] = (Object.entries(CATALOGUE) as [CauseCode, Cause][])
  .filter(([, cause]) => cause.status >= 400)
  .map(([code]) => ({
    ...findingOf(code, 'likely', ['a fact'], { phase: 'wait-head', firstEvent: 'fin', bytesWritten: 9 }),
    outlook: OUTLOOK,
  }));

test('every cause in every language makes a page under 14 KB that says what happened, in that language', () => {
  for (const language of LANGUAGES) {
    for (const finding of FINDINGS) {
      const page = errorPage(finding, { ...context, status: finding.status }, language);
      assert.ok(Buffer.byteLength(page) < 14_336, `${language} ${finding.code}: ${Buffer.byteLength(page)}`);
      assert.match(page, new RegExp(`<html lang="${language}">`));
      assert.equal(page.match(/<h1>[^<]+<\/h1>/g)?.length, 1);
      assert.match(page, /<ol class="steps" id="by-hand"><li>/);
      assert.ok(page.includes('<ul class="futile"><li>'), 'says what will not help');
      const text = page
        .replace(PAGE_SCRIPT, '')
        .replace(PAGE_STYLE, '')
        .replace(/ data-[a-z]+="[^"]*"/g, '');
      assert.doesNotMatch(text, /undefined|\[object|[{}]|<li><\/li>|null|NaN/);
    }
  }
});

test('the page needs nothing from anywhere: no asset, no frame, no refresh, no inline handler', () => {
  const page = errorPage(refused, context, 'en');
  assert.doesNotMatch(
    page,
    /<(link|img|iframe|object|embed|form|base)\b|http-equiv|@import|url\(|\ssrc=|\son[a-z]+=|\sstyle=/i,
  );
});

test('a GET that may do better later is tried again by itself, and its link works without a script', () => {
  const page = errorPage(refused, context, 'en');
  assert.match(page, /<section [^>]*id="retry"[^>]* hidden/);
  assert.match(page, /<a class="again" id="again" href="">Try again<\/a>/);
  assert.ok(page.includes(PAGE_SCRIPT));
});

test('only the list that the script shows says that the page tries again by itself', () => {
  const page = errorPage(refused, context, 'en');
  const [, byHand = ''] = /<ol class="steps" id="by-hand">(.*?)<\/ol>/.exec(page) ?? [];
  const [, byItself = ''] = /<ol class="steps" id="by-itself" hidden>(.*?)<\/ol>/.exec(page) ?? [];
  assert.ok(!byHand.includes('this page tries again') && byHand.includes(PERSON_STEPS['wait-moment'].text));
  assert.ok(byItself.includes(PERSON_STEPS['wait-page'].text));
});

test('where reloading is in vain there is no link to do it, and what only a change ends has no duration', () => {
  const finding = findingOf('context-too-long', 'confirmed', [], { phase: 'head', firstEvent: 'answer' });
  const page = errorPage(finding, { ...context, status: 400 }, 'en');
  assert.doesNotMatch(page, /id="again"/);
  assert.ok(page.includes('Until the request is changed.'));
  assert.ok(!page.includes('Many others'));
});

test('a POST is never repeated: no script, no link, and it says why', () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', '']) {
    const page = errorPage(silent, { ...context, method }, 'en');
    assert.doesNotMatch(page, /<script|id="retry"|id="again"/);
    assert.ok(page.includes('This page repeats nothing by itself'));
    assert.ok(page.includes('The AI service may have worked on it.'));
    assert.ok(page.includes(PERSON_STEPS['look-first'].text));
  }
});

test('what a person or an operator has to change is not tried again by itself', () => {
  for (const code of ['context-too-long', 'certificate-expired', 'quota-exhausted', 'gateway-misconfigured'] as const) {
    const finding = findingOf(code, 'confirmed', [], { phase: 'head', firstEvent: 'answer' });
    assert.doesNotMatch(errorPage(finding, { ...context, status: finding.status }, 'en'), /<script|id="retry"/, code);
  }
});

test('the time the service named is the floor of the wait', () => {
  const limited = classify({
    phase: 'head',
    firstEvent: 'answer',
    answer: { status: 429, fields: ['retry-after', '7'], body: new Uint8Array() },
  });
  assert.match(errorPage(limited, { ...context, status: 429 }, 'en'), /data-floor="7000"/);
});

test('the five hops are named with their state in words, and the broken one is marked', () => {
  const page = errorPage(refused, context, 'en');
  const items = [
    ...page.matchAll(/<li class="([a-z-]+)"( aria-current="true")?><svg.*?<b>([^<]+)<\/b><i>([^<]+)<\/i>/g),
  ];
  assert.deepEqual(
    items.map(([, state, current, name, word]) => [name, state, word, current !== undefined]),
    [
      ['You', 'good', 'Working', false],
      ['Network', 'good', 'Working', false],
      ['Front door', 'good', 'Working', false],
      ['Gateway', 'good', 'Working', false],
      ['openai-us', 'broken', 'Problem here', true],
    ],
  );
});

test('whatever comes from outside is escaped, and no link runs a script', () => {
  const evil = `"><script>alert(1)</script>'&\u202e\u0000`;
  const finding = { ...refused, decidedBy: [evil], detail: evil };
  const page = errorPage(
    finding,
    {
      ...context,
      host: evil,
      callId: evil,
      service: evil,
      time: evil,
      statusUrl: 'javascript:alert(1)',
      doctorUrl: '//evil.example',
    },
    'en',
  );
  assert.equal(page.match(/<script/g)?.length, 1);
  assert.doesNotMatch(page, /javascript:|href="\/\/|\u202e/);
  assert.ok(!page.includes('\u0000'));
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const made = errorPage(refused, { ...context, host: text, callId: text, service: text, time: text }, 'en');
      const rest = made.replace(PAGE_SCRIPT, '').replace(PAGE_STYLE, '');
      assert.equal(
        rest.match(
          /<(?!\/?(html|head|meta|title|style|body|main|p|h1|h2|ol|ul|li|svg|path|circle|b|i|div|dl|dt|dd|section|button|a|details|summary|code|footer|time|script)\b)(?!!doctype)/g,
        ),
        null,
      );
      assert.equal(rest.match(/<script>/g)?.length, 1);
    }),
    { numRuns: 200 },
  );
});

test('a name as long as a book does not make the page long', () => {
  const long = 'x'.repeat(100_000);
  assert.ok(
    errorPage(refused, { ...context, host: long, callId: long, service: long, time: long }, 'en').length < 16_000,
  );
});

test('the policy holds the hashes of the style and the script as they are', () => {
  const hash = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`;
  assert.equal(PAGE_STYLE_HASH, hash(PAGE_STYLE));
  assert.equal(PAGE_SCRIPT_HASH, hash(PAGE_SCRIPT));
  assert.doesNotMatch(PAGE_POLICY, /unsafe|\*/);
});

test('no other language leaves a text in English by mistake', () => {
  const english = new Set(textsOf(messagesOf('en')));
  // Names and technical words that are the same everywhere.
  const shared = /^(Gateway|Cookies?|\{n\}.*|Stop)$/;
  for (const language of LANGUAGES.slice(1)) {
    for (const text of textsOf(messagesOf(language)))
      assert.ok(!english.has(text) || shared.test(text), `${language}: ${text}`);
  }
});

test('every text keeps the places that are filled in', () => {
  const english = placesOf(messagesOf('en'));
  for (const language of LANGUAGES.slice(1)) assert.deepEqual(placesOf(messagesOf(language)), english, language);
});

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

function placesOf(value: unknown, at = ''): string[] {
  if (typeof value === 'string') return [...value.matchAll(/\{[a-z]+\}/g)].map(([place]) => `${at}${place}`).sort();
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value)
    .flatMap(([key, inner]) => placesOf(inner, `${at}/${key}`))
    .sort();
}

test('the language is the one of the highest weight that the page speaks, else English', () => {
  const cases: readonly (readonly [string | undefined, string])[] = [
    [undefined, 'en'],
    ['', 'en'],
    ['de', 'de'],
    ['de-CH,de;q=0.9,en;q=0.8', 'de'],
    ['nl,pt-BR;q=0.5,fr;q=0.7', 'fr'],
    ['zh-Hant-TW, ja;q=0.9', 'zh'],
    ['*', 'en'],
    ['de;q=0, es;q=0.1', 'es'],
    ['de;q=9, es;q=0.1', 'es'],
    ['xx,yy;q=nonsense', 'en'],
    [`${'a,'.repeat(10_000)}de`, 'en'],
  ];
  for (const [accept, language] of cases) assert.equal(pageLanguage(accept), language, String(accept).slice(0, 40));
});
