import type { Facts, Fields } from '../json-fields.ts';
import { type Answer, addFinishReasons, type Format, flag, text } from './format.ts';
import { addUsage, count } from './usage.ts';

const counts: Fields = {
  billed_units: { input_tokens: 'billedInput', output_tokens: 'billedOutput' },
  tokens: { input_tokens: 'seenInput', output_tokens: 'seenOutput' },
  cached_tokens: 'cached',
};

/** Cohere bills less than the model sees, and what is billed counts; it tells cached tokens of what the model saw. */
function addCounts(facts: Facts, told: Answer): void {
  const input = count(facts.billedInput) ?? count(facts.seenInput);
  const output = count(facts.billedOutput) ?? count(facts.seenOutput);
  if (input === undefined && output === undefined) return;
  const isSeen = input === count(facts.seenInput);
  addUsage(told, facts, { input, output, cacheRead: isSeen ? count(facts.cached) : undefined });
}

/** Cohere chat, version 2 of the API. */
export const cohereChat: Format = {
  operation: 'chat',
  request: { model: 'model', stream: 'stream' },
  response: { id: 'id', finish_reason: 'finishReason', usage: counts },
  event: { id: 'id', type: 'type', delta: { finish_reason: 'finishReason', usage: counts } },
  repetitive: 'text',
  ask: (facts) => ({ model: text(facts.model), streaming: flag(facts.stream) }),
  answer(facts, told) {
    const type = text(facts.type);
    told.id ??= text(facts.id);
    addFinishReasons(told, facts.finishReason);
    if (type === 'message-end') told.ended = true;
    addCounts(facts, told);
    addFailure(facts, told);
    return type !== 'content-delta' && type !== 'tool-call-delta' && type !== 'tool-plan-delta';
  },
};

const answer: Fields = { generation_id: 'id', finish_reason: 'finishReason', meta: counts };

/** Cohere chat, version 1 of the API, which streams one JSON document a line. */
export const cohereChatV1: Format = {
  operation: 'chat',
  request: { model: 'model', stream: 'stream' },
  response: answer,
  event: { event_type: 'type', generation_id: 'id', finish_reason: 'finishReason', response: answer },
  lines: true,
  ask: cohereChat.ask,
  answer(facts, told) {
    told.id ??= text(facts.id);
    if (text(facts.type) === 'stream-end') told.ended = true;
    if (told.finishReasons.length === 0) addFinishReasons(told, facts.finishReason);
    addCounts(facts, told);
    addFailure(facts, told);
    return true;
  },
};

/** A stream that breaks off says so where others have a reason to finish. */
function addFailure(facts: Facts, told: Answer): void {
  const reason = text(facts.finishReason);
  if (reason === 'ERROR' || reason === 'ERROR_TOXIC' || reason === 'TIMEOUT') told.errorCode ??= reason;
}

/** Cohere embeddings, both versions of the API. */
export const cohereEmbeddings: Format = {
  operation: 'embeddings',
  request: { model: 'model' },
  response: { id: 'id', meta: counts },
  ask: (facts) => ({ model: text(facts.model), streaming: false }),
  answer(facts, told) {
    told.id ??= text(facts.id);
    addCounts(facts, told);
    return true;
  },
};
