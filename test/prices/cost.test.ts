import { calcPrice } from '@pydantic/genai-prices';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ModelCall, type ModelCallResult, type ModelCallStart, modelCalls } from '../../src/index.ts';
import { createPricer } from '../../src/prices/pricer.ts';
import { usePricer } from '../../src/recorders/cost.ts';
import { type Recording, startRecording } from '../recorders/recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => {
  usePricer(undefined);
  recording.stop();
});

const USAGE = { input: 1_000_000, output: 500_000 };

function finished(start: Partial<ModelCallStart>, result: ModelCallResult): ModelCall {
  modelCalls.start({ provider: 'openai', model: 'gpt-4o', ...start }).end(result);
  return recording.observations.filter((o) => o.kind === 'model_call').at(-1) as ModelCall;
}

it.each([
  ['openai', 'openai', 'gpt-4o-2024-08-06'],
  ['anthropic', 'anthropic', 'claude-sonnet-4-5-20250929'],
  ['gcp.gemini', 'google', 'gemini-2.5-flash'],
  ['gcp.vertex_ai', 'google', 'gemini-2.5-flash'],
  ['azure.ai.openai', 'azure', 'gpt-4o'],
  ['mistral_ai', 'mistral', 'mistral-large-latest'],
  ['x_ai', 'x-ai', 'grok-4'],
  ['groq', 'groq', 'llama-3.3-70b-versatile'],
  ['deepseek', 'deepseek', 'deepseek-chat'],
])('a call of %s costs what the list says', (provider, providerId, model) => {
  usePricer(createPricer({}));
  const call = finished({ provider, model }, { model, usage: USAGE });
  const listed = calcPrice({ input_tokens: USAGE.input, output_tokens: USAGE.output }, model, { providerId });
  expect(call.cost).toBeGreaterThan(0);
  expect(call.cost).toBeCloseTo(listed?.total_price as number, 12);
  expect(call.unpriced).toBeUndefined();
});

it.each([
  ['openai', 'openai', 'gpt-5'],
  ['anthropic', 'anthropic', 'claude-sonnet-4-5'],
  ['gcp.gemini', 'google', 'gemini-2.5-pro'],
  ['deepseek', 'deepseek', 'deepseek-chat'],
])('whatever a call of %s used, it costs what the list says', (provider, providerId, model) => {
  usePricer(createPricer({}));
  fc.assert(
    fc.property(
      fc.nat(600_000),
      fc.nat(100_000),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (input, output, share) => {
        const cacheRead = Math.floor(input * share);
        const call = finished({ provider, model }, { model, usage: { input, output, cacheRead } });
        const usage = { input_tokens: input, output_tokens: output, cache_read_tokens: cacheRead };
        const listed = calcPrice(usage, model, { providerId, timestamp: new Date(call.startTime) });
        expect(call.cost).toBeCloseTo(listed?.total_price as number, 9);
      },
    ),
    { numRuns: 300 },
  );
});

it('cached tokens cost what cached tokens cost', () => {
  usePricer(createPricer({}));
  const plain = finished({}, { usage: { input: 1_000_000, output: 0 } });
  const cached = finished({}, { usage: { input: 1_000_000, output: 0, cacheRead: 1_000_000 } });
  expect(plain.cost).toBe(2.5);
  expect(cached.cost).toBe(1.25);
});

it('the price of a model is looked for under the name that answered', () => {
  usePricer(createPricer({}));
  const call = finished({ provider: 'azure.ai.openai', model: 'my-deployment' }, { model: 'gpt-4o', usage: USAGE });
  expect(call.cost).toBe(7.5);
});

it.each([
  ['an unknown model', { model: 'gpt-9-turbo-preview' }],
  ['an unknown provider', { provider: 'custom' }],
  ['a provider that only sounds like a known one', { provider: 'my_openai' }],
])('%s has no price, which is counted', (_, start) => {
  usePricer(createPricer({}));
  expect(finished(start, { usage: USAGE })).toMatchObject({ unpriced: true });
  expect(finished(start, { usage: USAGE }).cost).toBeUndefined();
});

it.each([
  ['usage', {}],
  ['input', { usage: { output: 5 } }],
  ['output', { usage: { input: 5 } }],
])('without %s the cost is unknown, and nothing is wrong with the prices', (_, result) => {
  usePricer(createPricer({}));
  const call = finished({}, result);
  expect(call.cost).toBeUndefined();
  expect(call.unpriced).toBeUndefined();
});

it('embeddings have input alone', () => {
  usePricer(createPricer({}));
  const call = finished(
    { operation: 'embeddings', model: 'text-embedding-3-small' },
    { usage: { input: 1_000_000, total: 1_000_000 } },
  );
  expect(call.cost).toBe(0.02);
});

it('prices of the application come first, by provider and model or by model', () => {
  usePricer(
    createPricer({
      'openai/gpt-4o': { input: 1, output: 2, cacheRead: 0.5, cacheWrite: 4 },
      'my-model': { input: 10, output: 0 },
    }),
  );
  const usage = { input: 3_000_000, output: 1_000_000, cacheRead: 1_000_000, cacheWrite: 1_000_000 };
  expect(finished({}, { usage }).cost).toBe(1 + 0.5 + 4 + 2);
  expect(finished({ provider: 'custom', model: 'my-model' }, { usage }).cost).toBe(30);
  expect(finished({ provider: 'custom', model: 'my-model' }, { model: 'what-answered', usage }).cost).toBe(30);
});

it('each exchange of a call is priced by the model that answered it', () => {
  usePricer(createPricer({}));
  modelCalls.run({ provider: 'openai', model: 'gpt-4o' }, (call) => {
    for (const model of ['gpt-4o', 'gpt-4o-mini']) {
      const attempt = modelCalls.attempt({ provider: 'openai', model, context: call.context });
      attempt.finish(undefined, { model, usage: USAGE, statusCode: 200 });
    }
    call.end();
  });
  const [call] = recording.observations.filter((o) => o.kind === 'model_call');
  expect(call?.usage).toMatchObject({ input: 2_000_000, output: 1_000_000 });
  expect(call?.cost).toBeCloseTo(7.5 + 0.45, 10);
});

it('a call of which one exchange has no price has none', () => {
  usePricer(createPricer({}));
  modelCalls.run({ provider: 'openai', model: 'gpt-4o' }, (call) => {
    for (const model of ['gpt-4o', 'gpt-9']) {
      const attempt = modelCalls.attempt({ provider: 'openai', model, context: call.context });
      attempt.finish(undefined, { model, usage: USAGE, statusCode: 200 });
    }
    call.end();
  });
  const [call] = recording.observations.filter((o) => o.kind === 'model_call');
  expect(call?.cost).toBeUndefined();
  expect(call?.unpriced).toBe(true);
});

it('a cache that stays for an hour costs what it does', () => {
  usePricer(createPricer({}));
  const start = { provider: 'anthropic', model: 'claude-sonnet-4-5' };
  const cost = (cacheWriteHour: number) =>
    finished(start, { usage: { input: 100_000, output: 0, cacheWrite: 100_000, cacheWriteHour } }).cost;
  expect(cost(0)).toBeCloseTo(0.375, 10);
  expect(cost(100_000)).toBeCloseTo(0.6, 10);
});

it.each(['flex', 'priority', 'batch', 'scale'])('the class of service %s has a price that nobody knows', (tier) => {
  usePricer(createPricer({ 'my-model': { input: 1, output: 1 } }));
  for (const model of ['gpt-4o', 'my-model']) {
    expect(finished({ model }, { usage: USAGE, serviceTier: tier })).toMatchObject({
      unpriced: true,
      serviceTier: tier,
    });
  }
});

it('audio is not priced as text', () => {
  usePricer(createPricer({ 'my-model': { input: 1, output: 1 } }));
  for (const model of ['gpt-4o', 'my-model']) {
    const call = finished({ model }, { serviceTier: 'default', usage: { ...USAGE, audioInput: 5 } });
    expect(call.cost).toBeUndefined();
    expect(call.unpriced).toBe(true);
  }
});

it('what is inherited by every object is no model', () => {
  usePricer(createPricer({}));
  expect(finished({ provider: 'custom', model: 'constructor' }, { usage: USAGE }).unpriced).toBe(true);
});

it('nothing costs anything where no prices are used', () => {
  const call = finished({}, { usage: USAGE });
  expect(call.cost).toBeUndefined();
  expect(call.unpriced).toBeUndefined();
});

it('the cost is on the span', () => {
  usePricer(createPricer({}));
  finished({}, { usage: USAGE });
  expect(recording.spans()[0]?.attributes['gaugeway.model.cost']).toBe(7.5);
});
