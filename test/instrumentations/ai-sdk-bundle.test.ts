import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, expect, it } from 'vitest';
import { writeAppWith } from '../helpers/copies.ts';
import { startReceiver } from '../helpers/receiver.ts';
import { REGISTER, runApp } from '../helpers/run-app.ts';
import { ATTEMPTS, CALLS, MODEL } from './ai-sdk-app.ts';
import { startAiProvider } from './ai-sdk-provider.ts';

const mock = await startAiProvider();
const receiver = await startReceiver();
afterAll(async () => {
  await mock.close();
  await receiver.close();
});

it('is seen in a bundle too, where it is version 7', async () => {
  const source = `import { createOpenAI } from '@ai-sdk/openai';
    import { generateText, isStepCount, jsonSchema, tool } from 'ai';
    const headers = { 'x-run': 'bundle' };
    const openai = createOpenAI({ apiKey: 'sk', baseURL: process.env.BASE_URL, headers });
    const inputSchema = jsonSchema({ type: 'object' });
    const tools = { weather: tool({ inputSchema, execute: async () => 'rain' }) };
    const stopWhen = isStepCount(5);
    generateText({ model: openai.chat('second-try'), prompt: 'Hi' })
      .then(() => generateText({ model: openai.chat('tool-loop'), prompt: 'Hi', tools, stopWhen }))
      .then(({ text }) => console.log(text));`;
  const entry = writeAppWith('ai', 'ai', source, '.mjs');
  const file = join(dirname(entry), 'bundle.mjs');
  const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };
  await build({
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner,
    logLevel: 'error',
  });
  const env = { BASE_URL: `${mock.url}/v1`, GAUGEWAY_MODEL_ENDPOINTS: `openai=${mock.url}`, ...receiver.env };
  const end = await runApp({ file, flags: REGISTER, env });
  rmSync(dirname(file), { recursive: true, force: true });
  expect(end).toMatchObject({ code: 0, stdout: 'word word word word \n' });
  expect(receiver.total(CALLS, { [MODEL]: 'second-try' })).toBe(1);
  expect(receiver.total(ATTEMPTS, { [MODEL]: 'second-try' })).toBe(2);
  expect(receiver.total('gen_ai.invoke_agent.duration', { [MODEL]: 'tool-loop' })).toBe(1);
  expect(receiver.total('gen_ai.execute_tool.duration', { 'gen_ai.tool.name': 'weather' })).toBe(1);
});
