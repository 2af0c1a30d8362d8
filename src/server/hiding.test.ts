import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HIDDEN, hiding } from './hiding.ts';

const body = (value: object) => new TextEncoder().encode(JSON.stringify(value));

test('what a service says of a request is told as it is', () => {
  const hide = hiding({
    fields: ['authorization', 'Bearer sk-caller-1', 'content-type', 'application/json'],
    body: body({
      model: 'claude-sonnet-4-5-20250929',
      max_tokens: 5000,
      messages: [{ role: 'user', content: 'What is the maximum speed?' }],
    }),
  });
  for (const said of [
    'max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens for claude-sonnet-4-5-20250929',
    "Invalid type for 'messages[0].content': expected one of a string or array of objects, but got an integer instead.",
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 140003 tokens.",
    'temperature must be ≤ 2',
  ]) {
    assert.equal(hide(said), said);
  }
});

test("keys, cookies and the caller's words are taken out of it", () => {
  const prompt = 'My account number is DE-4711-0815 and I am very sad today';
  const hide = hiding(
    {
      fields: [
        'authorization',
        'Bearer topsecretcaller',
        'cookie',
        'theme=dark; sid=cookievalue99',
        'x-team-token',
        'teamtoken',
      ],
      body: body({ model: 'm', messages: [{ role: 'user', content: [{ type: 'text', text: prompt }] }] }),
    },
    ['gatewaysecretkey'],
  );
  for (const [said, secret] of [
    ['Incorrect API key provided: gatewaysecretkey.', 'gatewaysecretkey'],
    ['Incorrect API key provided: topsecretcaller.', 'topsecretcaller'],
    ['bad cookie cookievalue99', 'cookievalue99'],
    ['team teamtoken unknown', 'teamtoken'],
    ['key sk-proj-AbC123xyz is revoked', 'AbC123'],
    ['got Authorization: Bearer abcdefghijk', 'abcdefghijk'],
    ['password=hunter2222', 'hunter2222'],
    ['token eyJhbGciOiJIUzI1NiJ9.e30.x', 'eyJh'],
    ['Incorrect API key provided: topse******ller.', 'topse'],
    ['a key that ends in secretcaller', 'secretcaller'],
    ['key gatewayse is too short', 'gatewayse'],
    [`encoded ${Buffer.from('id:topsecretcaller').toString('base64')}`, 'c2VjcmV0'],
    [`encoded ${Buffer.from('i am very sad today').toString('base64')}`, 'dmVyeSBzYWQ'],
    [`encoded ${Buffer.from('gatewaysecretkey').toString('hex')}`, '73656372'],
    ['GET /echo?q=i%20am%20very%20sad%20today', 'very'],
    ['key %74opsecretcaller', '%74'],
    ['key &#116;opsecretcaller', '&#116;'],
    ['key \\u0074opsecretcaller', 'opsecret'],
    ['write to jane.doe@example.com', 'jane.doe'],
    ['the value "i am very sad today" is not allowed', 'very sad'],
    ['unknown account DE-4711-0815', '4711'],
  ] as const) {
    const shown = hide(said);
    assert.ok(!shown.includes(secret), shown);
    assert.ok(shown.includes(HIDDEN), shown);
  }
});

test('a prompt too long to compare with hides all of the prose', () => {
  assert.equal(hiding({ fields: [], body: new Uint8Array(300_000).fill(65) })('anything'), HIDDEN);
});

test('any text against any body: never throws, and a quoted prompt never stays', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{5,9}$/), { minLength: 4, maxLength: 8 }),
      fc.string(),
      (words, around) => {
        const prompt = words.join(' ');
        const shown = hiding({ fields: [], body: body({ messages: [{ role: 'user', content: prompt }] }) })(
          `${around} "${prompt}" ${around}`,
        );
        assert.ok(!shown.includes(prompt), shown);
      },
    ),
  );
});

test('a prompt in a script without spaces is found in part, too', () => {
  const hide = hiding({
    fields: [],
    body: body({ messages: [{ role: 'user', content: '我的银行密码是小猫咪今年三岁请不要告诉别人' }] }),
  });
  assert.ok(!hide('不支持的内容：密码是小猫咪今年三岁').includes('小猫咪'));
  assert.equal(hide('不支持的模型'), '不支持的模型');
});
