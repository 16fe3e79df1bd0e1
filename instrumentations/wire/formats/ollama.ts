import { addError, addFinishReasons, type Format, text } from './format.ts';
import { addUsage, count } from './usage.ts';

/** Ollama's own chat; streams unless it is told not to. */
export const ollamaChat: Format = {
  operation: 'chat',
  request: { model: 'model', stream: 'stream' },
  response: {
    model: 'model',
    done: 'done',
    done_reason: 'doneReason',
    prompt_eval_count: 'evaluated',
    eval_count: 'written',
    error: { '?': 'hasError' },
  },
  lines: true,
  ask: (facts) => ({ model: text(facts.model), streaming: facts.stream !== false }),
  answer(facts, told) {
    told.model ??= text(facts.model);
    if (facts.done === true) {
      told.ended = true;
      addFinishReasons(told, facts.doneReason);
    }
    if (facts.evaluated !== undefined || facts.written !== undefined) {
      addUsage(told, facts, { input: count(facts.evaluated), output: count(facts.written) });
    }
    addError(told, facts.hasError === true ? 'error' : undefined);
    return true;
  },
};

/** Ollama's own completions. */
export const ollamaGenerate: Format = { ...ollamaChat, operation: 'text_completion' };

/** Ollama's own embeddings. */
export const ollamaEmbeddings: Format = {
  operation: 'embeddings',
  request: { model: 'model' },
  response: ollamaChat.response,
  ask: (facts) => ({ model: text(facts.model), streaming: false }),
  answer: ollamaChat.answer,
};
