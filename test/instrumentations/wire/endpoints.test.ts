import { describe, expect, it } from 'vitest';
import { tell } from './channels.ts';

const CONFIGURED = [
  { provider: 'litellm', url: 'http://proxy.local:4000/v1' },
  { provider: 'team_a', url: 'http://proxy.local:4000/v1/team-a/' },
  { provider: 'my_openai', url: 'https://api.openai.com/v1' },
];

async function find(method: string, url: string) {
  const { origin, pathname, search } = new URL(url);
  const { calls } = await tell({ method, origin, path: pathname + search, sent: ['{}'], status: 500 }, CONFIGURED);
  return calls.map(({ provider, operation, serverAddress, serverPort }) => [
    provider,
    operation,
    serverAddress,
    serverPort,
  ]);
}

describe('a request is a model call', () => {
  it.each([
    ['https://api.groq.com/openai/v1/chat/completions', 'groq', 'chat', 'api.groq.com', 443],
    ['https://API.MISTRAL.AI/v1/embeddings', 'mistral_ai', 'embeddings', 'api.mistral.ai', 443],
    ['https://openrouter.ai/api/v1/responses', 'openrouter', 'chat', 'openrouter.ai', 443],
    ['https://api.anthropic.com/v1/messages?beta=true', 'anthropic', 'chat', 'api.anthropic.com', 443],
    [
      'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent',
      'gcp.gemini',
      'generate_content',
      'generativelanguage.googleapis.com',
      443,
    ],
    [
      'https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/m:streamGenerateContent?alt=sse',
      'gcp.vertex_ai',
      'generate_content',
      'us-central1-aiplatform.googleapis.com',
      443,
    ],
    [
      'https://me.openai.azure.com/openai/deployments/d/chat/completions?api-version=1',
      'azure.ai.openai',
      'chat',
      'me.openai.azure.com',
      443,
    ],
    ['http://10.0.0.1:8000/v1/chat/completions', 'custom', 'chat', '10.0.0.1', 8000],
    ['http://[::1]:11434/v1/chat/completions', 'custom', 'chat', '::1', 11_434],
    ['http://proxy.local:4000/v1/chat/completions', 'litellm', 'chat', 'proxy.local', 4000],
    ['http://proxy.local:4000/v1/embeddings', 'litellm', 'embeddings', 'proxy.local', 4000],
    ['http://proxy.local:4000/v1/team-a/chat/completions', 'team_a', 'chat', 'proxy.local', 4000],
    ['http://proxy.local:4000/v1beta/models/m:generateContent', 'custom', 'generate_content', 'proxy.local', 4000],
    ['http://proxy.local:4001/v1/chat/completions', 'custom', 'chat', 'proxy.local', 4001],
    ['https://api.openai.com/v1/chat/completions', 'my_openai', 'chat', 'api.openai.com', 443],
    ['https://api.openai.com.evil.example/v1/chat/completions', 'custom', 'chat', 'api.openai.com.evil.example', 443],
  ])('%s', async (url, ...expected) => {
    expect(await find('POST', url)).toEqual([expected]);
  });
});

describe('a request is none', () => {
  it.each([
    ['GET', 'https://api.openai.com/v1/chat/completions'],
    ['DELETE', 'https://api.openai.com/v1/responses'],
    ['POST', 'https://api.anthropic.com/v1/messages/count_tokens'],
    ['POST', 'https://api.anthropic.com/v1/messages/batches'],
    ['POST', 'https://api.openai.com/v1/batches'],
    ['POST', 'https://api.openai.com/v1/threads/thread_1/messages'],
    ['POST', 'https://api.openai.com/v1/responses/resp_1/cancel'],
    ['POST', 'https://generativelanguage.googleapis.com/v1beta/models/m:countTokens'],
    ['POST', 'http://shop.example/messages'],
    ['POST', 'http://shop.example/survey/responses'],
    ['POST', 'http://shop.example/embeddings'],
    ['POST', `http://shop.example/${'x'.repeat(600)}/v1/chat/completions`],
    ['POST', 'http://proxy.local:4000/health'],
  ])('%s %s', async (method, url) => {
    expect(await find(method, url)).toEqual([]);
  });

  it.each(['', 'no url', 'http://', 'http://[', '\u0000', 'undefined'])(
    'of the origin %j, which is none',
    async (origin) => {
      expect((await tell({ origin, path: '/v1/chat/completions', sent: ['{}'], status: 200 })).calls).toEqual([]);
    },
  );
});
