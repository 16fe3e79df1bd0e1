import { addError, type Format } from './format.ts';
import { googlePath } from './gemini.ts';
import { addUsage } from './usage.ts';

/** Gemini `embedContent` and `batchEmbedContents`. */
export const geminiEmbeddings: Format = {
  operation: 'embeddings',
  request: {},
  response: {
    usageMetadata: { promptTokenCount: 'input' },
    error: { status: 'errorCode', code: 'errorStatus' },
  },
  ask: (_facts, path) => ({ model: googlePath(path).model, streaming: false }),
  answer(facts, told) {
    if (facts.input !== undefined) addUsage(told, facts);
    addError(told, facts.errorCode, facts.errorStatus);
    return true;
  },
};
