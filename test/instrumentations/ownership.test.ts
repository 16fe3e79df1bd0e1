import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MockProvider, type MockProviderOptions, startMockProvider } from '../../examples/mock-provider/index.ts';
import { writeAppWith } from '../helpers/copies.ts';
import { type Receiver, startReceiver } from '../helpers/receiver.ts';
import { REGISTER, runApp } from '../helpers/run-app.ts';

const APPLICATION = 'test/fixtures/ownership/application.mjs';
const MODEL = 'gen_ai.request.model';
const OPERATION = 'gen_ai.operation.name';

/** The layers that come from packages: what the application calls them, their alias here and the name that hooks know. */
const LIBRARIES = [
  ['ai-7', 'ai', 'ai', '*'],
  ['ai-6', 'ai-6', 'ai', '*'],
  ['ai-5', 'ai-5', 'ai', '*'],
  ['openai-7', 'openai', 'openai', 'default'],
  ['openai-6', 'openai-6', 'openai', 'default'],
  ['openai-5', 'openai-5', 'openai', 'default'],
  ['anthropic', '@anthropic-ai/sdk', '@anthropic-ai/sdk', 'default'],
] as const;

const LAYERS = ['none', 'ai-5', 'ai-6', 'ai-7'].flatMap((ai) =>
  ['fetch', 'openai-7', 'openai-6', 'openai-5', 'anthropic'].flatMap((sender) =>
    ['silent', 'run', 'gateway'].map((telling) => ({ ai, sender, telling })),
  ),
);

let mock: MockProvider;
let anthropic: MockProvider;
let receiver: Receiver;
let loads: string[];
let libraries: string;
beforeAll(async () => {
  const tries = new Map<string, number>();
  const options: MockProviderOptions = {
    behaviour: ({ body, headers }) => {
      const { model = '' } = body as { model?: string };
      const key = `${headers['x-run']} ${model}`;
      const number = (tries.get(key) ?? 0) + 1;
      tries.set(key, number);
      if (model.endsWith('.retried') && number < 2) return { status: 503, retryAfterSeconds: 0.02 };
      if (model.endsWith('.aborted')) return { chunks: 500, chunkDelayMs: 20 };
      return model.endsWith('.failed') ? { status: 400 } : { chunks: 4, promptTokens: 12, completionTokens: 5 };
    },
  };
  [mock, anthropic] = await Promise.all([startMockProvider(options), startMockProvider(options)]);
  receiver = await startReceiver();
  const written = LIBRARIES.map(([layer, alias, name, what]) => {
    const source = what === '*' ? `export * as default from '${name}';\n` : `export { default } from '${name}';\n`;
    return [layer, writeAppWith(alias, name, source, '.mjs')] as const;
  });
  loads = written.map(([, file]) => file);
  libraries = JSON.stringify(Object.fromEntries(written.map(([layer, file]) => [layer, pathToFileURL(file).href])));
});
afterAll(async () => {
  for (const file of loads) rmSync(dirname(file), { recursive: true, force: true });
  await mock.close();
  await anthropic.close();
  await receiver.close();
});

/** What the layers make of one request. */
function expected({ ai, sender, telling }: (typeof LAYERS)[number], pattern: string) {
  const isFetch = sender === 'fetch';
  // Two requests of an application of which nothing says that they belong together are two calls.
  const isApart = isFetch && ai === 'none' && telling === 'silent' && pattern === 'retried';
  const isFailed = pattern === 'failed';
  // A failed answer is not tried again; what is sent by hand here is, by whoever wrote it.
  const attempts = pattern === 'retried' ? 2 : isFailed && isFetch ? 3 : 1;
  const calls = isApart || (isFailed && isFetch && ai === 'none' && telling === 'silent') ? attempts : 1;
  return { calls, attempts };
}

const RUNS = [
  { traces: 'sampled', node: '24', env: {} },
  { traces: 'sampled at 0 %', node: '22', env: { OTEL_TRACES_SAMPLER: 'always_off' } },
  { traces: 'off', node: '26', env: { OTEL_TRACES_EXPORTER: 'none' } },
] as const;

describe.each(RUNS)('with traces $traces, on Node $node', ({ traces, node, env }) => {
  let models: string[];

  it('changes nothing of what the application gets', async () => {
    const common = {
      GAUGEWAY_MAX_ATTRIBUTE_VALUES: '1000',
      BASE_URL: mock.url,
      ANTHROPIC_URL: anthropic.url,
      LIBRARIES: libraries,
      GAUGEWAY_MODEL_ENDPOINTS: `openai=${mock.url}/v1,anthropic=${anthropic.url}`,
    };
    receiver.reset();
    const [bare, measured] = await Promise.all([
      runApp({ node, file: APPLICATION, env: { ...common, RUN: `bare ${node}` } }),
      runApp({
        node,
        file: APPLICATION,
        flags: REGISTER,
        env: { ...common, ...receiver.env, ...env, RUN: `measured ${node}` },
      }),
    ]);
    expect(bare).toMatchObject({ code: 0, stderr: '' });
    expect(measured).toMatchObject({ code: 0, stderr: '' });
    const seen = JSON.parse(measured.stdout) as [string, unknown][];
    expect(seen).toEqual(JSON.parse(bare.stdout));
    models = seen.map(([model]) => model);
    expect(models).toHaveLength(LAYERS.length * 6);
  }, 120_000);

  it.each(['whole', 'retried', 'streamed', 'aborted', 'unread', 'failed'])(
    'is one operation with its attempts and its tokens, whatever the layers: %s',
    (pattern) => {
      const told = LAYERS.map((layers) => {
        const model = { [MODEL]: `${layers.ai}.${layers.sender}.${layers.telling}.${pattern}` };
        const [call] = receiver.points('gen_ai.client.operation.duration', model);
        const tokens = (type: string) =>
          receiver
            .points('gen_ai.client.token.usage', { ...model, 'gen_ai.token.type': type })
            .map(({ count, sum }) => [count, sum]);
        return {
          ...layers,
          calls: receiver.total('gen_ai.client.operation.duration', model),
          attempts: receiver.total('gaugeway.model.attempt.duration', model),
          provider: call?.attributes['gen_ai.provider.name'],
          operation: call?.attributes[OPERATION],
          input: tokens('input'),
          output: tokens('output'),
        };
      });
      expect(told).toEqual(
        LAYERS.map((layers) => {
          const answered = pattern !== 'aborted' && pattern !== 'failed';
          return {
            ...layers,
            ...expected(layers, pattern),
            provider: layers.sender === 'anthropic' ? 'anthropic' : 'openai',
            operation: 'chat',
            input: answered ? [[1, 12]] : expect.anything(),
            output: answered ? [[1, 5]] : expect.anything(),
          };
        }),
      );
    },
  );

  it('has one client span for each, and beside it that of an SDK which makes its own', () => {
    const told = LAYERS.map((layers) => {
      const model = `${layers.ai}.${layers.sender}.${layers.telling}.whole`;
      const spans = receiver.spans.filter(({ attributes }) => attributes[MODEL] === model);
      const own = spans.filter(({ scope }) => scope === 'gaugeway');
      return { ...layers, ours: own.length, theirs: spans.length - own.length, kinds: own.map(({ kind }) => kind) };
    });
    expect(told).toEqual(
      LAYERS.map((layers) => {
        const hasOwn = layers.sender === 'anthropic' && traces === 'sampled';
        const isInside = layers.ai !== 'none' || layers.telling !== 'silent';
        const ours = traces === 'sampled' && (!hasOwn || isInside) ? 1 : 0;
        return { ...layers, ours, theirs: hasOwn ? 1 : 0, kinds: Array(ours).fill(3) };
      }),
    );
  });

  it('leaves nothing in flight and drops nothing', () => {
    expect(receiver.points('gaugeway.model.active').filter(({ value }) => value !== 0)).toEqual([]);
    expect(receiver.points('gaugeway.self.dropped').filter(({ value }) => value !== 0)).toEqual([]);
  });
});
