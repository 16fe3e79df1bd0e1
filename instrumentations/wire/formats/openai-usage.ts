import type { Fields } from '../json-fields.ts';

/** Usage as chat completions tell it, and with them most other servers. */
export const completionUsage: Fields = {
  prompt_tokens: 'input',
  completion_tokens: 'output',
  total_tokens: 'total',
  prompt_tokens_details: {
    cached_tokens: 'cacheRead',
    cache_write_tokens: 'cacheWrite',
    // LiteLLM.
    cache_creation_tokens: 'cacheCreated',
    text_tokens: 'textInput',
    image_tokens: 'imageInput',
    audio_tokens: 'audioInput',
  },
  completion_tokens_details: {
    reasoning_tokens: 'reasoning',
    text_tokens: 'textOutput',
    image_tokens: 'imageOutput',
    audio_tokens: 'audioOutput',
  },
  // DeepSeek and Moonshot; where they also write the details, that is the same number.
  prompt_cache_hit_tokens: 'cacheHit',
  cached_tokens: 'cacheHit',
};

/** Usage as responses, images and audio tell it. */
export const responseUsage: Fields = {
  input_tokens: 'input',
  output_tokens: 'output',
  total_tokens: 'total',
  input_tokens_details: {
    cached_tokens: 'cacheRead',
    cache_write_tokens: 'cacheWrite',
    text_tokens: 'textInput',
    image_tokens: 'imageInput',
    audio_tokens: 'audioInput',
  },
  // Transcriptions write it this way.
  input_token_details: { text_tokens: 'textInput', audio_tokens: 'audioInput' },
  output_tokens_details: {
    reasoning_tokens: 'reasoning',
    text_tokens: 'textOutput',
    image_tokens: 'imageOutput',
    audio_tokens: 'audioOutput',
  },
};

/** An error as most servers write it; some have nothing but a message, or are one. */
export const openAiError: Fields = { '?': 'hasError', code: 'errorCode', type: 'errorType' };
