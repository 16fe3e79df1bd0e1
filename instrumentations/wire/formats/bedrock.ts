import type { Facts, Fields } from '../json-fields.ts';
import { anthropicMessages } from './anthropic-messages.ts';
import { type Answer, type Asked, addError, addFinishReasons, decodePart, type Format, text } from './format.ts';
import { openAiChat } from './openai-chat.ts';
import { addUsage, count, sum } from './usage.ts';

const MODEL = /\/model\/([^/]+)\//;
const STREAMS = /\/(?:converse|invoke-with-response)-stream(?:\?|$)/;
/** The profiles that spread calls over the regions of a part of the world. */
const REGIONS = /^(?:us-gov|us|eu|apac|ap|jp|au|ca|uk|sa|me|af|global)\.(?=[\w-]+\.)/;
/** These have a price of their own, so it is not enough to know the model. */
const WORLDWIDE = 'global.';
/** The resource at the end of an ARN; those that only name a model say nothing more than it. */
const ARN = /^arn:[\w-]*:[\w-]+:[\w-]*:\d*:(.+)$/;
const NAMES_A_MODEL = /^(?:foundation-model|inference-profile|default-prompt-router)\//;

/** A model by its name alone, whichever regions serve it; what an account has made for itself keeps its kind and its id. */
function modelOf(id: string): string {
  return resourceOf(id).replace(REGIONS, '');
}

function resourceOf(id: string): string {
  return (ARN.exec(id)?.[1] ?? id).replace(NAMES_A_MODEL, '');
}

function ask(_: Facts, path: string): Asked {
  const [, part] = MODEL.exec(path) ?? [];
  const streaming = STREAMS.test(path);
  if (part === undefined) return { streaming };
  const id = decodePart(part);
  const resource = resourceOf(id);
  return { model: modelOf(id), streaming, listedAs: resource.startsWith(WORLDWIDE) ? resource : undefined };
}

/** The counts of Bedrock leave cached tokens out of the input. */
function addCounts(told: Answer, facts: Facts, isInputClear = true): void {
  const output = count(facts.output ?? facts['output+']);
  if (facts.input === undefined && output === undefined) return;
  const cacheRead = count(facts.cacheRead);
  const cacheWrite = count(facts.cacheWrite);
  const input = sum(count(facts.input), cacheRead, cacheWrite);
  addUsage(told, facts, {
    input: isInputClear || (cacheRead ?? 0) + (cacheWrite ?? 0) === 0 ? input : Number.NaN,
    output,
    cacheRead,
    cacheWrite,
    cacheWriteHour: hourOf(facts),
    // It is not said whether it holds the cached tokens.
    total: undefined,
  });
}

/** What was written to the cache for an hour. */
function hourOf({ 'cacheTimes[]': cacheTimes, 'cacheCounts[]': cacheCounts }: Facts): number | undefined {
  if (!Array.isArray(cacheTimes) || !Array.isArray(cacheCounts) || cacheTimes.length !== cacheCounts.length) {
    return undefined;
  }
  const counts = cacheCounts.filter((_, at) => cacheTimes[at] === '1h');
  return counts.length === 0 ? undefined : counts.reduce<number>((total, one) => total + Number(one), 0);
}

const usage: Fields = {
  inputTokens: 'input',
  outputTokens: 'output',
  cacheReadInputTokens: 'cacheRead',
  cacheWriteInputTokens: 'cacheWrite',
  cacheReadInputTokenCount: 'cacheRead',
  cacheWriteInputTokenCount: 'cacheWrite',
  cacheDetails: { '*': { ttl: 'cacheTimes[]', inputTokens: 'cacheCounts[]' } },
};
const serviceTier: Fields = { type: 'serviceTier' };

/** Converse and ConverseStream. */
export const bedrockConverse: Format = converse(true);

/** The streams of OpenAI's models have been seen to count cached tokens in the input and beside it. */
export const openAiConverse: Format = converse(false);

function converse(isInputClear: boolean): Format {
  return {
    operation: 'chat',
    request: {},
    response: { stopReason: 'stopReason', usage, serviceTier, __type: 'errorType', code: 'errorCode' },
    event: { stopReason: 'stopReason', usage, serviceTier },
    ask,
    answer(facts, told) {
      addFinishReasons(told, facts.stopReason);
      if (facts.event === 'metadata') told.ended = true;
      told.serviceTier = text(facts.serviceTier) ?? told.serviceTier;
      addCounts(told, facts, isInputClear);
      addError(told, facts.errorType, facts.errorCode);
      return true;
    },
  };
}

const METRICS = 'amazon-bedrock-invocationMetrics';

/** The models of Anthropic write themselves what they write at home. */
export const anthropicOnBedrock: Format = {
  ...anthropicMessages,
  response: { ...anthropicMessages.response, __type: 'exception' },
  ask,
  answer(facts, told) {
    addError(told, facts.exception);
    return anthropicMessages.answer(facts, told);
  },
  head: (counts, told) => addCounts(told, counts),
};

/** The models of OpenAI do so as well. */
export const openAiOnBedrock: Format = { ...openAiChat, ask };

const reasons = 'reasons[]';
const fields: Fields = {
  // Titan
  inputTextTokenCount: 'input',
  totalOutputTextTokenCount: 'output',
  completionReason: 'reason',
  results: { '*': { tokenCount: 'output+', completionReason: reasons } },
  // Llama
  prompt_token_count: 'input',
  generation_token_count: 'output',
  stop_reason: 'reason',
  // Mistral, DeepSeek, OpenAI and others
  outputs: { '*': { stop_reason: reasons } },
  choices: { '*': { stop_reason: reasons, finish_reason: reasons } },
  usage: { ...usage, prompt_tokens: 'input', completion_tokens: 'output' },
  // Nova
  stopReason: 'reason',
  messageStop: { stopReason: 'reason' },
  metadata: { usage },
  // Cohere
  finish_reason: 'reason',
};
const measured: Fields = {
  inputTokenCount: 'measuredInput',
  outputTokenCount: 'measuredOutput',
  cacheReadInputTokenCount: 'measuredCacheRead',
  cacheWriteInputTokenCount: 'measuredCacheWrite',
};

/** InvokeModel, whose bodies are each model's own; the counts that Bedrock adds to a stream are those it bills. */
export const bedrockInvoke: Format = {
  operation: 'chat',
  request: {},
  response: { ...fields, __type: 'exception' },
  event: { ...fields, [METRICS]: { '?': 'isMeasured', ...measured } },
  ask,
  answer(facts, told) {
    if (!addFinishReasons(told, facts['reasons[]'])) addFinishReasons(told, facts.reason);
    const { measuredInput, measuredOutput, measuredCacheRead, measuredCacheWrite } = facts;
    if (facts.isMeasured === true) {
      told.ended = true;
      addCounts(told, {
        input: measuredInput,
        output: measuredOutput,
        cacheRead: measuredCacheRead,
        cacheWrite: measuredCacheWrite,
      });
    } else addCounts(told, facts);
    addError(told, facts.exception);
    return true;
  },
  head: (counts, told) => addCounts(told, counts),
};

export const bedrockEmbeddings: Format = { ...bedrockInvoke, operation: 'embeddings' };
export const bedrockImages: Format = { ...bedrockInvoke, operation: 'image_generation' };
export const bedrockRerank: Format = { ...bedrockInvoke, operation: 'rerank' };
