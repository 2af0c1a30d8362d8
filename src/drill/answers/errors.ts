import type { Fields } from '../../call/fields.ts';
import { type Answer, fieldsOf, jsonAnswer, type Shape, type Speaker } from './answer.ts';

/** An error as providers word it; `param` and `code` are OpenAI's. */
export type Complaint = {
  readonly status: number;
  readonly type: string;
  readonly message: string;
  readonly param?: string | null;
  readonly code?: string | null;
};

/** The error in the shape of the provider, under its own fields. */
export function complain(shape: Shape, speaker: Speaker, complaint: Complaint, more: Fields = []): Answer {
  const fields = [...fieldsOf(shape, speaker), ...more];
  return jsonAnswer(complaint.status, fields, errorBody(shape, complaint, fields));
}

/** The error object alone, as it also stands inside a stream. */
export function errorBody(shape: Shape, complaint: Complaint, fields: readonly string[] = []): object {
  const { type, message, param = null, code = null } = complaint;
  if (shape === 'anthropic') {
    const at = fields.indexOf('request-id');
    return { type: 'error', error: { type, message }, ...(at === -1 ? {} : { request_id: fields[at + 1] }) };
  }
  if (shape === 'azure-openai') return { error: { code: code ?? String(complaint.status), message } };
  return { error: { message, type, param, code } };
}

/** What a provider says under a status for which no more is known. */
export function complaintOf(shape: Shape, status: number): Complaint {
  if (shape === 'anthropic') return anthropicComplaint(status);
  if (shape === 'azure-openai') return azureComplaint(status);
  const known = OPENAI[status];
  if (known !== undefined) return { status, ...known };
  return status < 500
    ? { status, type: 'invalid_request_error', message: 'The request could not be processed.' }
    : { status, type: 'server_error', message: OPENAI_SORRY };
}

const OPENAI_SORRY = 'The server had an error while processing your request. Sorry about that!';

const OPENAI: Readonly<Record<number, Omit<Complaint, 'status'>>> = {
  400: {
    type: 'invalid_request_error',
    message: "Invalid value for 'temperature': expected a number.",
    param: 'temperature',
  },
  401: {
    type: 'invalid_request_error',
    message:
      'Incorrect API key provided: sk-****. You can find your API key at https://platform.openai.com/account/api-keys.',
    code: 'invalid_api_key',
  },
  402: { type: 'insufficient_quota', message: 'Your account has no credit left.', code: 'insufficient_quota' },
  403: {
    type: 'invalid_request_error',
    message: 'You have insufficient permissions for this operation. Missing scopes: model.request.',
    code: 'missing_scope',
  },
  404: { type: 'invalid_request_error', message: 'Invalid URL' },
  413: { type: 'invalid_request_error', message: 'Request body is too large.', code: 'request_too_large' },
  429: {
    type: 'requests',
    message: 'Rate limit reached for requests per min (RPM): Limit 500, Used 500, Requested 1.',
    code: 'rate_limit_exceeded',
  },
  500: { type: 'server_error', message: OPENAI_SORRY },
  502: { type: 'bad_gateway', message: 'The model provider returned an invalid response.' },
  503: { type: 'service_unavailable', message: 'The service is temporarily unavailable. Please try again later.' },
  504: { type: 'timeout', message: 'The request timed out.' },
  529: {
    type: 'server_error',
    message: 'The engine is currently overloaded, please try again later.',
    code: 'overloaded',
  },
};

/** Types by status: https://docs.anthropic.com/en/api/errors. */
const ANTHROPIC: Readonly<Record<number, readonly [type: string, message: string]>> = {
  401: ['authentication_error', 'invalid x-api-key'],
  402: ['billing_error', 'There is an issue with your billing or payment information.'],
  403: ['permission_error', 'Your API key does not have permission to use the specified resource.'],
  404: ['not_found_error', 'Not found'],
  413: ['request_too_large', 'Request exceeds the maximum size'],
  429: [
    'rate_limit_error',
    'This request would exceed the rate limit for your organization of 50 requests per minute.',
  ],
  503: ['api_error', 'Service unavailable'],
  504: ['timeout_error', 'The request timed out.'],
  529: ['overloaded_error', 'Overloaded'],
};

function anthropicComplaint(status: number): Complaint {
  const [type, message] = ANTHROPIC[status] ?? [];
  if (type !== undefined && message !== undefined) return { status, type, message };
  return status < 500
    ? { status, type: 'invalid_request_error', message: 'The request could not be processed.' }
    : { status, type: 'api_error', message: 'Internal server error' };
}

const AZURE: Readonly<Record<number, readonly [code: string, message: string]>> = {
  401: [
    '401',
    'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.',
  ],
  403: ['403', 'Access denied due to Virtual Network/Firewall rules.'],
  404: ['404', 'Resource not found'],
  429: [
    '429',
    'Requests to the ChatCompletions_Create Operation have exceeded call rate limit of your current pricing tier.',
  ],
  500: ['InternalServerError', 'The server had an error while processing your request.'],
  503: ['ServiceUnavailable', 'The service is temporarily unable to process your request. Please try again later.'],
};

function azureComplaint(status: number): Complaint {
  const [code, message] = AZURE[status] ?? [];
  if (code !== undefined && message !== undefined) return { status, type: '', message, code };
  return { ...complaintOf('openai', status), code: null };
}

/** 429 or 402 for an account that is used up. Anthropic says so in a 400. */
export function quotaComplaint(shape: Shape, status: number): Complaint {
  if (shape === 'anthropic') {
    if (status === 402) return anthropicComplaint(402);
    const message =
      'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.';
    return { status: 400, type: 'invalid_request_error', message };
  }
  const message =
    'You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.';
  return { status, type: 'insufficient_quota', message, code: 'insufficient_quota' };
}

export function modelComplaint(shape: Shape, model: string): Complaint {
  if (shape === 'anthropic') return { status: 404, type: 'not_found_error', message: `model: ${model}` };
  if (shape === 'azure-openai') {
    const message =
      'The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.';
    return { status: 404, type: '', message, code: 'DeploymentNotFound' };
  }
  const message = `The model \`${model}\` does not exist or you do not have access to it.`;
  return { status: 404, type: 'invalid_request_error', message, code: 'model_not_found' };
}

export function contextComplaint(shape: Shape): Complaint {
  if (shape === 'anthropic') {
    const message = 'prompt is too long: 210034 tokens > 200000 maximum';
    return { status: 400, type: 'invalid_request_error', message };
  }
  const message =
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 140003 tokens. Please reduce the length of the messages.";
  return { status: 400, type: 'invalid_request_error', message, param: 'messages', code: 'context_length_exceeded' };
}

export function contentComplaint(shape: Shape): Complaint {
  if (shape === 'anthropic') {
    return { status: 400, type: 'invalid_request_error', message: 'Output blocked by content filtering policy' };
  }
  if (shape === 'azure-openai') {
    const message =
      "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.";
    return { status: 400, type: '', message, param: 'prompt', code: 'content_filter' };
  }
  const message = 'Your request was rejected as a result of our safety system.';
  return { status: 400, type: 'invalid_request_error', message, code: 'content_policy_violation' };
}

/** The error a provider sends inside a stream that began well. */
export function midstreamComplaint(shape: Shape, says: 'error' | 'overloaded' | 'unnamed'): Complaint {
  if (says === 'unnamed') return { status: 500, type: '', message: 'Network connection lost.' };
  return complaintOf(shape, says === 'overloaded' ? 529 : 500);
}
