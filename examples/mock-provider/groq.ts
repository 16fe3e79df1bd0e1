import { type Behaviour, reportUsage } from './behaviour.ts';
import { compatibleChat, type Dialect } from './compatible.ts';
import type { ErrorReply, Exchange, Reply } from './reply.ts';

const REQUEST_ID = 'req_01mock';

/** Groq tells the usage of a stream in a field of its own, and how long it took. */
const DIALECT: Dialect = {
  idPrefix: 'chatcmpl-',
  headers: { 'x-groq-region': 'mock', 'x-ratelimit-remaining-requests': '999', 'x-ratelimit-remaining-tokens': '5999' },
  chunk: ({ behaviour }, at) => {
    if (at === 'first') return { x_groq: { id: REQUEST_ID } };
    return at === 'last' ? { x_groq: { id: REQUEST_ID, ...usage(behaviour) } } : {};
  },
  whole: ({ behaviour }) => ({ ...usage(behaviour), x_groq: { id: REQUEST_ID } }),
  refuse: groqError,
};

/** `POST /openai/v1/chat/completions`. */
export function groqChat(exchange: Exchange): Reply {
  return compatibleChat(exchange, DIALECT);
}

const CODES: Record<number, [type: string, code?: string]> = {
  400: ['invalid_request_error', 'tool_use_failed'],
  401: ['invalid_request_error', 'invalid_api_key'],
  404: ['invalid_request_error', 'model_not_found'],
  429: ['tokens', 'rate_limit_exceeded'],
  503: ['internal_server_error', 'over_capacity'],
};

/** Groq's error body. */
export function groqError(status: number, message = 'Mock of an error.'): ErrorReply {
  const [type, code] = CODES[status] ?? ['internal_server_error'];
  return { body: { error: { message, type, ...(code !== undefined && { code }) } }, headers: {} };
}

function usage(behaviour: Behaviour): object {
  return reportUsage('usage', behaviour, (count) => ({
    queue_time: 0.037,
    prompt_tokens: count(behaviour.promptTokens),
    prompt_time: 0.0007,
    completion_tokens: count(behaviour.completionTokens),
    completion_time: 0.46,
    total_tokens: count(behaviour.promptTokens + behaviour.completionTokens),
    total_time: 0.4607,
    prompt_tokens_details: { cached_tokens: count(behaviour.cachedTokens) },
    completion_tokens_details: { reasoning_tokens: count(behaviour.reasoningTokens) },
  }));
}
