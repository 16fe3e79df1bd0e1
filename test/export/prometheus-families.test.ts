import { AggregationType } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { withScrapes } from './scrapes.ts';

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
