import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MockProvider, startMockProvider } from '../../../examples/mock-provider/index.ts';
import { startReceiver } from '../../helpers/receiver.ts';
import { NODES, REGISTER, runApp, writeApp } from '../../helpers/run-app.ts';

/** One application, in the least syntax that all forms share: the SDK, and an explicit call that encloses it. */
const SOURCE = `
import { modelCalls } from 'gaugeway';
import OpenAI from 'openai';
async function main(): Promise<void> {
  const client = new OpenAI({ apiKey: 'sk-mock', baseURL: process.env.BASE_URL + '/v1', maxRetries: 0 });
  const messages = [{ role: 'user' as const, content: 'Hi' }];
  const { usage } = await client.chat.completions.create({ model: 'whole', messages });
  let text = '';
  for await (const chunk of await client.chat.completions.create({ model: 'stream', messages, stream: true, stream_options: { include_usage: true } })) {
    text += chunk.choices[0]?.delta.content ?? '';
  }
  for await (const _ of await client.chat.completions.create({ model: 'break', messages, stream: true }, { headers: { 'x-mock-behaviour': '{"chunks":500,"chunkDelayMs":20}' } })) break;
  const enclosed = await modelCalls.run({ provider: 'custom', model: 'enclosed' }, async () =>
    (await client.chat.completions.create({ model: 'enclosed', messages })).choices.length,
  );
  console.log(JSON.stringify([usage?.total_tokens, text, enclosed]));
}
void main();
`;
const BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

interface Form {
  readonly file: string;
  readonly flags: readonly string[];
}
const forms: Record<string, Form> = {};
let mock: MockProvider;

async function compile(name: string, format: 'cjs' | 'esm', external: readonly string[] | undefined): Promise<void> {
  const entry = writeApp(SOURCE, '.ts');
  const file = join(dirname(entry), format === 'cjs' ? 'out.cjs' : 'out.mjs');
  await build({
    entryPoints: [entry],
    outfile: file,
    platform: 'node',
    target: 'node22',
    format,
    logLevel: 'error',
    bundle: external !== undefined,
    ...(external === undefined ? {} : { external: [...external] }),
    ...(format === 'esm' && external !== undefined ? { banner: { js: BANNER } } : {}),
  });
  forms[name] = { file, flags: [] };
}

beforeAll(async () => {
  mock = await startMockProvider();
  await compile('ESM', 'esm', undefined);
  await compile('CommonJS', 'cjs', undefined);
  forms.tsx = { file: writeApp(SOURCE, '.mts'), flags: ['--import', import.meta.resolve('tsx')] };
  forms['tsx as CommonJS'] = { file: writeApp(SOURCE, '.cts'), flags: ['--import', import.meta.resolve('tsx')] };
  await compile('an esbuild bundle in ESM', 'esm', ['gaugeway']);
  await compile('an esbuild bundle in CommonJS', 'cjs', ['gaugeway']);
  await compile('an esbuild bundle in ESM with gaugeway inside', 'esm', []);
  await compile('an esbuild bundle in CommonJS with gaugeway inside', 'cjs', []);
});
afterAll(async () => {
  await mock.close();
  for (const { file } of Object.values(forms)) rmSync(dirname(file), { recursive: true, force: true });
});

describe.each(NODES)('Node %s', (node) => {
  it.each([
    'ESM',
    'CommonJS',
    'tsx',
    'tsx as CommonJS',
    'an esbuild bundle in ESM',
    'an esbuild bundle in CommonJS',
    'an esbuild bundle in ESM with gaugeway inside',
    'an esbuild bundle in CommonJS with gaugeway inside',
  ])('measures an application in the form of %s', async (name) => {
    const receiver = await startReceiver();
    const { file, flags } = forms[name] as Form;
    const env = { BASE_URL: mock.url, ...receiver.env };
    const end = await runApp({ node, file, flags: [...REGISTER, ...flags], env });
    expect(end).toMatchObject({ code: 0, stderr: '', stdout: `${JSON.stringify([17, 'word '.repeat(5), 1])}\n` });
    const told = receiver
      .points('gen_ai.client.operation.duration')
      .map(({ count, attributes }) => [attributes['gen_ai.request.model'], attributes['error.type'], count])
      .sort();
    expect(told).toEqual([
      ['break', 'aborted', 1],
      ['enclosed', undefined, 1],
      ['stream', undefined, 1],
      ['whole', undefined, 1],
    ]);
    expect(receiver.points('gen_ai.client.token.usage').reduce((all, { sum }) => all + (sum ?? 0), 0)).toBe(3 * 17);
    expect(receiver.points('gaugeway.model.active').filter(({ value }) => value !== 0)).toEqual([]);
    expect(receiver.spans).toHaveLength(4);
    await receiver.close();
  });
});
