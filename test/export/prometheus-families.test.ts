import { type Attributes, ValueType } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  AggregationType,
  DataPointType,
  MeterProvider,
  type MeterProviderOptions,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPrometheusReader } from '../../src/export/prometheus.ts';

interface Exposition {
  types: Record<string, string>;
  /** Value by series, as `name{a="b"}` with sorted labels and without those of the scope. */
  series: Record<string, number>;
}

/** Reads the text format and throws for everything that some consumer of it rejects. */
function parseStrictly(text: string): Exposition {
  // A family may be named like what every object has.
  const types: Record<string, string> = Object.create(null);
  const series: Record<string, number> = {};
  const seen = new Set<string>();
  let family = '';
  const fail = (line: string, why: string): never => {
    throw new Error(`${why}: ${line}`);
  };
  if (!text.endsWith('\n')) fail(text.slice(-80), 'the last line is not ended');
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/s.exec(line);
    if (comment) {
      const [, kind, name = '', rest = ''] = comment;
      if (name !== family) {
        if (kind !== 'HELP' || name in types) fail(line, 'a family appears twice or without HELP');
        family = name;
      } else if (kind !== 'TYPE' || name in types) fail(line, 'a second line for a family');
      if (kind === 'TYPE') types[name] = /^(counter|gauge|histogram)$/.test(rest) ? rest : fail(line, 'bad type');
      if (/\\(?![\\n])/.test(rest.replaceAll('\\\\', ''))) fail(line, 'bad escape');
      continue;
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/s.exec(line);
    if (!sample) return fail(line, 'not a sample');
    const [, name = '', inner = '', value = ''] = sample;
    const suffix = types[family] === 'histogram' ? name.slice(family.length) : '';
    if (name !== family + suffix || (types[family] === 'histogram' && !/^_(bucket|sum|count)$/.test(suffix))) {
      fail(line, `does not belong to ${family}`);
    }
    const labels = new Map<string, string>();
    let rest = inner;
    while (rest !== '') {
      const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,(?=[a-zA-Z_])|$)/s.exec(rest);
      if (!label) return fail(line, 'bad label');
      const [all, key = '', quoted = ''] = label;
      if (labels.has(key) || key.startsWith('__')) fail(line, `label ${key} is there twice or internal`);
      labels.set(key, quoted);
      rest = rest.slice(all.length);
    }
    if (labels.has('le') !== (suffix === '_bucket')) fail(line, 'le is missing or out of place');
    const entries = [...labels].filter(([, quoted]) => quoted !== '').sort();
    const identity = JSON.stringify([name, ...entries]);
    if (seen.has(identity)) fail(line, 'a series appears twice');
    seen.add(identity);
    const shown = entries
      .filter(([key]) => !key.startsWith('otel_scope_'))
      .map(([key, quoted]) => `${key}="${quoted}"`);
    series[`${name}{${shown.join(',')}}`] = Number(value.replace('Inf', 'Infinity'));
  }
  return { types, series };
}

interface Scraped extends Exposition {
  text: string;
  warnings: string[];
}

async function withScrapes(
  run: (provider: MeterProvider, scrape: () => Promise<Scraped>) => Promise<void> | void,
  options: MeterProviderOptions & { metricProducers?: MetricProducer[] } = {},
): Promise<void> {
  const warnings: string[] = [];
  const { reader, whenListening } = createPrometheusReader({
    host: '127.0.0.1',
    port: 0,
    warn: (message) => warnings.push(message),
    ...(options.metricProducers && { metricProducers: options.metricProducers }),
  });
  const provider = new MeterProvider({ resource: resourceFromAttributes({}), ...options, readers: [reader] });
  try {
    const port = (await whenListening)?.port;
    await run(provider, async () => {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`);
      const text = await response.text();
      expect(response.status, text).toBe(200);
      return { ...parseStrictly(text), text, warnings };
    });
  } finally {
    await provider.shutdown();
  }
}

test('the exposition has the names a Collector gives, with help and type', () =>
  withScrapes(async (provider, scrape) => {
    const meter = provider.getMeter('gaugeway', '1.0');
    meter
      .createHistogram('gen_ai.client.operation.duration', {
        unit: 's',
        description: 'How long\nit \\ took.',
        advice: { explicitBucketBoundaries: [1, 2] },
      })
      .record(1.5, { 'gen_ai.request.model': 'm' });
    meter.createCounter('gaugeway.model.cost', { unit: 'USD' }).add(0.25);
    meter.createGauge('gaugeway.http.error_ratio', { unit: '1' }).record(0.5);
    const { text } = await scrape();
    const scope = 'otel_scope_name="gaugeway",otel_scope_version="1.0"';
    const duration = 'gen_ai_client_operation_duration_seconds';
    expect(text).toBe(
      `${[
        '# HELP target_info Target metadata',
        '# TYPE target_info gauge',
        'target_info 1',
        `# HELP ${duration} How long\\nit \\\\ took.`,
        `# TYPE ${duration} histogram`,
        `${duration}_bucket{gen_ai_request_model="m",${scope},le="1"} 0`,
        `${duration}_bucket{gen_ai_request_model="m",${scope},le="2"} 1`,
        `${duration}_bucket{gen_ai_request_model="m",${scope},le="+Inf"} 1`,
        `${duration}_sum{gen_ai_request_model="m",${scope}} 1.5`,
        `${duration}_count{gen_ai_request_model="m",${scope}} 1`,
        '# HELP gaugeway_model_cost_USD_total ',
        '# TYPE gaugeway_model_cost_USD_total counter',
        `gaugeway_model_cost_USD_total{${scope}} 0.25`,
        '# HELP gaugeway_http_error_ratio ',
        '# TYPE gaugeway_http_error_ratio gauge',
        `gaugeway_http_error_ratio{${scope}} 0.5`,
      ].join('\n')}\n`,
    );
  }));

test('attributes that collide are joined, and series that become equal are added up', () =>
  withScrapes(
    async (provider, scrape) => {
      const counter = provider.getMeter('m').createCounter('hits');
      counter.add(1, { 'a.b': 'x', a_b: 'y' });
      counter.add(2, { 'a.b': 'z' });
      counter.add(4, { a_b: 'z' });
      counter.add(8, { n: 1 });
      counter.add(16, { n: '1' });
      counter.add(32, { empty: '' });
      counter.add(64);
      const { series, warnings } = await scrape();
      expect(series).toEqual({
        'target_info{service_name="one;two"}': 1,
        'hits_total{a_b="x;y"}': 1,
        'hits_total{a_b="z"}': 6,
        'hits_total{n="1"}': 24,
        'hits_total{}': 96,
      });
      expect(await scrape().then((again) => again.series)).toEqual(series);
      expect(warnings).toEqual([
        'Prometheus: "service_name" and another attribute are one label, service_name; values are joined with ";".',
        'Prometheus: "a_b" and another attribute are one label, a_b; values are joined with ";".',
      ]);
    },
    { resource: resourceFromAttributes({ service_name: 'two', 'service.name': 'one' }) },
  ));

test('labels that something else sets are renamed', () =>
  withScrapes(async (provider, scrape) => {
    const attributes = { le: '1', job: 'j', instance: 'i', 'otel.scope.name': 's', __name__: 'n' };
    provider
      .getMeter('m')
      .createHistogram('h', { advice: { explicitBucketBoundaries: [1] } })
      .record(1, attributes);
    const { series, text } = await scrape();
    const labels = '_name__="n",exported_instance="i",exported_job="j",exported_le="1",exported_otel_scope_name="s"';
    expect(series[`h_count{${labels}}`]).toBe(1);
    expect(series[`h_bucket{${labels},le="+Inf"}`]).toBe(1);
    expect(text).toContain('otel_scope_name="m"');
  }));

test('two scopes share a family, and so do instruments whose names become equal', () =>
  withScrapes(async (provider, scrape) => {
    provider.getMeter('one').createCounter('a.b').add(1, { k: 'v' });
    provider.getMeter('one').createCounter('a_b').add(2, { k: 'v' });
    provider.getMeter('two').createCounter('a.b').add(4, { k: 'v' });
    provider.getMeter('one').createGauge('g.x').record(1);
    provider.getMeter('one').createGauge('g_x').record(2);
    const { text, series, warnings } = await scrape();
    expect(text).toContain('a_b_total{k="v",otel_scope_name="one"} 3\n');
    expect(text).toContain('a_b_total{k="v",otel_scope_name="two"} 4\n');
    expect(series['g_x{}']).toBe(2);
    expect(warnings).toEqual([]);
  }));

test('a name that is taken by another type stays with the first, at every scrape', () =>
  withScrapes(async (provider, scrape) => {
    const meter = provider.getMeter('m');
    const late = meter.createHistogram('x.y');
    meter.createGauge('x_y').record(1);
    meter.createHistogram('h').record(1);
    meter.createUpDownCounter('h.count').add(5);
    meter.createGauge('target.info').record(5);
    meter.createGauge('...').record(5);
    const { types, warnings } = await scrape();
    expect(types).toEqual({ target_info: 'gauge', x_y: 'gauge', h: 'histogram' });
    late.record(1);
    expect((await scrape()).types).toEqual(types);
    expect(warnings).toEqual([
      'Prometheus: the up-down "h.count" is not shown, because h_count is the name of another metric.',
      'Prometheus: the gauge "target.info" is not shown, because target_info is the name of another metric.',
      'Prometheus: the metric "..." has no valid name and is not shown.',
      'Prometheus: the histogram "x.y" is not shown, because x_y is the name of another metric.',
    ]);
  }));

test('histograms are added only when their buckets are the same', () =>
  withScrapes(async (provider, scrape) => {
    const create = (name: string, bounds: number[]) =>
      provider.getMeter('m').createHistogram(name, { advice: { explicitBucketBoundaries: bounds } });
    create('same.as', [1, 2]).record(1);
    create('same_as', [1, 2]).record(2);
    create('other.than', [1, 2]).record(1);
    create('other_than', [1, 3]).record(2);
    const { series, warnings } = await scrape();
    expect(series['same_as_bucket{le="1"}']).toBe(1);
    expect(series['same_as_bucket{le="2"}']).toBe(2);
    expect(series['same_as_sum{}']).toBe(3);
    expect(series['other_than_count{}']).toBe(1);
    expect(warnings).toEqual([
      'Prometheus: histograms with different buckets are named other_than; only the first is shown.',
    ]);
  }));

test('an exponential histogram shows its count and sum', () =>
  withScrapes(
    async (provider, scrape) => {
      const histogram = provider.getMeter('m').createHistogram('h', { unit: 's' });
      histogram.record(2);
      histogram.record(3);
      const { series } = await scrape();
      expect(series).toMatchObject({ 'h_seconds_count{}': 2, 'h_seconds_sum{}': 5 });
      expect(series['h_seconds_bucket{le="+Inf"}']).toBe(2);
    },
    { views: [{ instrumentName: '*', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }] },
  ));

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

test('what the SDK collected is left as it was', () =>
  withScrapes(async (provider, scrape) => {
    const attributes = Object.freeze({ 'a.b': 1, a_b: 2 });
    const meter = provider.getMeter('m');
    meter.createCounter('c', { unit: 's' }).add(1, attributes);
    meter.createHistogram('h').record(1, { 'x.y': 1 });
    meter.createHistogram('h_').record(1, { 'x.y': 1 });
    const first = await scrape();
    expect((await scrape()).text).toBe(first.text);
    expect(attributes).toEqual({ 'a.b': 1, a_b: 2 });
  }));

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
