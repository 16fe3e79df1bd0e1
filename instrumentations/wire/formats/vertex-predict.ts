import { addError, type Format } from './format.ts';
import { googlePath } from './gemini.ts';
import { addUsage, count } from './usage.ts';

/** Google's `predict` of an image model, which tells no tokens. */
export const googleImages: Format = {
  operation: 'image_generation',
  request: {},
  response: { error: { status: 'errorCode', code: 'errorStatus' } },
  ask: (_facts, path) => ({ model: googlePath(path).model, streaming: false }),
  answer(facts, told) {
    addError(told, facts.errorCode, facts.errorStatus);
    return true;
  },
};

/** Vertex' `predict` of a text embedding model, which counts every text by itself. */
export const vertexEmbeddings: Format = {
  ...googleImages,
  operation: 'embeddings',
  response: {
    ...googleImages.response,
    predictions: { '*': { embeddings: { statistics: { token_count: 'input+' } } } },
  },
  answer(facts, told) {
    const input = count(facts['input+']);
    if (input !== undefined) addUsage(told, facts, { input });
    return googleImages.answer(facts, told);
  },
};
