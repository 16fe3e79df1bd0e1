/** A version of a library: a column of the table. */
export interface Version {
  /** The library and its major, as the table names it. */
  readonly title: string;
  /** The file in this folder that drives it, without `.ts`. */
  readonly file: string;
  /** Its npm name. */
  readonly name: string;
  /** What it is installed as here. @default its name */
  readonly alias?: string;
  /** What else the file is handed, after the library. */
  readonly beside?: readonly string[];
}

export const VERSIONS: readonly Version[] = [
  { title: 'openai 7', file: 'openai', name: 'openai' },
  { title: 'openai 6', file: 'openai', name: 'openai', alias: 'openai-6' },
  { title: 'openai 5', file: 'openai', name: 'openai', alias: 'openai-5' },
  { title: 'openai 4', file: 'openai-4', name: 'openai', alias: 'openai-4' },
  { title: 'anthropic 1', file: 'anthropic-ai-sdk', name: '@anthropic-ai/sdk' },
  { title: 'anthropic 0', file: 'anthropic-ai-sdk', name: '@anthropic-ai/sdk', alias: 'anthropic-ai-sdk-0' },
  { title: 'genai 3', file: 'google-genai', name: '@google/genai' },
  { title: 'genai 2', file: 'google-genai', name: '@google/genai', alias: 'google-genai-2' },
  { title: 'genai 1', file: 'google-genai', name: '@google/genai', alias: 'google-genai-1' },
  { title: 'ai 7', file: 'ai', name: 'ai', beside: ['@ai-sdk/openai'] },
  { title: 'ai 6', file: 'ai', name: 'ai', alias: 'ai-6', beside: ['ai-sdk-openai-3'] },
  { title: 'ai 5', file: 'ai', name: 'ai', alias: 'ai-5', beside: ['ai-sdk-openai-2'] },
  { title: 'groq', file: 'groq-sdk', name: 'groq-sdk' },
  { title: 'mistral', file: 'mistralai', name: '@mistralai/mistralai' },
  { title: 'ollama', file: 'ollama', name: 'ollama' },
  { title: 'axios', file: 'axios', name: 'axios' },
];
