import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { startReceiver } from '../helpers/receiver.ts';
import { CALLS, MAJORS, MODEL, OLDER, runAiApp } from './ai-sdk-app.ts';
import { startAiProvider } from './ai-sdk-provider.ts';

const mock = await startAiProvider();
const receiver = await startReceiver();
afterEach(() => receiver.reset());
afterAll(async () => {
  await mock.close();
  await receiver.close();
});

describe.each(OLDER)('$alias', ({ alias, provider }) => {
  it('has its own spans where the application asks for them, and none of ours beside them', async () => {
    const source = `import { generateText } from 'ai';
      import { createOpenAI } from '${provider}';
      const model = createOpenAI({ apiKey: 'sk', baseURL: process.env.BASE_URL }).chat('whole');
      for (const isEnabled of [true, false]) {
        await generateText({ model, prompt: 'Hi', experimental_telemetry: { isEnabled } });
      }`;
    const env = { BASE_URL: `${mock.url}/v1`, GAUGEWAY_MODEL_ENDPOINTS: `openai=${mock.url}`, ...receiver.env };
    const end = await runAiApp(alias, source, env);
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(receiver.spans.map(({ name }) => name).sort()).toEqual([
      'ai.generateText',
      'ai.generateText.doGenerate',
      'chat whole',
    ]);
    expect(receiver.total(CALLS, { [MODEL]: 'whole' })).toBe(2);
  });
});

it.each(MAJORS)('is the call of the application that it was started in: $alias', async ({ alias, provider }) => {
  const source = `import { streamText } from 'ai';
    import { createOpenAI } from '${provider}';
    import { modelCalls } from 'gaugeway';
    const model = createOpenAI({ apiKey: 'k', baseURL: process.env.BASE_URL }).chat('lazy');
    const result = modelCalls.run({ provider: 'openai', model: 'lazy' }, () => streamText({ model, prompt: 'Hi' }));
    for await (const _ of result.textStream);`;
  const env = { BASE_URL: `${mock.url}/v1`, GAUGEWAY_MODEL_ENDPOINTS: `openai=${mock.url}`, ...receiver.env };
  const end = await runAiApp(alias, source, env);
  expect(end).toMatchObject({ code: 0, stderr: '' });
  expect(receiver.spans).toMatchObject([{ name: 'chat lazy', attributes: { 'gaugeway.outcome': 'success' } }]);
  expect(receiver.points(CALLS, { [MODEL]: 'lazy' })).toMatchObject([{ count: 1 }]);
});
