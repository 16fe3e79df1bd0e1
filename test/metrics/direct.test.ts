import { afterAll, afterEach, expect, it } from 'vitest';
import { catalogue } from '../../src/catalogue/index.ts';
import { startReceiver } from '../helpers/receiver.ts';
import { NODES, runApp } from '../helpers/run-app.ts';

const receiver = await startReceiver();
afterEach(() => receiver.reset());
afterAll(() => receiver.close());

const DURATION = 'http.server.request.duration';

/** Answers one request, exports, answers two more, and ends. */
const app = (start: string): string => `
  ${start}
  const { default: express } = await import('express');
  const { createExpressMiddleware } = await import('gaugeway/http');
  const app = express();
  app.use(createExpressMiddleware());
  app.get('/users/:id', (request, response) => response.send('ok'));
  const server = app.listen(0, '127.0.0.1', async () => {
    const ask = async () => (await fetch('http://127.0.0.1:' + server.address().port + '/users/1')).text();
    await ask();
    await handle.flush();
    await ask();
    await ask();
    server.closeAllConnections();
    server.close();
  });`;
const SETUP = `import { setup } from 'gaugeway/setup';
  const handle = setup(`;

interface Exported {
  readonly resourceMetrics: readonly { readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[] }[];
}
interface Metric {
  readonly name: string;
  readonly histogram: {
    readonly dataPoints: readonly { readonly count: number | string; readonly explicitBounds: number[] }[];
  };
}

/** The points of each export. */
function exported() {
  return receiver.requests
    .filter(({ path }) => path === '/v1/metrics')
    .flatMap(({ body }) => (body as Exported).resourceMetrics)
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap(({ metrics }) => metrics)
    .filter(({ name }) => name === DURATION)
    .flatMap(({ histogram }) => histogram.dataPoints)
    .map(({ count, explicitBounds }) => ({ count: Number(count), explicitBounds }));
}

it.each([
  ['cumulative', [1, 3]],
  ['delta', [1, 2]],
] as const)(
  'durations of requests are exported with %s temporality, by the threshold too',
  async (temporality, counts) => {
    const env = {
      ...receiver.env,
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: temporality,
      PERF_API_LATENCY_MS: '123456',
    };
    const end = await runApp({ source: app(`${SETUP});`), env });
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(exported().map(({ count }) => count)).toEqual(counts);
    expect(exported()[0]?.explicitBounds).toEqual([...catalogue.httpServerRequestDuration.buckets, 123.456]);
  },
);

it.each(NODES)('durations of requests are exported on Node %s', async (node) => {
  const env = { ...receiver.env, PERF_API_LATENCY_MS: '123456' };
  const end = await runApp({ node, source: app(`${SETUP});`), env });
  expect(end).toMatchObject({ code: 0, stderr: '' });
  expect(exported().at(-1)?.count).toBe(3);
});

it('a view of the application for them is honoured', async () => {
  const views = `[{ instrumentName: '${DURATION}', aggregation: { type: 4, options: { boundaries: [7] } } }]`;
  const env = { ...receiver.env, PERF_API_LATENCY_MS: '123456' };
  const end = await runApp({ source: app(`${SETUP}{ views: ${views} });`), env });
  expect(end).toMatchObject({ code: 0, stderr: '' });
  expect(exported().at(-1)).toEqual({ count: 3, explicitBounds: [7] });
});

it('a reader of the application has them', async () => {
  const reader = `
    import { AggregationTemporality, InMemoryMetricExporter, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    process.on('exit', () => {
      const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics).flatMap(({ metrics }) => metrics);
      console.log(all.findLast(({ descriptor }) => descriptor.name === '${DURATION}')?.dataPoints[0].value.count);
    });`;
  const options = '{ metricReaders: [new PeriodicExportingMetricReader({ exporter })] }';
  const env = { ...receiver.env, PERF_API_LATENCY_MS: '123456' };
  const end = await runApp({ source: app(`${reader}\n${SETUP}${options});`), env });
  expect(end).toMatchObject({ code: 0, stderr: '', stdout: '3\n' });
  expect(exported().at(-1)?.count).toBe(3);
});
