import { createRequire } from 'node:module';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LedgerEntry } from '../../examples/mock-provider/index.ts';
import { type Application, startApplication } from './application.ts';
import { scrape } from './exposition.ts';
import { type Providers, startProviders } from './providers.ts';
import { COLLECTOR_CONFIG, type Collector, freePorts, startCollector, waitFor } from './servers/index.ts';

const require = createRequire(import.meta.url);
/** A published bundle of one file: nothing in it is a module that a load hook could see. */
const PORTKEY = join(require.resolve('@portkey-ai/gateway/package.json'), '../build/start-server.js');
const messages = [{ role: 'user' as const, content: 'The recipe is secret' }];

describe("Portkey's gateway with our flag", () => {
  let providers: Providers;
  let collector: Collector;
  let portkey: Application;
  let gatewayUrl: string;

  beforeAll(async () => {
    providers = await startProviders();
    collector = await startCollector(COLLECTOR_CONFIG);
    const { port } = await freePorts(['port']);
    gatewayUrl = `http://127.0.0.1:${port}`;
    portkey = await startApplication({
      file: PORTKEY,
      args: [`--port=${port}`, '--headless'],
      env: { ...providers.env, OTEL_SERVICE_NAME: 'portkey', OTEL_EXPORTER_OTLP_ENDPOINT: collector.otlpUrl },
      readyUrl: gatewayUrl,
    });
  });

  afterAll(async () => {
    await portkey?.stop();
    await collector?.stop();
    await providers?.close();
  });

  /** What an application does that talks to Portkey: OpenAI's SDK, whatever the provider behind. */
  function clientFor(provider: 'openai' | 'anthropic', behaviour: object): OpenAI {
    return new OpenAI({
      baseURL: `${gatewayUrl}/v1`,
      apiKey: 'none',
      maxRetries: 0,
      defaultHeaders: {
        'x-portkey-provider': provider,
        'x-portkey-custom-host': `${providers[provider].url}/v1`,
        'x-portkey-forward-headers': 'x-mock-behaviour',
        'x-mock-behaviour': JSON.stringify(behaviour),
      },
    });
  }

  async function streamedText(client: OpenAI, model: string): Promise<{ text: string; chunks: number }> {
    const stream = await client.chat.completions.create({
      model,
      messages,
      max_tokens: 100,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let chunks = 0;
    for await (const { choices } of stream) {
      text += choices[0]?.delta.content ?? '';
      chunks++;
    }
    return { text, chunks };
  }

  /** What the Collector publishes of one model, once it has seen so many calls and another export after them. */
  async function numbersOf(model: string, calls: number) {
    let reached = 0;
    return waitFor(`${calls} calls of ${model} in the Collector`, async () => {
      const own = (await scrape(collector.metricsUrl)).filter(
        ({ labels }) => labels.job === 'portkey' && labels.gen_ai_request_model === model,
      );
      const sum = (name: string, match: Record<string, string> = {}) =>
        own
          .filter((sample) => sample.name === name)
          .filter(({ labels }) => Object.entries(match).every(([key, value]) => labels[key] === value))
          .reduce((total, { value }) => total + value, 0);
      const count = sum('gen_ai_client_operation_duration_seconds_count');
      if (count < calls || ++reached < 8) return undefined;
      return {
        providers: [...new Set(own.map(({ labels }) => labels.gen_ai_provider_name))],
        calls: count,
        errors: sum('gaugeway_model_errors_total'),
        input: sum('gen_ai_client_token_usage_sum', { gen_ai_token_type: 'input' }),
        output: sum('gen_ai_client_token_usage_sum', { gen_ai_token_type: 'output' }),
        streamed: sum('gen_ai_client_operation_time_to_first_chunk_seconds_count'),
      };
    });
  }

  const truthOf = ({ requests, errors, reportedInputTokens, reportedOutputTokens }: LedgerEntry) => ({
    calls: requests,
    errors: Object.values(errors).reduce((total, count) => total + count, 0),
    input: reportedInputTokens,
    output: reportedOutputTokens,
  });

  test('answers are measured with their true numbers', async () => {
    for (const promptTokens of [100, 23]) {
      const client = clientFor('openai', { promptTokens, completionTokens: 7, deltaText: 'word ' });
      const { choices } = await client.chat.completions.create({ model: 'gpt-4o-mini', messages });
      expect(choices[0]?.message.content).toBe('word word word word word ');
    }
    const truth = truthOf(providers.openai.ledger['gpt-4o-mini'] as LedgerEntry);
    expect(truth).toEqual({ calls: 2, errors: 0, input: 123, output: 14 });
    expect(await numbersOf('gpt-4o-mini', 2)).toEqual({ ...truth, providers: ['openai'], streamed: 0 });
  });

  test('streams pass through untouched and are measured with their true numbers', async () => {
    const behaviour = { promptTokens: 41, completionTokens: 12, chunks: 12, chunkDelayMs: 2 };
    const { text, chunks } = await streamedText(clientFor('openai', behaviour), 'gpt-4o');
    expect(text).toBe('word '.repeat(12));
    expect(chunks).toBeGreaterThanOrEqual(12);
    const truth = truthOf(providers.openai.ledger['gpt-4o'] as LedgerEntry);
    expect(truth).toEqual({ calls: 1, errors: 0, input: 41, output: 12 });
    expect(await numbersOf('gpt-4o', 1)).toEqual({ ...truth, providers: ['openai'], streamed: 1 });
  });

  test('a provider behind a translation is measured as what it is', async () => {
    const client = clientFor('anthropic', { promptTokens: 30, completionTokens: 8, cachedTokens: 10 });
    expect((await streamedText(client, 'claude-sonnet-4-5')).text).toBe('word '.repeat(5));
    await client.chat.completions.create({ model: 'claude-sonnet-4-5', messages, max_tokens: 100 });
    const truth = truthOf(providers.anthropic.ledger['claude-sonnet-4-5'] as LedgerEntry);
    expect(truth).toEqual({ calls: 2, errors: 0, input: 60, output: 16 });
    expect(await numbersOf('claude-sonnet-4-5', 2)).toEqual({ ...truth, providers: ['anthropic'], streamed: 1 });
  });

  test('a refusal reaches the caller and is counted', async () => {
    const client = clientFor('openai', { status: 500 });
    await expect(client.chat.completions.create({ model: 'gpt-4.1', messages })).rejects.toMatchObject({ status: 500 });
    const truth = truthOf(providers.openai.ledger['gpt-4.1'] as LedgerEntry);
    expect(truth).toEqual({ calls: 1, errors: 1, input: 0, output: 0 });
    expect(await numbersOf('gpt-4.1', 1)).toEqual({ ...truth, providers: ['openai'], streamed: 0 });
  });

  test('nothing of ours is on its output, and it ends as it would without us', async () => {
    expect(portkey.stdout()).not.toMatch(/gaugeway|opentelemetry/i);
    expect(portkey.stderr()).not.toMatch(/gaugeway|opentelemetry/i);
    expect(await portkey.stop()).toEqual({ code: null, signal: 'SIGTERM' });
  });
});
