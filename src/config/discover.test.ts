import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anything, asyncProperty, assert as check } from 'fast-check';
import { type Discovery, discover } from './discover.ts';
import { matchesAny } from './glob.ts';

type Servers = Readonly<Record<number, unknown>>;

/** Looks around in an environment and among servers by their port. */
function look(env: Readonly<Record<string, string>>, servers: Servers = {}, asked = {}): Promise<Discovery> {
  return discover(
    {
      env,
      probe: async (url, timeoutMs) => {
        assert.equal(timeoutMs, 300);
        const port = Number(new URL(url).port);
        if (!(port in servers)) throw new Error('refused');
        return servers[port];
      },
      sandbox: async () => [
        { name: 'sandbox-a', url: 'http://127.0.0.1:40001/v1' },
        { name: 'sandbox-b', url: 'http://127.0.0.1:40002/v1' },
      ],
    },
    asked,
  );
}

/** The targets a model is asked of, pool by pool. */
function askedFor({ settings }: Discovery, model: string): string[] {
  const route = settings.routes.find((each) => matchesAny(each.models, model));
  return route?.pools.map((pool) => pool.targets.map((target) => target.name).join('+')) ?? [];
}

const models = (...ids: string[]) => ({ object: 'list', data: ids.map((id) => ({ id, object: 'model' })) });

test('with nothing around, two sandbox targets share every call', async () => {
  const found = await look({});
  assert.ok(found.isSandbox);
  assert.deepEqual(askedFor(found, 'whatever'), ['sandbox-a+sandbox-b']);
  assert.equal(found.settings.routes.length, 1);
  assert.equal(found.settings.targets[0]?.dialect, 'sandbox');
  assert.match(found.sentences.join(' '), /No key is in the environment.*sandbox-a and sandbox-b answer/s);
});

test('each key makes a target, and its models go there', async () => {
  const found = await look({
    OPENAI_API_KEY: 'k1',
    ANTHROPIC_API_KEY: 'k2',
    GROQ_API_KEY: 'k3',
    OPENROUTER_API_KEY: 'k4',
  });
  assert.ok(!found.isSandbox);
  assert.deepEqual(askedFor(found, 'gpt-5'), ['openai']);
  assert.deepEqual(askedFor(found, 'o3-mini'), ['openai']);
  assert.deepEqual(askedFor(found, 'claude-sonnet-5'), ['anthropic']);
  assert.deepEqual(askedFor(found, 'llama-3.3-70b-versatile'), ['groq']);
  assert.deepEqual(askedFor(found, 'meta-llama/llama-4'), ['openrouter']);
  assert.deepEqual(askedFor(found, 'something-else'), ['openai']);
  assert.doesNotMatch(found.sentences.join(' '), /k[1-4]/);
});

test('Azure stands behind OpenAI for the same models, and needs its endpoint', async () => {
  const env = { OPENAI_API_KEY: 'k', AZURE_OPENAI_API_KEY: 'z' };
  const both = await look({ ...env, AZURE_OPENAI_ENDPOINT: 'https://x.openai.azure.com/' });
  assert.deepEqual(askedFor(both, 'gpt-5'), ['openai', 'azure-openai']);
  assert.equal(both.settings.targets[1]?.basePath, '/openai/v1');
  const without = await look(env);
  assert.deepEqual(askedFor(without, 'gpt-5'), ['openai']);
  assert.match(without.sentences.join(' '), /AZURE_OPENAI_ENDPOINT is not, so azure-openai is left out/);
});

test('an empty key counts as absent and is told', async () => {
  const found = await look({ OPENAI_API_KEY: ' ', ANTHROPIC_API_KEY: '' });
  assert.ok(found.isSandbox);
  assert.match(found.sentences.join(' '), /OPENAI_API_KEY is set but empty.*ANTHROPIC_API_KEY is set but empty/);
});

test('a key that no header can hold is not used', async () => {
  const found = await look({ OPENAI_API_KEY: 'a\r\nx: y' });
  assert.ok(found.isSandbox);
  assert.match(found.sentences.join(' '), /OPENAI_API_KEY contains/);
});

test('a base URL moves a service, unless it leads back here or is no URL', async () => {
  const origin = async (url: string) =>
    (await look({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: url })).settings.targets[0]?.origin;
  assert.equal((await origin('https://gate.example/v1'))?.host, 'gate.example');
  assert.equal((await origin('http://localhost:5020/v1'))?.host, 'api.openai.com');
  assert.equal((await origin('gate.example'))?.host, 'api.openai.com');
});

test('a local server answers for exactly the models it lists, before any glob', async () => {
  const found = await look({ OPENAI_API_KEY: 'k' }, { 11434: models('qwen3', 'gpt-oss:20b') });
  assert.deepEqual(askedFor(found, 'gpt-oss:20b'), ['ollama']);
  assert.deepEqual(askedFor(found, 'gpt-5'), ['openai']);
  assert.match(found.sentences.join(' '), /Ollama answers at http:\/\/127.0.0.1:11434\/v1: its 2 models go there/);
});

test('a model that two local servers have is asked of both', async () => {
  const found = await look({}, { 1234: models('qwen3', 'phi'), 8000: models('qwen3') });
  assert.deepEqual(askedFor(found, 'qwen3'), ['lm-studio+vllm']);
  assert.deepEqual(askedFor(found, 'phi'), ['lm-studio']);
  assert.deepEqual(askedFor(found, 'other'), ['lm-studio']);
});

test('a server that lists no models in the shape of the API is not one', async () => {
  for (const answer of [null, 'html', [], {}, { data: 'x' }, { data: null }])
    assert.ok((await look({}, { 8080: answer })).isSandbox);
});

test('whatever a local server answers, only plain names of models become routes', async () => {
  await check(
    asyncProperty(anything({ maxDepth: 4 }), async (answer) => {
      const found = await look(
        {},
        { 8000: { data: [answer, { id: answer }, { id: 'a*b' }, { id: 'x y' }, { id: 'good' }] } },
      );
      for (const route of found.settings.routes)
        for (const model of route.models) assert.match(model, /^[\x21-\x29\x2b-\x7e]+$/);
      assert.deepEqual(askedFor(found, 'good'), ['vllm']);
    }),
    { numRuns: 200 },
  );
});

test('what a config without targets asks for still holds, and its own ports are not probed', async () => {
  const found = await look({}, { 8080: models('x') }, { listen: { ip: '127.0.0.1', port: 8080 } });
  assert.ok(found.isSandbox);
  assert.equal(found.settings.listen.port, 8080);
});
