import { resourceFromAttributes } from '@opentelemetry/resources';
import { expect, test } from 'vitest';
import { withScrapes } from './scrapes.ts';

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
