import type { Fields } from '../json-fields.ts';
import { addError, decodePart, type Format, flag, text } from './format.ts';
import { addUsage, count, sum } from './usage.ts';

const usage: Fields = {
  input_tokens: 'input',
  output_tokens: 'output',
  cache_read_input_tokens: 'cacheRead',
  cache_creation_input_tokens: 'cacheWrite',
  cache_creation: { ephemeral_1h_input_tokens: 'cacheWriteHour' },
  service_tier: 'serviceTier',
  output_tokens_details: { thinking_tokens: 'thinking' },
};
const message: Fields = { id: 'id', model: 'model', stop_reason: 'stopReason', usage };
const error: Fields = { type: 'errorType' };

/** Anthropic messages. The API's `input_tokens` leaves cached tokens out; the convention's includes them. */
export const anthropicMessages: Format = {
  operation: 'chat',
  request: { model: 'model', stream: 'stream' },
  response: { ...message, type: 'type', error },
  event: { type: 'type', message, delta: { stop_reason: 'stopReason' }, usage, error },
  repetitive: 'text',
  ask: (facts) => ({ model: text(facts.model), streaming: flag(facts.stream) }),
  answer(facts, told) {
    const type = text(facts.type);
    told.id ??= text(facts.id);
    told.model ??= text(facts.model);
    told.serviceTier = text(facts.serviceTier) ?? told.serviceTier;
    const stopReason = text(facts.stopReason);
    if (stopReason !== undefined) told.finishReasons = [stopReason];
    if (type === 'message_stop') told.ended = true;
    if (facts.input !== undefined || facts.output !== undefined) {
      const cacheRead = count(facts.cacheRead) ?? told.usage?.cacheRead;
      const cacheWrite = count(facts.cacheWrite) ?? told.usage?.cacheWrite;
      // `message_start` only knows the tokens written so far.
      const isFirst = type === 'message_start';
      addUsage(told, facts, {
        input: sum(count(facts.input), cacheRead, cacheWrite),
        output: isFirst ? undefined : count(facts.output),
        cacheRead,
        cacheWrite,
        reasoning: isFirst ? undefined : count(facts.thinking),
      });
    }
    addError(told, facts.errorType, type === 'error' ? 'error' : undefined);
    return type !== 'content_block_delta' && type !== 'ping';
  },
};

const PUBLISHED = /\/models\/([^/:]+):/;

/** Anthropic messages on Vertex, which has the model in the path. */
export const anthropicOnVertex: Format = {
  ...anthropicMessages,
  ask(facts, path) {
    const [, model] = PUBLISHED.exec(path) ?? [];
    return {
      model: model === undefined ? undefined : decodePart(model),
      streaming: flag(facts.stream) || path.includes(':streamRawPredict'),
    };
  },
};
