import { ServerResponse } from 'node:http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { expect, onTestFinished, test, vi } from 'vitest';
import { originOf, scrape, startEndpoint } from './endpoint.ts';

test('a scrape is answered in the text format, other paths and methods are refused', async () => {
  const endpoint = startEndpoint();
  const provider = new MeterProvider({ readers: [endpoint.reader] });
  provider.getMeter('m').createCounter('hits').add(3);
  const base = await originOf(endpoint);

  const answer = await fetch(`${base}/metrics?x=1`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await answer.text()).toContain('hits_total{otel_scope_name="m"} 3\n');
  expect((await fetch(`${base}/`)).status).toBe(404);
  expect((await fetch(`${base}/metrics/`)).status).toBe(404);
  expect((await fetch(`${base}//metrics`)).status).toBe(404);
  for (const method of ['POST', 'HEAD', 'DELETE']) {
    const refused = await fetch(`${base}/metrics`, { method });
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET']);
  }
});

test('the path is free to choose, with or without its slash', async () => {
  const endpoint = startEndpoint({ path: 'internal/prometheus' });
  new MeterProvider({ readers: [endpoint.reader], resource: resourceFromAttributes({ a: 1 }) });
  const base = await originOf(endpoint);
  expect(await (await fetch(`${base}/internal/prometheus`)).text()).toContain('target_info{a="1"} 1\n');
  expect((await fetch(`${base}/metrics`)).status).toBe(404);
});

test('attributes of the resource that come later are waited for', async () => {
  const endpoint = startEndpoint();
  const later = new Promise<string>((resolve) => setTimeout(resolve, 50, 'h-1'));
  new MeterProvider({ readers: [endpoint.reader], resource: resourceFromAttributes({ 'host.id': later as never }) });
  expect(await (await scrape(endpoint)).text()).toContain('target_info{host_id="h-1"} 1\n');
});

test('a collection that fails answers 500, and the next is well', async () => {
  let isBroken = true;
  const collect = async () => {
    if (isBroken) throw new Error('broken');
    return { errors: [], resourceMetrics: { resource: resourceFromAttributes({}), scopeMetrics: [] } };
  };
  const endpoint = startEndpoint({ metricProducers: [{ collect }] });
  new MeterProvider({ readers: [endpoint.reader] });
  expect((await scrape(endpoint)).status).toBe(500);
  isBroken = false;
  expect((await scrape(endpoint)).status).toBe(200);
});

test('a scrape that takes long leaves the application its turns', async () => {
  const endpoint = startEndpoint();
  const provider = new MeterProvider({ readers: [endpoint.reader] });
  const histogram = provider.getMeter('m').createHistogram('h');
  for (let series = 0; series < 500; series++) histogram.record(series, { series });
  let turn = 0;
  const count = () => {
    turn++;
    counting = setImmediate(count);
  };
  let counting = setImmediate(count);
  const turnsOfWrites = new Set<number>();
  const write = ServerResponse.prototype.write;
  const writing = vi.spyOn(ServerResponse.prototype, 'write').mockImplementation(function (this: unknown, ...args) {
    turnsOfWrites.add(turn);
    return Reflect.apply(write, this, args);
  });
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now++);
  onTestFinished(() => {
    clearImmediate(counting);
    writing.mockRestore();
    clock.mockRestore();
  });
  const text = await (await scrape(endpoint)).text();
  expect(turnsOfWrites.size).toBeGreaterThan(100);
  expect(text.match(/^h_count\{/gm)).toHaveLength(500);
  expect(text.endsWith('\n')).toBe(true);
});
