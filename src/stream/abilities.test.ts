import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Target, TargetDialect } from '../call/target.ts';
import { type Ability, TargetAbility } from './abilities.ts';

function abilityAt(
  host: string,
  dialect: TargetDialect = 'openai',
  basePath = '/v1',
  configured?: Ability,
): TargetAbility {
  const target: Target = {
    name: 't',
    dialect,
    origin: { host, port: 443, isSecure: true },
    basePath,
    credential: [],
    isCallerCredentialPassed: false,
    region: undefined,
    weight: 1,
  };
  return new TargetAbility(target, configured);
}

test('public services are known by what they document', () => {
  assert.equal(abilityAt('api.openai.com').of('gpt-5'), 'none');
  assert.equal(abilityAt('x.openai.azure.com', 'azure-openai').of('gpt-5'), 'none');
  assert.equal(abilityAt('api.mistral.ai').of('m'), 'prefix');
  assert.equal(abilityAt('api.deepseek.com', 'openai', '/beta').of('m'), 'prefix');
  assert.equal(abilityAt('api.deepseek.com').of('m'), 'none');
});

test('Claude takes a prefilled answer up to 4.5', () => {
  const claude = abilityAt('api.anthropic.com', 'anthropic', '');
  for (const model of [
    'claude-3-5-sonnet-20241022',
    'claude-sonnet-4-20250514',
    'claude-opus-4-1',
    'claude-haiku-4-5-20251001',
  ]) {
    assert.equal(claude.of(model), 'prefill', model);
  }
  for (const model of ['claude-sonnet-4-6', 'claude-opus-4-7', 'claude-sonnet-5', 'claude-opus-10', 'other']) {
    assert.equal(claude.of(model), 'none', model);
  }
});

test('an unknown server can do nothing until it says who it is; the operator knows better', () => {
  const after = (fields: string[]) => {
    const unknown = abilityAt('127.0.0.1');
    assert.equal(unknown.of('m'), 'none');
    assert.equal(unknown.isUnheard, true);
    unknown.heard(fields);
    assert.equal(unknown.isUnheard, false);
    return unknown.of('m');
  };
  assert.equal(after(['server', 'uvicorn']), 'none');
  assert.equal(after([]), 'none');
  assert.equal(after(['server', 'llama.cpp']), 'prefill');
  assert.equal(abilityAt('api.openai.com', 'openai', '/v1', 'flags').of('m'), 'flags');
});

test('a refusal is remembered for its model, whatever was configured', () => {
  const ability = abilityAt('127.0.0.1', 'openai', '/v1', 'prefill');
  ability.refused('m');
  assert.equal(ability.of('m'), 'none');
  assert.equal(ability.of('other'), 'prefill');
});
