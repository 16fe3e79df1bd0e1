import { afterAll, afterEach, expect, it } from 'vitest';
import { startReceiver } from '../helpers/receiver.ts';
import { CALLS, MAJORS, MODEL, runAiApp } from './ai-sdk-app.ts';

const receiver = await startReceiver();
afterEach(() => receiver.reset());
afterAll(() => receiver.close());

it.each(MAJORS)('tells of models of the gateway, which the wire does not know: $alias', async ({ alias }) => {
  const source = `import { generateText, jsonSchema, tool } from 'ai';
    let asked = 0;
    globalThis.fetch = async (address, { headers }) => {
      if (!String(address).includes('ai-gateway.vercel.sh')) throw new Error(address);
      if (asked++ === 0) return Response.json({ error: { message: 'x', type: 'internal_server_error' } }, { status: 503, headers: { 'retry-after-ms': '20' } });
      const isOld = headers['ai-language-model-specification-version'] === '2';
      const usage = isOld
        ? { inputTokens: 12, outputTokens: 5, totalTokens: 17 }
        : { inputTokens: { total: 12, noCache: 12 }, outputTokens: { total: 5, text: 5 } };
      const finishReason = isOld ? 'stop' : { unified: 'stop', raw: 'stop' };
      return Response.json({ content: [{ type: 'text', text: 'Hi' }], finishReason, usage, warnings: [] });
    };
    const tools = { look: tool({ inputSchema: jsonSchema({ type: 'object' }), execute: async () => 1 }) };
    for (const more of [{}, { tools }]) {
      asked = 0;
      const { text } = await generateText({ model: 'openai/gpt-5', prompt: 'Hi', ...more });
      console.log(text, asked);
    }`;
  const end = await runAiApp(alias, source, { AI_GATEWAY_API_KEY: 'x', ...receiver.env });
  expect(end).toMatchObject({ code: 0, stdout: 'Hi 2\nHi 2\n', stderr: '' });
  const model = { [MODEL]: 'openai/gpt-5', 'gen_ai.provider.name': 'vercel_ai_gateway' };
  expect(receiver.points(CALLS, model)).toMatchObject([{ count: 2 }]);
  expect(receiver.points(CALLS)).toHaveLength(1);
  expect(receiver.points('gen_ai.client.token.usage', { ...model, 'gen_ai.token.type': 'input' })).toMatchObject([
    { count: 2, sum: 24 },
  ]);
  expect(receiver.total('gen_ai.invoke_agent.duration', { [MODEL]: 'openai/gpt-5' })).toBe(1);
});
