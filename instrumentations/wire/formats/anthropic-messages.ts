import type { Fields } from '../json-fields.ts';
import { addUsage, count, type Format, sum, text } from './format.ts';

const usage: Fields = {
  input_tokens: 'input',
  output_tokens: 'output',
  cache_read_input_tokens: 'cacheRead',
  cache_creation_input_tokens: 'cacheWrite',
};
const message: Fields = { id: 'id', model: 'model', stop_reason: 'stopReason', usage };

/** Anthropic messages. The API's `input_tokens` leaves cached tokens out; the convention's includes them. */
export const anthropicMessages: Format = {
  operation: 'chat',
  request: { model: 'model', stream: 'stream' },
  response: { ...message, type: 'type', error: { type: 'errorType' } },
  event: { type: 'type', message, delta: { stop_reason: 'stopReason' }, usage, error: { type: 'errorType' } },
  repetitive: true,
  ask: (facts) => ({ model: text(facts.model), streaming: facts.stream === true }),
  answer(facts, told) {
    const type = text(facts.type);
    told.id ??= text(facts.id);
    told.model ??= text(facts.model);
    const stopReason = text(facts.stopReason);
    if (stopReason !== undefined) told.finishReasons = [stopReason];
    if (facts.input !== undefined || facts.output !== undefined) {
      const cacheRead = count(facts.cacheRead) ?? told.usage?.cacheRead;
      const cacheWrite = count(facts.cacheWrite) ?? told.usage?.cacheWrite;
      addUsage(told, facts, {
        input: sum(count(facts.input), cacheRead, cacheWrite),
        // `message_start` only knows the tokens written so far.
        output: type === 'message_start' ? undefined : count(facts.output),
        cacheRead,
        cacheWrite,
      });
    }
    if (type === 'message_stop') told.ended = true;
    told.errorCode ??= text(facts.errorType);
    return type !== 'content_block_delta' && type !== 'ping';
  },
};
