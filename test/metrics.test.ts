import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricProducer,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { catalogue } from '../src/catalogue/index.ts';
import { createSeriesProducer } from '../src/export/series-producer.ts';
import { MetricsListener } from '../src/metrics.ts';
import type { ModelCall } from '../src/observations.ts';
import { observe } from '../src/observe.ts';
import type { GenAiProfile } from '../src/recorders/profiles.ts';
import { createViews } from '../src/views.ts';

const CALL: ModelCall = {
  kind: 'model_call',
  operation: 'chat',
  provider: 'openai',
  requestModel: 'gpt-4o',
  responseModel: 'gpt-4o-2024',
  serverAddress: 'api.openai.com',
  serverPort: 443,
  streaming: true,
  startTime: 0,
  durationMs: 2000,
  outcome: 'success',
  finishReasons: ['stop'],
  usage: { input: 100, output: 50, total: 150, cacheRead: 20 },
  timeToFirstChunkMs: 1000,
  longestStallMs: 30,
  attempts: 1,
};

interface Point {
  readonly attributes: Record<string, unknown>;
  readonly value: number | { count: number; sum: number; buckets: { boundaries: number[] } };
}

let exporter: InMemoryMetricExporter;
let provider: MeterProvider;
let stop = (): void => undefined;

function start(profiles: readonly GenAiProfile[] = ['v1.41'], maxAttributeValues = 200): MetricsListener {
  const listener = new MetricsListener({ profiles, maxAttributeValues });
  stop = observe(listener);
  return listener;
}

async function points(name: string): Promise<Point[]> {
  await provider.forceFlush();
  const all =
    exporter
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
  return (all.find((metric) => metric.descriptor.name === name)?.dataPoints ?? []) as Point[];
}

async function names(): Promise<string[]> {
  await provider.forceFlush();
  return (exporter.getMetrics().at(-1)?.scopeMetrics ?? []).flatMap((scope) =>
    scope.metrics.map((m) => m.descriptor.name),
  );
}

beforeEach(() => {
  exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  provider = new MeterProvider({ readers: [reader], views: createViews() });
  metrics.setGlobalMeterProvider(provider);
});
afterEach(async () => {
  stop();
  await provider.shutdown();
  metrics.disable();
});

describe('the metrics listener', () => {
  it('turns a call into the points of its instruments', async () => {
    start().observed(CALL);
    const base = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.response.model': 'gpt-4o-2024',
      'server.address': 'api.openai.com',
      'server.port': 443,
    };
    const [duration] = await points('gen_ai.client.operation.duration');
    expect(duration).toMatchObject({ attributes: base, value: { count: 1, sum: 2 } });
    expect(duration).toHaveProperty('value.buckets.boundaries', [...catalogue.operationDuration.buckets]);
    expect(await points('gen_ai.client.token.usage')).toMatchObject([
      { attributes: { ...base, 'gen_ai.token.type': 'input' }, value: { sum: 100 } },
      { attributes: { ...base, 'gen_ai.token.type': 'output' }, value: { sum: 50 } },
    ]);
    expect(await points('gaugeway.model.token_throughput')).toMatchObject([{ value: { sum: 75 } }]);
    expect(await points('gaugeway.model.output_speed')).toMatchObject([{ value: { sum: 50 } }]);
    expect(await points('gaugeway.model.errors')).toMatchObject([{ value: 0 }]);
  });

  it.each([
    [['v1.41'], ['gen_ai.client.operation.duration'], ['gen_ai.client.inference.duration']],
    [['latest'], ['gen_ai.client.inference.duration'], ['gen_ai.client.operation.duration']],
    [['v1.41', 'latest'], ['gen_ai.client.inference.duration', 'gen_ai.client.operation.duration'], []],
  ] as [GenAiProfile[], string[], string[]][])('writes the names of %s only', async (profiles, present, absent) => {
    start(profiles).observed(CALL);
    const written = await names();
    expect(written).toEqual(expect.arrayContaining(present));
    for (const name of absent) expect(written).not.toContain(name);
  });

  it('reports no tokens, speed or throughput of a call whose usage is unknown', async () => {
    const { usage: _usage, ...unknown } = CALL;
    start(['v1.41', 'latest']).observed(unknown);
    expect((await names()).filter((name) => /token|speed|throughput/.test(name))).toEqual([]);
  });

  it('splits tokens by what they are made of, and calls unknown what nobody explains', async () => {
    const listener = start(['v1.41', 'latest']);
    const kinds = { textInput: 40, audioInput: 50, imageInput: 0, audioOutput: 50 };
    listener.observed({ ...CALL, usage: { input: 100, output: 50, total: 150, ...kinds } });
    const byKind = async (name: string) =>
      Object.fromEntries((await points(name)).map((p) => [p.attributes['gen_ai.token.modality'], p.value]));
    expect(await byKind('gen_ai.client.inference.usage.input_tokens')).toEqual({ text: 40, audio: 50, unknown: 10 });
    expect(await byKind('gen_ai.client.inference.usage.output_tokens')).toEqual({ audio: 50 });
    expect(await points('gen_ai.client.token.usage')).toMatchObject([{ value: { sum: 100 } }, { value: { sum: 50 } }]);
  });

  it('reports no speed of a stream that came in one piece', async () => {
    start().observed({ ...CALL, longestStallMs: undefined });
    const written = await names();
    expect(written).toContain('gaugeway.model.token_throughput');
    expect(written).not.toContain('gaugeway.model.output_speed');
  });

  it('counts retries by what they followed, the time before them, and fallbacks by where they went', async () => {
    const { usage: _usage, finishReasons: _reasons, attempts: _attempts, ...target } = CALL;
    const listener = start();
    listener.observed({ ...target, kind: 'model_attempt', number: 1, retryOf: '429', backoffMs: 500 });
    listener.observed({ ...target, kind: 'model_attempt', number: 0 });
    const [from, to] = [{ provider: 'openai', requestModel: 'gpt-4o' }, { provider: 'anthropic' }];
    listener.observed({ ...CALL, fallbacks: [{ from, to }] });
    expect(await points('gaugeway.model.retries')).toMatchObject([{ attributes: { 'error.type': '429' }, value: 1 }]);
    expect(await points('gaugeway.model.backoff_time')).toMatchObject([{ value: { count: 1, sum: 0.5 } }]);
    const route = { 'gaugeway.fallback.from': 'openai/gpt-4o', 'gaugeway.fallback.to': 'anthropic' };
    expect(await points('gaugeway.model.fallbacks')).toMatchObject([{ attributes: route, value: 1 }]);
  });

  it('tells the time of each chunk after the first, once to each reader', async () => {
    const listener = start(['v1.41', 'latest']);
    const gaps = { counts: [3, 1, ...new Array(13).fill(0)], sum: 0.032, min: 0.001, max: 0.015 };
    for (let i = 0; i < 2; i++) listener.observed({ ...CALL, chunkGaps: gaps });
    const cumulative = createSeriesProducer(listener.series);
    const delta = createSeriesProducer(listener.series, AggregationTemporality.DELTA);
    const collect = async (producer: MetricProducer) =>
      (await producer.collect()).resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
    const first = await collect(cumulative);
    expect(first.map(({ descriptor }) => descriptor.name)).toEqual([
      'gen_ai.client.operation.time_per_output_chunk',
      'gen_ai.client.inference.time_per_output_chunk',
    ]);
    expect(first[0]?.dataPoints).toMatchObject([
      {
        attributes: { 'gen_ai.request.model': 'gpt-4o', 'server.port': 443 },
        value: { count: 8, sum: 0.064, min: 0.001, max: 0.015, buckets: { counts: [6, 2, ...new Array(13).fill(0)] } },
      },
    ]);
    expect(first[0]?.dataPoints[0]).toHaveProperty('value.buckets.boundaries', [
      ...catalogue.operationTimePerOutputChunk.buckets,
    ]);
    expect((await collect(delta))[0]?.dataPoints).toMatchObject([{ value: { count: 8, sum: 0.064 } }]);
    expect(await collect(delta)).toEqual([]);
    listener.observed({ ...CALL, chunkGaps: gaps });
    expect((await collect(delta))[0]?.dataPoints).toMatchObject([{ value: { count: 4, sum: expect.closeTo(0.032) } }]);
    expect((await collect(cumulative))[0]?.dataPoints).toMatchObject([{ value: { count: 12 } }]);
  });

  it('bounds the series of distributions as the SDK does', async () => {
    const listener = start(['v1.41'], 5000);
    const gaps = { counts: [1], sum: 0.001, min: 0.001, max: 0.001 };
    for (let i = 0; i < 2100; i++) listener.observed({ ...CALL, requestModel: `m${i}`, chunkGaps: gaps });
    const { resourceMetrics } = await createSeriesProducer(listener.series).collect();
    const dataPoints = resourceMetrics.scopeMetrics[0]?.metrics[0]?.dataPoints ?? [];
    expect(dataPoints).toHaveLength(2000);
    expect(dataPoints.at(-1)).toMatchObject({ attributes: { 'otel.metric.overflow': true }, value: { count: 101 } });
  });

  it('counts every call, however many sets of attributes there are, and what runs falls back to 0', async () => {
    const listener = start(['v1.41'], 200);
    for (let i = 0; i < 14_000; i++) {
      const call = { ...CALL, requestModel: `m${i % 120}`, serverAddress: `host-${Math.floor(i / 120)}` };
      listener.started(call);
      listener.observed(call);
      listener.ended(call);
    }
    const durations = await points('gen_ai.client.operation.duration');
    expect(durations.reduce((sum, { value }) => sum + (value as { count: number }).count, 0)).toBe(14_000);
    const active = await points('gaugeway.model.active');
    expect(active.map(({ value }) => value)).toEqual(new Array(120).fill(0));
  });

  it('marks a failure on its duration and counts it for alerts, but not what the caller stopped', async () => {
    const listener = start();
    const { usage: _usage, ...failed } = CALL;
    listener.observed({ ...failed, outcome: 'error', errorType: 'rate_limit_exceeded' });
    listener.observed({ ...failed, outcome: 'aborted', errorType: 'aborted' });
    expect((await points('gen_ai.client.operation.duration')).map((p) => p.attributes['error.type'])).toEqual([
      'rate_limit_exceeded',
      'aborted',
    ]);
    expect(await points('gaugeway.model.errors')).toMatchObject([{ value: 1 }]);
  });

  it('bounds the models that it has seen', async () => {
    const listener = start(['v1.41'], 3);
    for (let i = 0; i < 10; i++) listener.observed({ ...CALL, requestModel: `m${i}` });
    const models = (await points('gaugeway.model.errors')).map((p) => p.attributes['gen_ai.request.model']);
    expect(models).toEqual(['m0', 'm1', 'm2', 'other']);
    const dropped = await points('gaugeway.self.dropped');
    expect(dropped).toMatchObject([{ attributes: { 'gaugeway.drop.reason': 'series_limit' } }]);
  });

  it('refuses values that would poison a series', async () => {
    start().observed({ ...CALL, durationMs: Number.NaN, usage: { input: Number.POSITIVE_INFINITY } });
    expect(await points('gen_ai.client.operation.duration')).toEqual([]);
    expect(await points('gen_ai.client.token.usage')).toEqual([]);
    expect((await points('gaugeway.self.dropped'))[0]?.attributes).toEqual({ 'gaugeway.drop.reason': 'invalid_value' });
  });

  it('follows a provider that is set after it', async () => {
    metrics.disable();
    const listener = start();
    listener.observed(CALL);
    metrics.setGlobalMeterProvider(provider);
    listener.observed(CALL);
    expect(await points('gen_ai.client.operation.duration')).toMatchObject([{ value: { count: 1 } }]);
  });

  it('carries what runs over to a provider that is set while it runs', async () => {
    metrics.disable();
    const listener = start();
    const [first, second] = [0, 1].map((startTime) => ({ ...CALL, startTime }) as const);
    listener.started(first as ModelCall);
    listener.started(second as ModelCall);
    metrics.setGlobalMeterProvider(provider);
    listener.ended(first as ModelCall);
    expect(await points('gaugeway.model.active')).toMatchObject([{ value: 1 }]);
    listener.ended(second as ModelCall);
    expect(await points('gaugeway.model.active')).toMatchObject([{ value: 0 }]);
  });
});
