import { type Behaviour, reportUsage } from './behaviour.ts';
import { compatibleChat, type Dialect } from './compatible.ts';
import type { ErrorReply, Exchange, Reply } from './reply.ts';

/** xAI tells the usage so far with every chunk, and leaves reasoning out of the completion. */
const DIALECT: Dialect = {
  idPrefix: '',
  isRunning: true,
  chunk: ({ behaviour }, _at, written) => usage(behaviour, written),
  whole: ({ behaviour }) => usage(behaviour, behaviour.completionTokens),
  refuse: xaiError,
};

/** `POST /v1/chat/completions`. */
export function xaiChat(exchange: Exchange): Reply {
  return compatibleChat(exchange, DIALECT);
}

/** xAI's error body: two sentences. */
export function xaiError(status: number, message = 'Mock of an error.'): ErrorReply {
  return { body: { code: `The request was refused with ${status}`, error: message }, headers: {} };
}

function usage(behaviour: Behaviour, written: number): object {
  const { promptTokens, cachedTokens } = behaviour;
  const reasoning = Math.min(behaviour.reasoningTokens, written);
  return reportUsage('usage', behaviour, (count) => ({
    prompt_tokens: count(promptTokens),
    completion_tokens: count(written - reasoning),
    total_tokens: count(promptTokens + written),
    prompt_tokens_details: {
      text_tokens: count(promptTokens),
      audio_tokens: 0,
      image_tokens: 0,
      cached_tokens: count(cachedTokens),
    },
    completion_tokens_details: { reasoning_tokens: count(reasoning), audio_tokens: 0 },
    num_sources_used: 0,
  }));
}
