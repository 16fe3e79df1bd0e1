import type { Format } from './format.ts';
import { openAiChat } from './openai-chat.ts';

/** OpenAI completions, of old models and of many servers, and Mistral's fill-in-the-middle: they answer as chats do. */
export const openAiCompletions: Format = { ...openAiChat, operation: 'text_completion' };
