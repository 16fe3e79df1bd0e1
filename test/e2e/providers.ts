import { type MockProvider, startMockProvider } from '../../examples/mock-provider/index.ts';

/** Three mock providers, each at an address of its own, and the variables that make an application use and know them. */
export interface Providers {
  openai: MockProvider;
  anthropic: MockProvider;
  gemini: MockProvider;
  env: Record<string, string>;
  close(): Promise<void>;
}

export async function startProviders(): Promise<Providers> {
  const [openai, anthropic, gemini] = await Promise.all([
    startMockProvider(),
    startMockProvider(),
    startMockProvider(),
  ]);
  return {
    openai,
    anthropic,
    gemini,
    env: {
      OPENAI_URL: `${openai.url}/v1`,
      ANTHROPIC_URL: anthropic.url,
      GEMINI_URL: gemini.url,
      GAUGEWAY_MODEL_ENDPOINTS: `openai=${openai.url}/v1,anthropic=${anthropic.url},gcp.gemini=${gemini.url}`,
    },
    async close() {
      await Promise.all([openai.close(), anthropic.close(), gemini.close()]);
    },
  };
}
