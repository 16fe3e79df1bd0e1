import { type Attributes, ValueType } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType, type MetricProducer } from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withScrapes } from './scrapes.ts';

test('values that are no numbers do not break the scrape', () => {
  const point = (value: unknown, attributes: Attributes) => ({ startTime: [0, 0], endTime: [0, 0], value, attributes });
  const collected = {
    errors: [],
    resourceMetrics: {
      resource: resourceFromAttributes({}),
      scopeMetrics: [
        {
          scope: { name: 'foreign' },
          metrics: [
            {
              descriptor: { name: 'g', description: 1, unit: undefined, valueType: ValueType.DOUBLE },
              aggregationTemporality: AggregationTemporality.CUMULATIVE,
              dataPointType: DataPointType.GAUGE,
              dataPoints: [point(undefined, { n: 1 }), point('x', { n: 2 }), point(Number.NEGATIVE_INFINITY, { n: 3 })],
            },
          ],
        },
      ],
    },
  };
  const producer = { collect: async () => collected } as unknown as MetricProducer;
  return withScrapes(
    async (provider, scrape) => {
      const meter = provider.getMeter('m');
      meter.createCounter('c').add(Number.NaN);
      meter.createHistogram('h').record(Number.POSITIVE_INFINITY);
      const { series } = await scrape();
      expect(series).toMatchObject({ 'c_total{}': Number.NaN, 'h_sum{}': Number.POSITIVE_INFINITY });
      expect(series['g_undefined{n="3"}']).toBe(Number.NEGATIVE_INFINITY);
      expect(Object.keys(series).filter((name) => name.startsWith('g_'))).toHaveLength(1);
    },
    { metricProducers: [producer] },
  );
});

test('no name, unit, attribute or value breaks a scrape or loses a count', async () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
    fc.constantFrom('le', 'job', '__name__', 'a.b', 'a_b', '\n', '"', '\\', '\\n', '{', '\u0000', '\r'),
  );
  const anyValue = fc.oneof(anyText, fc.double(), fc.boolean(), fc.array(anyText), fc.constant(undefined));
  const anyAttributes = fc.dictionary(anyText, anyValue, { maxKeys: 5 });
  const anyInstrument = fc.record({
    kind: fc.constantFrom('counter', 'up-down', 'gauge', 'histogram'),
    name: fc.oneof(anyText, fc.constantFrom('a.b', 'a_b', 'a.b.count', 'a.total', 'valueOf', 'constructor')),
    unit: fc.oneof(anyText, fc.constantFrom('s', '1', 'By/s', '{x}')),
    description: anyText,
    scope: fc.oneof(anyText, fc.constantFrom('one', 'two')),
    points: fc.array(fc.tuple(fc.double(), anyAttributes), { maxLength: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(anyInstrument, { maxLength: 8 }), fc.array(anyAttributes), (instruments, counted) =>
      withScrapes(async (provider, scrape) => {
        const counter = provider.getMeter('counted').createCounter('counted.points');
        for (const attributes of counted) counter.add(1, attributes as Attributes);
        for (const { kind, name, unit, description, scope, points } of instruments) {
          const meter = provider.getMeter(scope);
          for (const [value, labels] of points) {
            const attributes = labels as Attributes;
            if (kind === 'counter') meter.createCounter(name, { unit, description }).add(Math.abs(value), attributes);
            if (kind === 'up-down') meter.createUpDownCounter(name, { unit, description }).add(value, attributes);
            if (kind === 'gauge') meter.createGauge(name, { unit, description }).record(value, attributes);
            if (kind === 'histogram') meter.createHistogram(name, { unit, description }).record(value, attributes);
          }
        }
        const { series } = await scrape();
        const total = Object.entries(series).filter(([name]) => name.startsWith('counted_points_total'));
        expect(total.reduce((sum, [, value]) => sum + value, 0)).toBe(counted.length);
      }),
    ),
    { numRuns: 150 },
  );
});
