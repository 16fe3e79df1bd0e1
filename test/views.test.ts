import {
  AggregationTemporality,
  InMemoryMetricExporter,
  InstrumentType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics';
import { expect, it } from 'vitest';
import { noAttributes } from '../src/attribute-sets.ts';
import { catalogue, type InstrumentSpec } from '../src/catalogue/index.ts';
import { createInstruments } from '../src/instruments.ts';
import { SeriesStore } from '../src/series-store.ts';
import { VERSION } from '../src/version.ts';
import { createViews } from '../src/views.ts';

const NAME = 'gen_ai.client.operation.duration';
const BOUNDARIES = catalogue.operationDuration.buckets;

/** What one record of 1.5 s becomes under the user's views. */
async function pointOf(userViews: ViewOptions[]) {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 });
  const provider = new MeterProvider({ readers: [reader], views: createViews(userViews) });
  const instruments = createInstruments(provider.getMeter('gaugeway', VERSION), ['v1.41'], new SeriesStore());
  instruments
    .with(
      'operationDuration',
      noAttributes(10)
        .with('gen_ai.operation.name', 'chat')
        .with('user.id' as 'error.type', 'u1'),
    )
    .record(1.5);
  await provider.forceFlush();
  const found = exporter.getMetrics()[0]?.scopeMetrics.flatMap(({ metrics }) => metrics) ?? [];
  await provider.shutdown();
  return found.map(({ descriptor, dataPoints }) => {
    const point = dataPoints[0];
    const value = point?.value as { count: number; buckets: { boundaries: number[] } };
    return {
      name: descriptor.name,
      points: dataPoints.length,
      count: value.count,
      boundaries: value.buckets?.boundaries,
      attributes: point?.attributes,
    };
  });
}

it('our views give our boundaries, and drop attributes that no row names', async () => {
  expect(await pointOf([])).toEqual([
    { name: NAME, points: 1, count: 1, boundaries: BOUNDARIES, attributes: { 'gen_ai.operation.name': 'chat' } },
  ]);
});

const MINE = { aggregation: { type: 4 as const, options: { boundaries: [1, 2] } } };

it.each<[string, ViewOptions]>([
  ['by its name', { instrumentName: NAME, ...MINE }],
  ['by *', { instrumentName: '*', ...MINE }],
  ['by a wildcard', { instrumentName: 'gen_ai.*', ...MINE }],
  ['by a wildcard inside', { instrumentName: 'gen_ai.*.duration', ...MINE }],
  // The SDK takes only the first star for a wildcard; the second repeats the letter before it.
  ['by what the SDK makes of two wildcards', { instrumentName: 'gen_ai.*duration*', ...MINE }],
  ['by its type', { instrumentType: InstrumentType.HISTOGRAM, ...MINE }],
  ['by its unit', { instrumentUnit: 's', ...MINE }],
  ['by our meter', { meterName: 'gaugeway', ...MINE }],
  ['by our meter and its version', { meterName: 'gaugeway', meterVersion: VERSION, ...MINE }],
  ['by a schema, since our meter has none', { meterSchemaUrl: 'https://example.com', ...MINE }],
])("a view of the application's that matches %s takes the place of ours: counted once", async (_, view) => {
  const points = await pointOf([view]);
  expect(points.map(({ count, boundaries }) => ({ count, boundaries }))).toEqual([{ count: 1, boundaries: [1, 2] }]);
});

it.each<[string, ViewOptions]>([
  ['another name', { instrumentName: 'http.server.request.duration', ...MINE }],
  ['the name in capitals, since case counts', { instrumentName: NAME.toUpperCase(), ...MINE }],
  ['a name with dots for any letter', { instrumentName: 'gen_ai?client.operation.duration', ...MINE }],
  ['another type', { instrumentType: InstrumentType.COUNTER, ...MINE }],
  ['another unit', { instrumentUnit: 'ms', ...MINE }],
  ['another meter', { meterName: 'my-gateway', ...MINE }],
  ['another version of our meter', { meterName: 'gaugeway', meterVersion: '99.0.0', ...MINE }],
])('a view that selects %s leaves ours in place', async (_, view) => {
  const points = await pointOf([view]);
  expect(points.map(({ count, boundaries }) => ({ count, boundaries }))).toEqual([
    { count: 1, boundaries: BOUNDARIES },
  ]);
});

it('a view may rename one of our instruments', async () => {
  const [point, ...others] = await pointOf([{ instrumentName: NAME, name: 'mine' }]);
  expect([point?.name, point?.count, point?.boundaries, others]).toEqual(['mine', 1, BOUNDARIES, []]);
});

it('there is one view for each histogram that the SDK keeps', () => {
  const specs: InstrumentSpec[] = Object.values(catalogue);
  const histograms = specs
    .filter(({ kind, distributed }) => kind === 'histogram' && distributed !== true)
    .map(({ name }) => name);
  expect(createViews().map(({ instrumentName }) => instrumentName)).toEqual(histograms);
});
