import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MockProvider, startMockProvider } from '../../../examples/mock-provider/index.ts';
import { startReceiver } from '../../helpers/receiver.ts';
import { NODES, REGISTER, runApp } from '../../helpers/run-app.ts';
import { INPUT, OUTPUT } from './content-capture.ts';

describe('an application with real SDKs', () => {
  let mock: MockProvider;
  beforeAll(async () => {
    mock = await startMockProvider();
  });
  afterAll(() => mock.close());

  it.each(
    NODES.flatMap((node) => [
      [node, 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT', 'span_only'] as const,
      [node, 'GAUGEWAY_CAPTURE_CONTENT', 'false'] as const,
    ]),
  )(
    'on Node %s with %s=%s sends prompts and answers if it says so, and never a key',
    async (node, variable, value) => {
      const receiver = await startReceiver();
      const source = `
      import OpenAI from 'openai';
      import Anthropic from '@anthropic-ai/sdk';
      const base = process.env.BASE_URL;
      const openai = new OpenAI({ apiKey: 'sk-CANARY', baseURL: base + '/v1', defaultQuery: { key: 'CANARY' }, maxRetries: 0 });
      const messages = [{ role: 'user', content: 'my own question' }];
      await openai.chat.completions.create({ model: 'whole', messages });
      for await (const _ of await openai.chat.completions.create({ model: 'stream', messages, stream: true })) {}
      const anthropic = new Anthropic({ apiKey: 'CANARY', baseURL: base, maxRetries: 0 });
      await anthropic.messages.create({ model: 'claude', max_tokens: 9, system: 'my own rules', messages });
      await openai.chat.completions.create({ model: 'failed', messages }, {
        headers: { 'x-mock-behaviour': JSON.stringify({ status: 401 }), 'x-api-key': 'CANARY' },
      }).catch(() => undefined);`;
      const env = { BASE_URL: mock.url, ...receiver.env, [variable]: value };
      const end = await runApp({ node, source, flags: REGISTER, env });
      await receiver.close();
      expect(end).toMatchObject({ code: 0, stderr: '' });
      const isOn = value !== 'false';
      const has = (name: string) => receiver.spans.filter(({ attributes }) => attributes[name] !== undefined).length;
      // @anthropic-ai/sdk has a span of its own, which is left as it is.
      expect(has(INPUT)).toBe(isOn ? 3 : 0);
      expect(has(OUTPUT)).toBe(isOn ? 2 : 0);
      const everything = JSON.stringify(receiver.requests.map(({ body }) => body));
      expect(everything.includes('my own question')).toBe(isOn);
      expect(everything).not.toContain('CANARY');
      const metrics = JSON.stringify(
        receiver.requests.filter(({ path }) => path === '/v1/metrics').map(({ body }) => body),
      );
      expect(metrics).not.toContain('my own');
    },
    30_000,
  );
});
