import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { temporalityOf } from '../../src/export/temporality.ts';
import { MetricsListener } from '../../src/metrics.ts';
import type { RateLimit } from '../../src/observations.ts';
import { observe } from '../../src/observe.ts';

class Reader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}

  async read(name: string): Promise<[attributes: unknown, value: unknown][]> {
    const { resourceMetrics } = await this.collect();
    return resourceMetrics.scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints }) => dataPoints.map(({ attributes, value }): [unknown, unknown] => [attributes, value]));
  }
}

const REMAINING = 'gaugeway.model.ratelimit.remaining';
const LIMIT = 'gaugeway.model.ratelimit.limit';
const TOLD: RateLimit = {
  kind: 'rate_limit',
  provider: 'openai',
  requestModel: 'gpt-5',
  serverAddress: 'api.openai.com',
  serverPort: 443,
  resource: 'tokens',
  limit: 1000,
  remaining: 990,
  resetMs: 500,
  time: 0,
};
const ATTRIBUTES = {
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-5',
  'server.address': 'api.openai.com',
  'server.port': 443,
  'gaugeway.ratelimit.resource': 'tokens',
};

let reader: Reader;
let listener: MetricsListener;
let stop: () => void;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  reader = new Reader({ aggregationTemporalitySelector: temporalityOf() });
  listener = new MetricsListener({ profiles: ['v1.41'], maxAttributeValues: 2 });
  listener.use(new MeterProvider({ readers: [reader] }));
  listener.start();
  stop = observe(listener);
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

it('the last answer tells what is left and what is allowed', async () => {
  listener.observed(TOLD);
  listener.observed({ ...TOLD, remaining: 980 });
  listener.observed({ ...TOLD, resource: 'requests', limit: undefined, remaining: 3 });
  expect(await reader.read(REMAINING)).toEqual([
    [ATTRIBUTES, 980],
    [{ ...ATTRIBUTES, 'gaugeway.ratelimit.resource': 'requests' }, 3],
  ]);
  expect(await reader.read(LIMIT)).toEqual([[ATTRIBUTES, 1000]]);
});

it('what was told two minutes ago is not reported any more, unless the limit has not been reset yet', async () => {
  listener.observed(TOLD);
  listener.observed({ ...TOLD, resource: 'requests', resetMs: 600_000 });
  listener.observed({ ...TOLD, resource: 'input_tokens', resetMs: 1e12 });
  const left = async (): Promise<unknown[]> =>
    (await reader.read(REMAINING)).map(
      ([attributes]) => (attributes as Record<string, unknown>)['gaugeway.ratelimit.resource'],
    );
  vi.advanceTimersByTime(119_000);
  expect(await left()).toEqual(['tokens', 'requests', 'input_tokens']);
  vi.advanceTimersByTime(2000);
  expect(await left()).toEqual(['requests', 'input_tokens']);
  vi.advanceTimersByTime(600_000);
  expect(await left()).toEqual(['input_tokens']);
  vi.advanceTimersByTime(86_400_000);
  expect(await left()).toEqual([]);
  expect(await reader.read(LIMIT)).toEqual([]);
});

it('models beyond the bound have no series, as one for all of them would tell of none', async () => {
  for (const requestModel of ['a', 'b', 'c', 'd']) listener.observed({ ...TOLD, requestModel });
  const models = (await reader.read(REMAINING)).map(
    ([attributes]) => (attributes as Record<string, unknown>)['gen_ai.request.model'],
  );
  expect(models).toEqual(['a', 'b']);
});
