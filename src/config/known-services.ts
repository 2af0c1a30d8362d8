/** Services whose keys are looked for in the environment, and local servers that are looked for on loopback. */
import type { TargetDialect } from '../call/target.ts';

/** A service that one environment variable makes usable. */
export type KnownService = {
  /** The target's name. */
  readonly name: string;
  readonly key: string;
  /** The variable that moves it elsewhere, as its own SDK reads it. */
  readonly urlVariable: string | undefined;
  readonly dialect: Exclude<TargetDialect, 'sandbox'>;
  /** undefined where only `urlVariable` can say. */
  readonly url: string | undefined;
  /** Names of its models. Where two services share one, the first of this list has it. */
  readonly models: readonly string[];
};

const OPENAI_MODELS = [
  'gpt-*',
  'chatgpt-*',
  'codex-*',
  'o1*',
  'o3*',
  'o4*',
  'text-embedding-3-*',
  'text-embedding-ada-*',
  'omni-moderation-*',
  'whisper-*',
  'tts-*',
  'dall-e-*',
];

/** In the order in which they are preferred where several could answer. */
export const KNOWN_SERVICES: readonly KnownService[] = [
  service('openai', 'OPENAI', 'openai', 'https://api.openai.com/v1', OPENAI_MODELS, 'OPENAI_BASE_URL'),
  service('azure-openai', 'AZURE_OPENAI', 'azure-openai', undefined, OPENAI_MODELS, 'AZURE_OPENAI_ENDPOINT'),
  service('anthropic', 'ANTHROPIC', 'anthropic', 'https://api.anthropic.com/v1', ['claude-*'], 'ANTHROPIC_BASE_URL'),
  service('mistral', 'MISTRAL', 'openai', 'https://api.mistral.ai/v1', [
    'mistral-*',
    'ministral-*',
    'magistral-*',
    'codestral-*',
    'devstral-*',
    'pixtral-*',
    'open-mi*tral-*',
  ]),
  service('deepseek', 'DEEPSEEK', 'openai', 'https://api.deepseek.com/v1', ['deepseek-*']),
  service('xai', 'XAI', 'openai', 'https://api.x.ai/v1', ['grok-*']),
  service('groq', 'GROQ', 'openai', 'https://api.groq.com/openai/v1', ['llama-*', 'groq/*']),
  // Aggregators: their models are named `vendor/model`.
  service('openrouter', 'OPENROUTER', 'openai', 'https://openrouter.ai/api/v1', ['*/*']),
  service('together', 'TOGETHER', 'openai', 'https://api.together.xyz/v1', ['*/*']),
];

/** A server on this machine that speaks OpenAI's API without a key. */
export type LocalServer = { readonly name: string; readonly title: string; readonly port: number };

/** By the port that each has unless somebody changes it. */
export const LOCAL_SERVERS: readonly LocalServer[] = [
  { name: 'ollama', title: 'Ollama', port: 11_434 },
  { name: 'lm-studio', title: 'LM Studio', port: 1_234 },
  { name: 'vllm', title: 'vLLM', port: 8_000 },
  { name: 'llama-cpp', title: 'llama.cpp', port: 8_080 },
];

function service(
  name: string,
  prefix: string,
  dialect: KnownService['dialect'],
  url: string | undefined,
  models: readonly string[],
  urlVariable?: string,
): KnownService {
  return { name, key: `${prefix}_API_KEY`, urlVariable, dialect, url, models };
}
