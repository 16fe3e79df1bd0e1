/*
 * Streamed events as the providers write them. Texts differ in length and content like a tokenizer's, so that nothing
 * learns one chunk by heart.
 */
const WORDS =
  ' the| of| and| to|ing| model|,|.| a| stream| answers| with|\\n\\n| "quoted\\"|é| tokens| for| latency|s| is| gateway| 42| in'.split(
    '|',
  );
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

function word(i) {
  return WORDS[(i * 7919) % WORDS.length].replaceAll(/(?<!\\)"/g, '\\"');
}

/** OpenAI pads each event to hide the lengths of tokens. */
function padding(i, text) {
  let pad = '';
  for (let at = 0; at < Math.max(0, 16 - text.length); at++) pad += LETTERS[(i * 31 + at * 17) % LETTERS.length];
  return pad;
}

function chat(i, end) {
  const text = word(i);
  return `data: {"id":"chatcmpl-Cb3dJYyAM8xUTuKoKcQZbrXeqKzWQ","object":"chat.completion.chunk","created":1763722241,"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_560af6e559","choices":[{"index":0,"delta":{"content":"${text}"},"logprobs":null,"finish_reason":null}]${end(i, text)}}\n\n`;
}

/** Format name to the path it is asked at, its first events and one event of text. */
export const streams = {
  'openai chat': {
    path: '/v1/chat/completions',
    first: [],
    text: (i) => chat(i, (n, text) => `,"usage":null,"obfuscation":"${padding(n, text)}"`),
  },
  'openai chat, plain': { path: '/v1/chat/completions', first: [], text: (i) => chat(i, () => '') },
  anthropic: {
    path: '/v1/messages',
    first: [
      'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[],"stop_reason":null,"usage":{"input_tokens":25,"output_tokens":1}}}\n\n',
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
    ],
    text: (i) =>
      `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${word(i)}"}}\n\n`,
  },
  'openai responses': {
    path: '/v1/responses',
    first: [
      'event: response.created\ndata: {"type":"response.created","sequence_number":0,"response":{"id":"resp_67c9fdcecf488190bdd9a0409de3a1ec07b8b0ad4e5eb654","object":"response","status":"in_progress","model":"gpt-4.1-2025-04-14","usage":null}}\n\n',
    ],
    text: (i) =>
      `event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":${i + 4},"item_id":"msg_67c9fdcf37fc8190ba82116e33fb28c507b8b0ad4e5eb654","output_index":0,"content_index":0,"delta":"${word(i)}","logprobs":[],"obfuscation":"${padding(i, word(i))}"}\n\n`,
  },
  gemini: {
    path: '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
    first: [],
    text: (i) =>
      `data: {"candidates": [{"content": {"parts": [{"text": "${word(i).repeat(6)}"}],"role": "model"},"index": 0}],"usageMetadata": {"promptTokenCount": 12,"candidatesTokenCount": ${(i % 900) + 4},"totalTokenCount": ${(i % 900) + 16},"promptTokensDetails": [{"modality": "TEXT","tokenCount": 12}]},"modelVersion": "gemini-2.5-flash","responseId": "mAitaLmkHPPlz7IPvtfUqQ4"}\r\n\r\n`,
  },
};
