import { describe, expect, it } from 'vitest';
import { tell } from './channels.ts';

const CONFIGURED = [
  { provider: 'litellm', url: 'http://proxy.local:4000/v1' },
  { provider: 'team_a', url: 'http://proxy.local:4000/v1/team-a/' },
  { provider: 'my_openai', url: 'https://api.openai.com/v1' },
  { provider: 'my_ollama', url: 'http://gpu.local:8080/ollama' },
  { provider: 'my_cohere', url: 'https://corp.example/cohere/' },
  { provider: 'corp', url: 'https://corp.example/api' },
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
    ['http://gpu.local:8080/ollama/api/chat', 'my_ollama', 'chat', 'gpu.local', 8080],
    ['http://gpu.local:8080/ollama/api/embeddings', 'my_ollama', 'embeddings', 'gpu.local', 8080],
    ['https://corp.example/cohere/v2/chat', 'my_cohere', 'chat', 'corp.example', 443],
    ['https://corp.example/api/embeddings', 'corp', 'embeddings', 'corp.example', 443],
    ['https://corp.example/api/rerank', 'corp', 'rerank', 'corp.example', 443],
    ['https://corp.example/api/moderations', 'corp', 'moderation', 'corp.example', 443],
    ['http://192.168.0.7:11434/api/generate', 'ollama', 'text_completion', '192.168.0.7', 11_434],
    ['http://10.0.0.1:8000/v1/completions', 'custom', 'text_completion', '10.0.0.1', 8000],
    ['http://10.0.0.1:8000/v1/audio/speech', 'custom', 'speech', '10.0.0.1', 8000],
    ['http://10.0.0.1:8000/v1/images/generations', 'custom', 'image_generation', '10.0.0.1', 8000],
    ['https://eu.api.openai.com/v1/audio/translations', 'openai', 'translation', 'eu.api.openai.com', 443],
    [
      'https://bedrock-runtime.eu-central-1.amazonaws.com/openai/v1/chat/completions',
      'aws.bedrock',
      'chat',
      'bedrock-runtime.eu-central-1.amazonaws.com',
      443,
    ],
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
    ['POST', 'https://api.openai.com/v1/files'],
    ['POST', 'https://api.openai.com/v1/videos'],
    ['POST', 'https://api.openai.com/v1/audio/voices'],
    ['POST', 'https://api.openai.com/v1/responses/input_tokens'],
    ['POST', 'https://api.openai.com/v1/chat'],
    ['POST', 'https://api.openai.com/api/chat'],
    ['GET', 'https://api.openai.com/v1/models'],
    ['POST', 'https://api.perplexity.ai/async/chat/completions'],
    ['POST', 'https://api.mistral.ai/v1/agents'],
    ['POST', 'https://api.cohere.com/v1/tokenize'],
    ['POST', 'http://127.0.0.1:11434/api/pull'],
    ['POST', 'http://localhost:3000/api/chat'],
    ['POST', 'http://localhost:3000/api/generate'],
    ['POST', 'http://localhost:3000/api/embed'],
    ['POST', 'http://localhost:3000/v2/chat'],
    ['POST', 'http://localhost:3000/v1/moderations'],
    ['POST', 'http://localhost:3000/v1/rerank'],
    ['POST', 'http://localhost:3000/v1/agents/completions'],
    ['POST', 'https://me.cognitiveservices.azure.com/speechtotext/v3.2/transcriptions'],
    ['POST', 'https://me.openai.azure.com/openai/deployments'],
    ['POST', 'https://evilopenai.azure.com/openai/deployments/d/images/unknown'],
    ['POST', 'https://generativelanguage.googleapis.com/v1beta/models/m:batchGenerateContent'],
    ['POST', 'https://aiplatform.googleapis.com/v1/publishers/anthropic/models/count-tokens:rawPredict'],
    ['POST', 'https://aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/7:predict'],
    ['POST', 'https://aiplatform.googleapis.com/v1/publishers/nobody/models/m:rawPredict'],
    ['POST', 'https://shop.example/__proto__'],
    ['POST', 'https://shop.example/constructor'],
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
