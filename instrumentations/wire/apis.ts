import { anthropicMessages, anthropicOnVertex } from './formats/anthropic-messages.ts';
import {
  anthropicOnBedrock,
  bedrockConverse,
  bedrockEmbeddings,
  bedrockImages,
  bedrockInvoke,
  bedrockRerank,
  openAiConverse,
  openAiOnBedrock,
} from './formats/bedrock.ts';
import { cohereChat, cohereChatV1, cohereEmbeddings } from './formats/cohere.ts';
import type { Format } from './formats/format.ts';
import { gemini } from './formats/gemini.ts';
import { geminiEmbeddings } from './formats/gemini-embeddings.ts';
import { ollamaChat, ollamaEmbeddings, ollamaGenerate } from './formats/ollama.ts';
import { openAiSpeech, openAiTranscriptions, openAiTranslations } from './formats/openai-audio.ts';
import { openAiChat } from './formats/openai-chat.ts';
import { openAiCompletions } from './formats/openai-completions.ts';
import { openAiEmbeddings } from './formats/openai-embeddings.ts';
import { openAiImages } from './formats/openai-images.ts';
import { openAiModerations } from './formats/openai-moderations.ts';
import { openAiResponses } from './formats/openai-responses.ts';
import { rerank } from './formats/rerank.ts';
import { googleImages, vertexEmbeddings } from './formats/vertex-predict.ts';

/** One API of a provider: how its path ends, and how it writes. */
export interface Api {
  /** Of requests to a known host or below a configured base URL. */
  readonly path: RegExp;
  /** So distinct that it counts on unknown hosts too. */
  readonly anywhere?: RegExp;
  /** Only of this provider, the path as a whole; below a configured base URL it may be anybody's. */
  readonly only?: string;
  /** The port that its server listens on unless told otherwise, which makes the path distinct on unknown hosts. */
  readonly port?: number;
  readonly format: Format;
}

const OLLAMA = { only: 'ollama', port: 11_434 } as const;

/** By the last word of the path, so that a request which is none costs one look-up; the first that fits counts. */
export const APIS: Readonly<Record<string, readonly Api[]>> = {
  completions: [
    // Perplexity's `/async/chat/completions` only orders an answer.
    { path: /(?<!\/async)\/chat\/completions$/, anywhere: /(?<!\/async)\/chat\/completions$/, format: openAiChat },
    { path: /^\/v1\/agents\/completions$/, only: 'mistral_ai', format: openAiChat },
    {
      path: /(?<!\/async\/chat|\/agents)\/completions$/,
      anywhere: /\/v1(?:\/fim)?\/completions$/,
      format: openAiCompletions,
    },
  ],
  // Messages of a thread (`/v1/threads/x/messages`) are no model call.
  messages: [{ path: /\/v1\/messages$/, anywhere: /\/v1\/messages$/, format: anthropicMessages }],
  responses: [{ path: /\/responses$/, anywhere: /\/v1\/responses$/, format: openAiResponses }],
  embeddings: [
    { ...OLLAMA, path: /^\/api\/embeddings$/, format: ollamaEmbeddings },
    { path: /\/embeddings$/, anywhere: /\/v1\/embeddings$/, format: openAiEmbeddings },
  ],
  generations: [openAi('images/generations', openAiImages)],
  edits: [openAi('images/edits', openAiImages)],
  variations: [openAi('images/variations', openAiImages)],
  speech: [openAi('audio/speech', openAiSpeech)],
  transcriptions: [openAi('audio/transcriptions', openAiTranscriptions)],
  translations: [openAi('audio/translations', openAiTranslations)],
  moderations: [{ path: /\/moderations$/, format: openAiModerations }],
  rerank: [{ path: /\/rerank$/, format: rerank }],
  chat: [
    { ...OLLAMA, path: /^\/api\/chat$/, format: ollamaChat },
    { path: /^\/v2\/chat$/, only: 'cohere', format: cohereChat },
    { path: /^\/v1\/chat$/, only: 'cohere', format: cohereChatV1 },
  ],
  generate: [{ ...OLLAMA, path: /^\/api\/generate$/, format: ollamaGenerate }],
  embed: [
    { ...OLLAMA, path: /^\/api\/embed$/, format: ollamaEmbeddings },
    { path: /^\/v[12]\/embed$/, only: 'cohere', format: cohereEmbeddings },
  ],
  converse: [bedrock('converse', bedrockConverse)],
  'converse-stream': [
    bedrock('converse-stream', openAiConverse, 'openai'),
    bedrock('converse-stream', bedrockConverse),
  ],
  invoke: invoked('invoke'),
  'invoke-with-response-stream': invoked('invoke-with-response-stream'),
  ':generateContent': [google('generateContent', gemini)],
  ':streamGenerateContent': [google('streamGenerateContent', gemini)],
  ':embedContent': [google('embedContent', geminiEmbeddings)],
  ':batchEmbedContents': [google('batchEmbedContents', geminiEmbeddings)],
  ':rawPredict': vertex('rawPredict'),
  ':streamRawPredict': vertex('streamRawPredict'),
  ':predict': [
    { path: /\/models\/[^/:]*embedding[^/:]*:predict$/, format: vertexEmbeddings },
    { path: /\/models\/imag[^/:]*:predict$/, format: googleImages },
  ],
};

/** The model is in the path, with its maker's name; the address of one, or a name with a dot, is told from others' models. */
function bedrock(method: string, format: Format, maker = ''): Api {
  const path = new RegExp(`/model/[^/]*${maker}[^/]*/${method}$`);
  const anywhere = new RegExp(`/model/(?=[^/]*(?:[.:]|%3A))[^/]*${maker}[^/]*/${method}$`);
  return { path, anywhere, only: 'aws.bedrock', format };
}

function invoked(method: string): Api[] {
  return [
    bedrock(method, bedrockRerank, 'rerank'),
    bedrock(method, bedrockEmbeddings, 'embed'),
    bedrock(method, bedrockImages, '(?:stability|image|canvas)'),
    bedrock(method, anthropicOnBedrock, 'anthropic'),
    bedrock(method, openAiOnBedrock, 'openai'),
    bedrock(method, bedrockInvoke),
  ];
}

function openAi(name: string, format: Format): Api {
  return { path: new RegExp(`/${name}$`), anywhere: new RegExp(`/v1/${name}$`), format };
}

function google(method: string, format: Format): Api {
  return { path: new RegExp(`:${method}$`), anywhere: new RegExp(`/[^/:]+:${method}$`), format };
}

/** Models of others on Vertex speak as at home. Counting tokens looks like a model of that name. */
function vertex(method: string): Api[] {
  const anthropic = new RegExp(`/publishers/anthropic/models/(?!count-tokens:)[^/:]+:${method}$`);
  const mistral = new RegExp(`/publishers/mistralai/models/[^/:]+:${method}$`);
  return [
    { path: anthropic, anywhere: anthropic, format: anthropicOnVertex },
    { path: mistral, anywhere: mistral, format: openAiChat },
  ];
}

/** What `APIS` is asked for. */
export function lastWord(pathname: string): string {
  const colon = pathname.lastIndexOf(':');
  const slash = pathname.lastIndexOf('/');
  return colon > slash ? pathname.slice(colon) : pathname.slice(slash + 1);
}
