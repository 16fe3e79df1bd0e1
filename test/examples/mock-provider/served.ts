import { readFileSync } from 'node:fs';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type Behaviour, type MockProvider, startMockProvider } from '../../../examples/mock-provider/index.ts';

export const TLS = {
  key: readFileSync(new URL('../../fixtures/tls/key.pem', import.meta.url), 'utf8'),
  cert: readFileSync(new URL('../../fixtures/tls/cert.pem', import.meta.url), 'utf8'),
};
export const TOOL_PARAMETERS = { type: 'object' as const, properties: { location: { type: 'string' } } };

/** The provider of this test file, and how it behaves for the next requests. */
export const served = { mock: undefined as unknown as MockProvider, behaviour: {} as Partial<Behaviour> };

beforeAll(async () => {
  served.mock = await startMockProvider({ behaviour: () => served.behaviour });
});
beforeEach(() => {
  served.behaviour = {};
  served.mock.reset();
});
afterAll(() => served.mock.close());

export const openai = () => new OpenAI({ apiKey: 'sk-mock', baseURL: `${served.mock.url}/v1`, maxRetries: 0 });
export const anthropic = () => new Anthropic({ apiKey: 'sk-mock', baseURL: served.mock.url, maxRetries: 0 });
export const gemini = () => new GoogleGenAI({ apiKey: 'mock', httpOptions: { baseUrl: served.mock.url } });

export const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user' as const, content: 'Hi' }] };
export const MESSAGE = {
  model: 'claude-haiku-4-5',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: 'Hi' }],
};
export const CONTENT = { model: 'gemini-2.5-flash', contents: 'Hi' };

export async function collect<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

export function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${served.mock.url}${path}`, { method: 'POST', body: JSON.stringify(body), headers });
}
