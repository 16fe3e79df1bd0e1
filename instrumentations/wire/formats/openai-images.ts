import type { Facts } from '../json-fields.ts';
import { addError, type Format, flag, modelOf, text } from './format.ts';
import { openAiError, responseUsage } from './openai-usage.ts';
import { addUsage } from './usage.ts';

/** OpenAI images: generations, edits and variations. The convention has no name for the operation. */
export const openAiImages: Format = {
  operation: 'image_generation',
  request: { model: 'model', stream: 'stream' },
  response: { model: 'model', type: 'type', usage: responseUsage, error: openAiError },
  ask: (facts, path) => ({ model: modelOf(facts, path), streaming: flag(facts.stream) }),
  answer(facts, told) {
    told.model ??= text(facts.model);
    if (text(facts.type)?.endsWith('.completed') === true) told.ended = true;
    if (facts.input !== undefined || facts.output !== undefined) addUsage(told, facts);
    addError(told, facts.errorCode, facts.errorType, failureOf(facts));
    return true;
  },
};

function failureOf(facts: Facts): string | undefined {
  return facts.type === 'error' || facts.hasError === true ? 'error' : undefined;
}
