import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Behaviour, type MockProvider, startMockProvider } from '../../examples/mock-provider/index.ts';
import { writeAppWith } from '../helpers/copies.ts';
import { type Receiver, startReceiver } from '../helpers/receiver.ts';
import { NODES, REGISTER, ROOT, runApp } from '../helpers/run-app.ts';

const SCENARIOS = new URL('../fixtures/ai-sdk/scenarios.mjs', import.meta.url).href;
const CALLS = 'gen_ai.client.operation.duration';
const ATTEMPTS = 'gaugeway.model.attempt.duration';
const MODEL = 'gen_ai.request.model';

interface Sdk {
  readonly alias: string;
  readonly provider: string;
}
const AI_7: Sdk = { alias: 'ai', provider: '@ai-sdk/openai' };
const OLDER: readonly Sdk[] = [
  { alias: 'ai-6', provider: 'ai-sdk-openai-3' },
  { alias: 'ai-5', provider: 'ai-sdk-openai-2' },
];
const MATRIX = [
  ...NODES.map((node) => ({ ...AI_7, node })),
  ...OLDER.flatMap((sdk) => NODES.map((node) => ({ ...sdk, node }))),
].flatMap((row) => (['.mjs', '.cjs'] as const).map((extension) => ({ ...row, extension })));

/** What became of each model: its calls, their attempts, the error of the last and what was tried again. */
const EXPECTED: Readonly<
  Record<string, readonly [calls: number, attempts: number, errorType?: string | undefined, retries?: number]>
> = {
  'second-try': [1, 2, undefined, 1],
  exhausted: [1, 3, 'server_error', 2],
  'not-tried-again': [1, 1, 'invalid_request_error'],
  refused: [1, 1, 'ECONNREFUSED'],
  'aborted-while-asking': [1, 1, 'aborted'],
  'aborted-while-waiting': [1, 1, 'aborted'],
  'timed-out': [1, 1, 'timeout'],
  'stream-third-try': [1, 3, undefined, 2],
  'stream-exhausted': [1, 2, 'server_error', 1],
  'stream-drop': [1, 1, 'UND_ERR_SOCKET'],
  'stream-abort': [1, 1, 'aborted'],
  'stream-aborted-while-waiting': [1, 1, 'aborted'],
  'embedding-second-try': [1, 2, undefined, 1],
  'embedding-many': [1, 2],
  'object-second-try': [1, 2, undefined, 1],
  'tool-loop': [2, 2],
  'tool-fails': [2, 2],
  'stream-tool-loop': [2, 2],
  'nested-tool': [2, 2],
  'nested-inner': [2, 2],
  'agent-fails': [1, 1, 'server_error'],
  agent: [2, 2],
  unasked: [1, 1, 'server_error'],
};

let mock: MockProvider;
let receiver: Receiver;
/** Nothing listens here any more. */
let refusing: string;
beforeAll(async () => {
  const tries = new Map<string, number>();
  mock = await startMockProvider({
    behaviour: ({ body, headers }) => {
      const { model = '', stream } = body as { model?: string; stream?: boolean };
      // Each process counts for itself.
      const key = `${headers['x-run']} ${model}`;
      const number = (tries.get(key) ?? 0) + 1;
      tries.set(key, number);
      return behaviourOf(model, number, stream === true, body);
    },
  });
  receiver = await startReceiver();
  const gone = await startMockProvider();
  refusing = `${gone.url}/v1`;
  await gone.close();
});
afterAll(async () => {
  await mock.close();
  await receiver.close();
});

function behaviourOf(model: string, number: number, isStream: boolean, body: unknown): Partial<Behaviour> {
  const overloaded = { status: 503, retryAfterSeconds: 0.1 };
  if (model === 'exhausted' || model === 'stream-exhausted' || model === 'unasked') return overloaded;
  if (model === 'agent-fails') return overloaded;
  if (model === 'not-tried-again' || model === 'fallback') return { status: 400 };
  if (model.endsWith('second-try') && number < 2) return overloaded;
  if (model === 'stream-third-try' && number < 3) return overloaded;
  if (model.endsWith('aborted-while-waiting')) return { status: 503, retryAfterSeconds: 5 };
  if (model === 'aborted-while-asking' || model === 'timed-out') return { hang: 'headers' };
  if (model === 'stream-abort') return { chunks: 500, chunkDelayMs: 20 };
  if (model === 'stream-drop') return { chunks: 50, chunkDelayMs: 2, dropAfterChunks: 5 };
  if (model.startsWith('object')) return { chunks: 1, deltaText: '{"city":"Oslo"}' };
  const isAgent = model.includes('tool') || model === 'agent';
  const hasAnswer = JSON.stringify(body).includes('tool_call_id');
  return isAgent && !hasAnswer ? toolCall(model, isStream) : { chunks: 4 };
}

/** The mock speaks; that it wants to use a tool is told in its own words. */
function toolCall(model: string, isStream: boolean): Partial<Behaviour> {
  const call = {
    index: 0,
    id: 'call_1',
    type: 'function',
    function: { name: 'weather', arguments: '{"city":"Oslo"}' },
  };
  const usage = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 };
  const answer = { id: 'c', object: 'chat.completion', created: 1, model };
  const message = { role: 'assistant', content: null, tool_calls: [call] };
  if (!isStream) {
    const choices = [{ index: 0, message, finish_reason: 'tool_calls' }];
    return { rawBody: JSON.stringify({ ...answer, choices, usage }), contentType: 'application/json' };
  }
  const event = (choices: unknown[], more = {}) =>
    `data: ${JSON.stringify({ ...answer, object: 'chat.completion.chunk', choices, ...more })}\n\n`;
  const rawBody = [
    event([{ index: 0, delta: message, finish_reason: null }]),
    event([{ index: 0, delta: {}, finish_reason: 'tool_calls' }]),
    event([], { usage }),
    'data: [DONE]\n\n',
  ].join('');
  return { rawBody, contentType: 'text/event-stream' };
}

let runs = 0;
function write({ alias, provider, extension }: (typeof MATRIX)[number]): string {
  const get = (name: string, from: string) =>
    extension === '.mjs' ? `import * as ${name} from '${from}';` : `const ${name} = require('${from}');`;
  const source = `${get('ai', 'ai')}\n${get('provider', provider)}
    const createOpenAI = (options) => provider.createOpenAI({ ...options, headers: { 'x-run': process.env.RUN } });
    import('${SCENARIOS}').then(({ run }) => run(ai, createOpenAI));\n`;
  return writeAppWith(alias, 'ai', source, extension);
}

describe.each(MATRIX)('$alias on Node $node, loaded by $extension', (row) => {
  let seen: [string, unknown][];

  it('sees the same results, errors and rejections as without us', async () => {
    const env = {
      BASE_URL: `${mock.url}/v1`,
      REFUSING_URL: refusing,
      GAUGEWAY_MODEL_ENDPOINTS: `openai=${refusing},openai=${mock.url}`,
      OTEL_TRACES_SAMPLER: 'always_off',
    };
    const file = write(row);
    receiver.reset();
    const [bare, measured] = await Promise.all([
      runApp({ node: row.node, file, env: { ...env, RUN: String(++runs) } }),
      runApp({ node: row.node, file, flags: REGISTER, env: { ...env, ...receiver.env, RUN: String(++runs) } }),
    ]);
    rmSync(dirname(file), { recursive: true, force: true });
    expect(bare).toMatchObject({ code: 0, stderr: '' });
    expect(measured).toMatchObject({ code: 0, stderr: '' });
    seen = JSON.parse(measured.stdout) as typeof seen;
    expect(seen).toEqual(JSON.parse(bare.stdout));
    expect(Object.fromEntries(seen)).toHaveProperty('unhandled');
  });

  it('is one call for each asking of a model, with its attempts and its retries', () => {
    const models = seen.map(([model]) => model).filter((model) => model !== 'unhandled' && model !== 'exports');
    const told = (model: string) => [
      model,
      receiver.total(CALLS, { [MODEL]: model }),
      receiver.total(ATTEMPTS, { [MODEL]: model }),
      receiver.points(CALLS, { [MODEL]: model })[0]?.attributes['error.type'],
      receiver.total('gaugeway.model.retries', { [MODEL]: model }),
    ];
    expect([...models, 'unasked', 'nested-inner', 'nested-plain'].map(told)).toEqual(
      [...models, 'unasked', 'nested-inner', 'nested-plain'].map((model) => {
        const [calls, attempts, errorType, retries = 0] = EXPECTED[model] ?? [1, 1];
        return [model, calls, attempts, errorType, retries];
      }),
    );
  });

  it('tells that another model was asked in the same call', () => {
    expect(receiver.points('gaugeway.model.fallbacks').map(({ attributes, value }) => [attributes, value])).toEqual([
      [
        expect.objectContaining({
          [MODEL]: 'fallback',
          'gaugeway.fallback.from': 'openai/fallback',
          'gaugeway.fallback.to': 'openai/fallback-second',
        }),
        1,
      ],
    ]);
    expect(receiver.total(CALLS, { [MODEL]: 'fallback-second' })).toBe(0);
    expect(receiver.total(ATTEMPTS, { [MODEL]: 'fallback-second' })).toBe(1);
  });

  it('gives the agents among them, and their tools as far as they are told', () => {
    const tellsItself = row.alias === 'ai';
    const counts = (name: string) =>
      receiver
        .points(name)
        .map(({ attributes, count, sum }) => [attributes['gen_ai.agent.name'] ?? '', count, sum])
        .sort();
    expect(
      receiver
        .points('gen_ai.invoke_agent.duration')
        .map(({ attributes, count }) => [
          attributes[MODEL],
          attributes['gen_ai.agent.name'],
          attributes['error.type'],
          count,
        ])
        .sort(),
    ).toEqual([
      ['agent', 'travel', undefined, 1],
      ['agent-fails', undefined, 'server_error', 1],
      ['nested-inner', undefined, undefined, 1],
      ['nested-tool', 'asker', undefined, 1],
      // How a stream ends can only be seen where it is told.
      ...(tellsItself ? [['stream-tool-loop', undefined, undefined, 1]] : []),
      ['tool-fails', undefined, undefined, 1],
      ['tool-loop', 'forecaster', undefined, 1],
    ]);
    expect(counts('gen_ai.invoke_agent.inference_calls')).toEqual([
      ['', tellsItself ? 4 : 3, tellsItself ? 7 : 5],
      ['asker', 1, 2],
      ['forecaster', 1, 2],
      ['travel', 1, 2],
    ]);
    const tools = receiver
      .points('gen_ai.execute_tool.duration', { 'gen_ai.tool.name': 'weather', 'gen_ai.tool.type': 'function' })
      .map(({ attributes, count }) => [attributes['gen_ai.agent.name'] ?? '', attributes['error.type'] ?? '', count])
      .sort();
    if (!tellsItself) {
      expect([...counts('gen_ai.invoke_agent.tool_calls'), ...tools]).toEqual([]);
      return;
    }
    expect(counts('gen_ai.invoke_agent.tool_calls')).toEqual([
      ['', 4, 3],
      ['asker', 1, 1],
      ['forecaster', 1, 1],
      ['travel', 1, 1],
    ]);
    expect(tools).toEqual([
      ['', '', 2],
      ['', 'RangeError', 1],
      ['asker', '', 1],
      ['forecaster', '', 1],
      ['travel', '', 1],
    ]);
  });

  it('leaves nothing in flight, and tells which version it has met', () => {
    expect(receiver.points('gaugeway.model.active').filter(({ value }) => value !== 0)).toEqual([]);
    expect(receiver.points('gaugeway.self.dropped').filter(({ value }) => value !== 0)).toEqual([]);
    const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules', row.alias, 'package.json'), 'utf8'));
    expect(
      receiver
        .points('gaugeway.self.hooks', { 'gaugeway.hook.name': 'ai' })
        .map(({ attributes }) => [attributes['gaugeway.hook.version'], attributes['gaugeway.hook.state']]),
    ).toEqual([[version, 'active']]);
  });
});

describe.each(OLDER)('$alias', ({ alias, provider }) => {
  it('has its own spans where the application asks for them, and none of ours beside them', async () => {
    const source = `import { generateText } from 'ai';
      import { createOpenAI } from '${provider}';
      const model = createOpenAI({ apiKey: 'sk', baseURL: process.env.BASE_URL }).chat('whole');
      for (const isEnabled of [true, false]) {
        await generateText({ model, prompt: 'Hi', experimental_telemetry: { isEnabled } });
      }`;
    const file = writeAppWith(alias, 'ai', source, '.mjs');
    receiver.reset();
    const env = { BASE_URL: `${mock.url}/v1`, GAUGEWAY_MODEL_ENDPOINTS: `openai=${mock.url}`, ...receiver.env };
    const end = await runApp({ file, flags: REGISTER, env });
    rmSync(dirname(file), { recursive: true, force: true });
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(receiver.spans.map(({ name }) => name).sort()).toEqual([
      'ai.generateText',
      'ai.generateText.doGenerate',
      'chat whole',
    ]);
    expect(receiver.total(CALLS, { [MODEL]: 'whole' })).toBe(2);
  });
});

it.each([AI_7, ...OLDER])('is the call of the application that it was started in: $alias', async (sdk) => {
  const source = `import { streamText } from 'ai';
    import { createOpenAI } from '${sdk.provider}';
    import { modelCalls } from 'gaugeway';
    const model = createOpenAI({ apiKey: 'k', baseURL: process.env.BASE_URL }).chat('lazy');
    const result = modelCalls.run({ provider: 'openai', model: 'lazy' }, () => streamText({ model, prompt: 'Hi' }));
    for await (const _ of result.textStream);`;
  const file = writeAppWith(sdk.alias, 'ai', source, '.mjs');
  receiver.reset();
  const env = { BASE_URL: `${mock.url}/v1`, GAUGEWAY_MODEL_ENDPOINTS: `openai=${mock.url}`, ...receiver.env };
  const end = await runApp({ file, flags: REGISTER, env });
  rmSync(dirname(file), { recursive: true, force: true });
  expect(end).toMatchObject({ code: 0, stderr: '' });
  expect(receiver.spans).toMatchObject([{ name: 'chat lazy', attributes: { 'gaugeway.outcome': 'success' } }]);
  expect(receiver.points(CALLS, { [MODEL]: 'lazy' })).toMatchObject([{ count: 1 }]);
});

it.each(OLDER)('leaves nothing on a signal that outlives the streams which failed: $alias', async ({ alias }) => {
  const source = `import { getEventListeners } from 'node:events';
    import { streamText } from 'ai';
    class Failing {
      supportedUrls = {}; provider = 'mine'; modelId = 'mine'; specificationVersion = '${alias === 'ai-5' ? 'v2' : 'v3'}';
      async doStream() { throw new TypeError('mine'); }
    }
    const { signal } = new AbortController();
    for (let call = 0; call < 12; call++) {
      await streamText({ model: new Failing(), prompt: 'Hi', abortSignal: signal, onError() {} }).consumeStream({ onError() {} });
    }
    console.log(getEventListeners(signal, 'abort').length);`;
  const file = writeAppWith(alias, 'ai', source, '.mjs');
  receiver.reset();
  const end = await runApp({ file, flags: REGISTER, env: receiver.env });
  rmSync(dirname(file), { recursive: true, force: true });
  expect(end).toMatchObject({ code: 0, stdout: '0\n', stderr: '' });
  expect(receiver.total(CALLS, { [MODEL]: 'mine' })).toBe(12);
});

it.each([AI_7, ...OLDER])('tells of models of the gateway, which the wire does not know: $alias', async ({ alias }) => {
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
  const file = writeAppWith(alias, 'ai', source, '.mjs');
  receiver.reset();
  const end = await runApp({ file, flags: REGISTER, env: { AI_GATEWAY_API_KEY: 'x', ...receiver.env } });
  rmSync(dirname(file), { recursive: true, force: true });
  expect(end).toMatchObject({ code: 0, stdout: 'Hi 2\nHi 2\n', stderr: '' });
  const model = { [MODEL]: 'openai/gpt-5', 'gen_ai.provider.name': 'vercel_ai_gateway' };
  expect(receiver.points(CALLS, model)).toMatchObject([{ count: 2 }]);
  expect(receiver.points(CALLS)).toHaveLength(1);
  expect(receiver.points('gen_ai.client.token.usage', { ...model, 'gen_ai.token.type': 'input' })).toMatchObject([
    { count: 2, sum: 24 },
  ]);
  expect(receiver.total('gen_ai.invoke_agent.duration', { [MODEL]: 'openai/gpt-5' })).toBe(1);
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
  receiver.reset();
  const env = { BASE_URL: `${mock.url}/v1`, GAUGEWAY_MODEL_ENDPOINTS: `openai=${mock.url}`, ...receiver.env };
  const end = await runApp({ file, flags: REGISTER, env });
  rmSync(dirname(file), { recursive: true, force: true });
  expect(end).toMatchObject({ code: 0, stdout: 'word word word word \n' });
  expect(receiver.total(CALLS, { [MODEL]: 'second-try' })).toBe(1);
  expect(receiver.total(ATTEMPTS, { [MODEL]: 'second-try' })).toBe(2);
  expect(receiver.total('gen_ai.invoke_agent.duration', { [MODEL]: 'tool-loop' })).toBe(1);
  expect(receiver.total('gen_ai.execute_tool.duration', { 'gen_ai.tool.name': 'weather' })).toBe(1);
});
