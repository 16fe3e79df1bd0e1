import type { Facts, Fields } from '../json-fields.ts';
import { addError, addFinishReasons, decodePart, type Format, text } from './format.ts';
import { addUsage, count, sum, unexplainedBy } from './usage.ts';

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
    promptTokensDetails: { '*': { modality: 'inputKind[]', tokenCount: 'inputCount[]' } },
    candidatesTokensDetails: { '*': { modality: 'outputKind[]', tokenCount: 'outputCount[]' } },
  },
  promptFeedback: { blockReason: 'blockReason' },
  error: { status: 'errorCode', code: 'errorStatus' },
};

const MODEL = /\/(?:(?:tunedM|m)odels|endpoints)\/([^/:?]+):(\w+)/;

/** The model and the method of one of Google's paths. */
export function googlePath(path: string): { readonly model: string | undefined; readonly method: string | undefined } {
  const [, model, method] = MODEL.exec(path) ?? [];
  return { model: model === undefined ? undefined : decodePart(model), method };
}

/** Gemini `generateContent` and `streamGenerateContent`, of the Gemini API and of Vertex. */
export const gemini: Format = {
  operation: 'generate_content',
  request: {},
  // Without `alt=sse` a stream is one array that grows, element by element.
  response: { ...answer, '*': answer },
  repetitive: 'counts',
  ask(_facts, path) {
    const { model, method } = googlePath(path);
    return { model, streaming: method === 'streamGenerateContent' };
  },
  answer(facts, told) {
    told.id ??= text(facts.id);
    told.model ??= text(facts.model);
    const before = told.finishReasons;
    told.finishReasons = [];
    if (!addFinishReasons(told, facts['finishReason[]'])) told.finishReasons = before;
    // A prompt that is refused has no candidates, and that is the whole answer.
    if (text(facts.blockReason) !== undefined) told.ended = true;
    if (facts.input !== undefined) {
      // Every event tells all counts anew, and leaves out those that are zero.
      told.usage = undefined;
      const candidates = count(facts.candidates);
      addUsage(told, facts, {
        input: sum(count(facts.input), count(facts.toolUse)),
        output: outputOf(facts),
        ...kinds(facts, 'input', count(facts.input)),
        ...kinds(facts, 'output', candidates),
      });
    }
    addError(told, facts.errorCode, facts.errorStatus);
    return true;
  },
};

/** Thinking is billed as output, but not among the candidates' tokens. */
function outputOf(facts: Facts): number | undefined {
  const thoughts = count(facts.reasoning);
  const input = sum(count(facts.input), count(facts.toolUse));
  if (facts.candidates !== undefined) {
    const output = sum(count(facts.candidates), thoughts);
    // More in all than it explains is thinking that it does not tell.
    return unexplainedBy({ input, output, total: facts.total }) > 0 ? Number.NaN : output;
  }
  // The API leaves out counts that are zero: without candidates, the total must be what the others make.
  return facts.total !== undefined && facts.total === sum(input, thoughts) ? (thoughts ?? 0) : undefined;
}

const KINDS = { TEXT: 'text', IMAGE: 'image', AUDIO: 'audio' } as const;

/** The parts by modality, if they explain the whole; the convention has no words for video and documents. */
function kinds(facts: Facts, side: 'input' | 'output', whole: number | undefined): Record<string, number> {
  const names = listOf(facts[`${side}Kind[]`]);
  const counts = listOf(facts[`${side}Count[]`]);
  const parts: Record<string, number> = {};
  let total = 0;
  for (const [at, name] of names.entries()) {
    const part = counts[at];
    if (typeof part !== 'number') return {};
    total += part;
    const kind = Object.hasOwn(KINDS, name) ? KINDS[name as keyof typeof KINDS] : undefined;
    if (kind === undefined) continue;
    const field = `${kind}${side === 'input' ? 'Input' : 'Output'}`;
    parts[field] = (parts[field] ?? 0) + part;
  }
  return total === whole && names.length === counts.length ? parts : {};
}

function listOf(value: Facts[string]): readonly (string | number)[] {
  return Array.isArray(value) ? value : [];
}
