import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  AggregationTemporality,
  AggregationType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { scrape, startEndpoint } from './endpoint.ts';

afterEach(() => vi.useRealTimers());

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapMegabytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1e6;
}

test('a reader that nobody scrapes does not pile up the intervals of another', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const endpoint = startEndpoint();
  const other = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(AggregationTemporality.DELTA),
    exportIntervalMillis: 3_600_000,
  });
  const boundaries = Array.from({ length: 15 }, (_, i) => i + 1);
  const provider = new MeterProvider({
    readers: [other, endpoint.reader],
    views: [
      {
        instrumentName: 'h',
        aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries } },
      },
    ],
  });
  onTestFinished(() => other.shutdown());
  const histogram = provider.getMeter('m').createHistogram('h');
  const intervals = 300;
  const run = async (count: number) => {
    for (let interval = 0; interval < count; interval++) {
      for (let series = 0; series < 200; series++) histogram.record(series % 20, { series });
      await other.collect();
      await vi.advanceTimersByTimeAsync(60_000);
    }
  };
  await run(10);
  const before = heapMegabytes();
  await run(intervals - 10);
  // Undrained it is more than 40.
  expect(heapMegabytes() - before).toBeLessThan(5);

  vi.useRealTimers();
  const text = await (await scrape(endpoint)).text();
  for (const series of [0, 7, 199]) {
    expect(text).toContain(`h_count{series="${series}",otel_scope_name="m"} ${intervals}\n`);
    expect(text).toContain(`h_sum{series="${series}",otel_scope_name="m"} ${intervals * (series % 20)}\n`);
  }
});

test('a reader that is scraped is not drained as well', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const endpoint = startEndpoint();
  const provider = new MeterProvider({ readers: [endpoint.reader] });
  const observe = vi.fn();
  provider.getMeter('m').createObservableGauge('g').addCallback(observe);
  for (let turn = 0; turn < 4; turn++) {
    await vi.advanceTimersByTimeAsync(45_000);
    await endpoint.reader.collect();
  }
  expect(observe).toHaveBeenCalledTimes(4);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(observe).toHaveBeenCalledTimes(6);
  await endpoint.reader.shutdown();
  expect(vi.getTimerCount()).toBe(0);
});
