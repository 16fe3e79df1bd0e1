/** A library that is hooked when it is loaded. */
export interface HookedLibrary {
  /** Its npm name. */
  readonly library: string;
  /** Tested versions; others are hooked too if their shape fits, which one line tells. */
  readonly versions: readonly string[];
  /** Files of it, by their path in it, that a process may load alone, or that it does not export. */
  readonly files?: readonly string[];
  /** Functions of its exports that others are assigned to. */
  readonly replaces?: readonly string[];
}

/** Every hooked library, as it is known before it is loaded. */
export const libraries = {
  openai: {
    library: 'openai',
    versions: ['>=4.104 <8'],
  },
  anthropicAiSdk: { library: '@anthropic-ai/sdk', versions: ['>=0.137 <2'] },
  groqSdk: { library: 'groq-sdk', versions: ['>=1 <2'] },
  bedrock: { library: '@aws-sdk/client-bedrock-runtime', versions: ['>=3.1163 <4'] },
  ai: {
    library: 'ai',
    versions: ['>=5 <8'],
    // What an application may call; the rest of the AI SDK is left alone.
    replaces: ['generateText', 'streamText', 'generateObject', 'streamObject', 'embed', 'embedMany'],
  },
  langgraph: {
    library: '@langchain/core',
    versions: ['>=1 <2'],
    files: ['dist/callbacks/manager.js', 'dist/callbacks/manager.cjs'],
  },
  openaiAgents: { library: '@openai/agents-core', versions: ['>=0.20 <0.21'] },
  bullmq: {
    library: 'bullmq',
    versions: ['>=5 <7'],
    // All that a forked sandbox loads of it.
    files: ['dist/cjs/classes/child-processor.js'],
  },
  pgBoss: { library: 'pg-boss', versions: ['>=10 <13'] },
  graphileWorker: {
    library: 'graphile-worker',
    versions: ['>=0.16 <0.19'],
    files: ['dist/helpers.js', 'dist/worker.js'],
  },
} as const satisfies Record<string, HookedLibrary>;
