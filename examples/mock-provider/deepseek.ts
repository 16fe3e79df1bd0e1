import { type Behaviour, reportUsage } from './behaviour.ts';
import { compatibleChat, type Dialect } from './compatible.ts';
import type { ErrorReply, Exchange, Reply } from './reply.ts';

/** DeepSeek tells the usage of a stream with the last chunk, and cached tokens in words of its own. */
const DIALECT: Dialect = {
  idPrefix: '',
  chunk: ({ behaviour }, at) => (at === 'last' ? usage(behaviour) : {}),
  whole: ({ behaviour }) => usage(behaviour),
  refuse: deepseekError,
};

/** `POST /chat/completions`. */
export function deepseekChat(exchange: Exchange): Reply {
  return compatibleChat(exchange, DIALECT);
}

/** DeepSeek's error body. */
export function deepseekError(status: number, message = 'Mock of an error.'): ErrorReply {
  const type = status === 401 ? 'authentication_error' : status < 500 ? 'invalid_request_error' : 'server_error';
  return { body: { error: { message, type, param: null, code: 'invalid_request_error' } }, headers: {} };
}

function usage(behaviour: Behaviour): object {
  const { promptTokens, completionTokens, cachedTokens, reasoningTokens } = behaviour;
  return reportUsage('usage', behaviour, (count) => ({
    prompt_tokens: count(promptTokens),
    completion_tokens: count(completionTokens),
    total_tokens: count(promptTokens + completionTokens),
    ...(reasoningTokens > 0 && { completion_tokens_details: { reasoning_tokens: count(reasoningTokens) } }),
    prompt_cache_hit_tokens: count(cachedTokens),
    prompt_cache_miss_tokens: count(promptTokens - cachedTokens),
  }));
}
