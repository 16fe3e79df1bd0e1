import type { Facts, Fields } from '../json-fields.ts';
import { addUsage, count, type Format, sum, text } from './format.ts';

const answer: Fields = {
  responseId: 'id',
  modelVersion: 'model',
  candidates: { '*': { finishReason: 'finishReason[]' } },
  usageMetadata: {
    promptTokenCount: 'input',
    candidatesTokenCount: 'candidates',
    thoughtsTokenCount: 'reasoning',
    toolUsePromptTokenCount: 'toolUse',
    totalTokenCount: 'total',
    cachedContentTokenCount: 'cacheRead',
  },
  promptFeedback: { blockReason: 'blockReason' },
  error: { status: 'errorCode' },
};

const MODEL = /\/(?:models|endpoints)\/([^/:?]+):(\w+)/;

/** Gemini `generateContent` and `streamGenerateContent`, of the Gemini API and of Vertex. */
export const gemini: Format = {
  operation: 'generate_content',
  request: {},
  // Without `alt=sse` a stream is one array that grows, element by element.
  response: { ...answer, '*': answer },
  ask(_facts, path) {
    const [, model, method] = MODEL.exec(path) ?? [];
    return { model: model === undefined ? undefined : decode(model), streaming: method === 'streamGenerateContent' };
  },
  answer(facts, told) {
    told.id ??= text(facts.id);
    told.model ??= text(facts.model);
    const finishReasons = facts['finishReason[]'] as string[] | undefined;
    if (finishReasons !== undefined) told.finishReasons = [...finishReasons];
    // A prompt that is refused has no candidates, and that is the whole answer.
    if (text(facts.blockReason) !== undefined) told.ended = true;
    if (facts.input !== undefined) {
      addUsage(told, facts, {
        input: sum(count(facts.input), count(facts.toolUse)),
        output: outputOf(facts),
      });
    }
    told.errorCode ??= text(facts.errorCode);
    return true;
  },
};

/** Thinking is billed as output, but not among the candidates' tokens. */
function outputOf(facts: Facts): number | undefined {
  const thoughts = count(facts.reasoning);
  if (facts.candidates !== undefined) return sum(count(facts.candidates), thoughts);
  // The API leaves out counts that are zero: without candidates, the total must be what the others make.
  const others = sum(count(facts.input), count(facts.toolUse), thoughts);
  return facts.total !== undefined && facts.total === others ? (thoughts ?? 0) : undefined;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
