import type { ModelContent } from '../../../src/recorders/content.ts';
import { anthropicMessages, anthropicOnVertex } from '../formats/anthropic-messages.ts';
import {
  anthropicOnBedrock,
  bedrockConverse,
  bedrockInvoke,
  openAiConverse,
  openAiOnBedrock,
} from '../formats/bedrock.ts';
import { cohereChat, cohereChatV1 } from '../formats/cohere.ts';
import type { Format } from '../formats/format.ts';
import { gemini } from '../formats/gemini.ts';
import { ollamaChat, ollamaGenerate } from '../formats/ollama.ts';
import { openAiChat } from '../formats/openai-chat.ts';
import { openAiCompletions } from '../formats/openai-completions.ts';
import { openAiResponses } from '../formats/openai-responses.ts';
import { anthropicInput, anthropicOutput } from './anthropic.ts';
import { converseInput, converseOutput } from './bedrock.ts';
import type { Draft } from './draft.ts';
import { geminiInput, geminiOutput } from './gemini.ts';
import { chatInput, chatOutput, completionInput, completionOutput } from './openai-chat.ts';
import { responsesInput, responsesOutput } from './openai-responses.ts';
import { cohereInput, cohereOutput, ollamaInput, ollamaOutput } from './others.ts';
import type { Loose } from './parts.ts';

/** How one API writes what is said. */
export interface ContentReader {
  readonly input: (body: Loose) => Pick<ModelContent, 'system' | 'input'>;
  /** Adds a whole answer, or an event of a stream; `event` is its name where it has one outside of it. */
  readonly output: (document: Loose, draft: Draft, event: string) => void;
}

const chat: ContentReader = { input: chatInput, output: chatOutput };
const anthropic: ContentReader = { input: anthropicInput, output: anthropicOutput };
const converse: ContentReader = { input: converseInput, output: converseOutput };
const ollama: ContentReader = { input: ollamaInput, output: ollamaOutput };
const cohere: ContentReader = { input: cohereInput, output: cohereOutput };

/** The APIs in which something is said; others (embeddings, pictures, sound) have no messages. */
export const READERS: ReadonlyMap<Format, ContentReader> = new Map([
  [openAiChat, chat],
  [openAiOnBedrock, chat],
  [openAiCompletions, { input: completionInput, output: completionOutput }],
  [openAiResponses, { input: responsesInput, output: responsesOutput }],
  [anthropicMessages, anthropic],
  [anthropicOnVertex, anthropic],
  [anthropicOnBedrock, anthropic],
  [gemini, { input: geminiInput, output: geminiOutput }],
  [ollamaChat, ollama],
  [ollamaGenerate, ollama],
  [cohereChat, cohere],
  [cohereChatV1, cohere],
  [bedrockConverse, converse],
  [openAiConverse, converse],
  // Nova writes as Converse does, what others write is not read.
  [bedrockInvoke, converse],
]);
