import type { Facts } from '../json-fields.ts';
import { addError, type Format, flag, modelOf, text } from './format.ts';
import { completionUsage, openAiError, responseUsage } from './openai-usage.ts';
import { addUsage, count, unexplainedBy } from './usage.ts';

/** The convention has no names for operations on audio. */
const audio = {
  // Mistral counts as chat completions do, OpenAI as responses do.
  response: {
    model: 'model',
    type: 'type',
    usage: { ...completionUsage, ...responseUsage },
    error: openAiError,
  },
  // Sound, subtitles and plain text are answers too.
  opaque: true,
  answer(facts, told) {
    const type = text(facts.type);
    told.model ??= text(facts.model);
    if (type?.endsWith('.done') === true) told.ended = true;
    if (facts.input !== undefined || facts.output !== undefined) {
      addUsage(told, facts, { input: wholeInput(facts) });
    }
    const isFailure = type === 'error' || facts.hasError === true;
    addError(told, facts.errorCode, facts.errorType, isFailure ? 'error' : undefined);
    return true;
  },
} satisfies Partial<Format>;

/** Mistral leaves the sound out of the input, as the total tells: how much there was of it, nobody knows. */
function wholeInput(facts: Facts): number | undefined {
  return unexplainedBy(facts) > 0 ? Number.NaN : count(facts.input);
}

/** OpenAI speech, from text. */
export const openAiSpeech: Format = {
  ...audio,
  operation: 'speech',
  request: { model: 'model', stream_format: 'streamFormat', stream: 'stream' },
  ask: (facts, path) => ({
    model: modelOf(facts, path),
    streaming: facts.streamFormat === 'sse' || flag(facts.stream),
  }),
};

/** OpenAI transcriptions, of speech; the request is a form. */
export const openAiTranscriptions: Format = {
  ...audio,
  operation: 'transcription',
  request: { model: 'model', stream: 'stream' },
  ask: (facts, path) => ({ model: modelOf(facts, path), streaming: flag(facts.stream) }),
};

/** OpenAI translations, of speech into English text. */
export const openAiTranslations: Format = { ...openAiTranscriptions, operation: 'translation' };
