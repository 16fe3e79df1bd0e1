import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';

type Chat = OpenAI.Chat.ChatCompletion;
type ChatChunk = OpenAI.Chat.ChatCompletionChunk;

/** What clients of the gateway send: OpenAI's chat completions, as far as all three providers can answer it. */
export interface ChatRequest {
  model: string;
  messages: { role: 'system' | 'user' | 'assistant'; content: string }[];
  stream?: boolean;
  max_completion_tokens?: number;
}

/** One provider, asked and answering in OpenAI's format. */
interface Provider {
  complete(request: ChatRequest, signal: AbortSignal): Promise<Chat>;
  stream(request: ChatRequest, signal: AbortSignal): Promise<AsyncIterable<ChatChunk>>;
}

// The gateway retries by itself (routing.ts); an SDK that does it too would multiply the attempts.
// Base URLs and keys come from each SDK's own variables.
const openai = new OpenAI({ maxRetries: 0, apiKey: process.env.OPENAI_API_KEY ?? 'unset' });
const anthropic = new Anthropic({ maxRetries: 0, apiKey: process.env.ANTHROPIC_API_KEY ?? 'unset' });
const gemini = new GoogleGenAI({ apiKey: process.env.GEMINI_API_KEY ?? 'unset' });

const openaiProvider: Provider = {
  complete: (request, signal) => openai.chat.completions.create({ ...request, stream: false }, { signal }),
  // Without `include_usage` a streamed answer tells no tokens, and nobody can count them afterwards.
  stream: (request, signal) =>
    openai.chat.completions.create({ ...request, stream: true, stream_options: { include_usage: true } }, { signal }),
};

const anthropicProvider: Provider = {
  async complete(request, signal) {
    const message = await anthropic.messages.create(toAnthropic(request), { signal });
    const text = message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
    return toChat(message.model, text);
  },
  async stream(request, signal) {
    const events = await anthropic.messages.create({ ...toAnthropic(request), stream: true }, { signal });
    return toChunks(request.model, events, (event) =>
      event.type === 'content_block_delta' && event.delta.type === 'text_delta' ? event.delta.text : undefined,
    );
  },
};

const geminiProvider: Provider = {
  async complete(request, signal) {
    const answer = await gemini.models.generateContent(toGemini(request, signal));
    return toChat(answer.modelVersion ?? request.model, answer.text ?? '');
  },
  async stream(request, signal) {
    const answers = await gemini.models.generateContentStream(toGemini(request, signal));
    return toChunks(request.model, answers, (answer) => answer.text);
  },
};

/** The whole answer of whichever provider has the model. */
export function complete(request: ChatRequest, signal: AbortSignal): Promise<Chat> {
  return providerOf(request.model).complete(request, signal);
}

/** The same as a stream; resolves when the provider begins to answer. */
export function stream(request: ChatRequest, signal: AbortSignal): Promise<AsyncIterable<ChatChunk>> {
  return providerOf(request.model).stream(request, signal);
}

/** Embeddings come from OpenAI alone. */
export function embed(request: OpenAI.EmbeddingCreateParams, signal: AbortSignal) {
  return openai.embeddings.create(request, { signal });
}

function providerOf(model: string): Provider {
  if (model.startsWith('gpt-')) return openaiProvider;
  if (model.startsWith('claude-')) return anthropicProvider;
  if (model.startsWith('gemini-')) return geminiProvider;
  throw Object.assign(new Error(`There is no model "${model}".`), { status: 404 });
}

function toAnthropic({ model, messages, max_completion_tokens }: ChatRequest) {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  return {
    model,
    max_tokens: max_completion_tokens ?? 1024,
    ...(system.length > 0 && { system: system.join('\n') }),
    messages: messages.flatMap(({ role, content }) => (role === 'system' ? [] : [{ role, content }])),
  };
}

function toGemini({ model, messages, max_completion_tokens }: ChatRequest, abortSignal: AbortSignal) {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  return {
    model,
    contents: messages
      .filter(({ role }) => role !== 'system')
      .map(({ role, content }) => ({ role: role === 'assistant' ? 'model' : 'user', parts: [{ text: content }] })),
    config: {
      abortSignal,
      ...(max_completion_tokens !== undefined && { maxOutputTokens: max_completion_tokens }),
      ...(system.length > 0 && { systemInstruction: system.join('\n') }),
    },
  };
}

function envelope(model: string) {
  return { id: `chatcmpl-${crypto.randomUUID()}`, created: Math.floor(Date.now() / 1000), model };
}

function toChat(model: string, content: string): Chat {
  const message = { role: 'assistant' as const, content, refusal: null };
  const choice = { index: 0, message, finish_reason: 'stop' as const, logprobs: null };
  return { ...envelope(model), object: 'chat.completion', choices: [choice] };
}

/** Passes a provider's events on as OpenAI's chunks, each as soon as it arrives. */
async function* toChunks<Event>(
  model: string,
  events: AsyncIterable<Event>,
  textOf: (event: Event) => string | undefined,
): AsyncGenerator<ChatChunk> {
  const shell = { ...envelope(model), object: 'chat.completion.chunk' as const };
  for await (const event of events) {
    const content = textOf(event);
    if (content) yield { ...shell, choices: [{ index: 0, delta: { content }, finish_reason: null }] };
  }
  yield { ...shell, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
}
