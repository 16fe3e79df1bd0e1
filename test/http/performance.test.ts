import express from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { catalogue } from '../../src/catalogue/index.ts';
import { prometheusMetricName } from '../../src/export/prometheus-names.ts';
import type * as Http from '../../src/http/index.ts';
import { defaultMonitor } from '../../src/monitor/default-monitor.ts';
import { useThresholds } from '../../src/thresholds.ts';
import { serve } from './server.ts';

let http: typeof Http;
beforeEach(async () => {
  // What the process has counted, it keeps: each test has a process of its own, as it were.
  for (const name of ['service-metrics', 'default-monitor', 'listeners']) {
    delete (globalThis as Record<symbol, unknown>)[Symbol.for(`gaugeway.${name}.1`)];
  }
  vi.resetModules();
  http = await import('../../src/http/index.ts');
});
afterEach(() => {
  useThresholds(undefined);
  vi.unstubAllEnvs();
});

/** An application that is measured by the ready middleware, after it has answered these paths. */
async function answer(...paths: string[]): Promise<void> {
  const app = express();
  app.set('env', 'test');
  app.use(http.performanceMiddleware);
  app.get('/users/:id', (_request, response) => void response.send('ok'));
  app.get('/fail', () => {
    throw new Error('no');
  });
  const served = await serve(app);
  await Promise.all(paths.map((path) => served.send(path)));
  // The last response's end comes after its last byte.
  await served.stop();
}

/** Value of the series that begins with this. */
function value(text: string, series: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}

describe('getPerformanceStats', () => {
  it('counts requests and failures since the start, and tells the thresholds', async () => {
    expect(http.getPerformanceStats()).toEqual({
      totalRequests: 0,
      errorRequests: 0,
      errorRate: '0.00%',
      thresholds: { API_LATENCY_MS: 100, DB_QUERY_MS: 50, ERROR_RATE: 0.001 },
    });
    await answer('/users/1', '/users/2', '/fail', '/nope');
    expect(http.getPerformanceStats()).toMatchObject({ totalRequests: 4, errorRequests: 1, errorRate: '25.00%' });
  });

  it('reads the thresholds from the variables, ours before those of the specification', () => {
    vi.stubEnv('PERF_API_LATENCY_MS', '250');
    vi.stubEnv('PERF_DB_QUERY_MS', 'soon');
    vi.stubEnv('PERF_ERROR_RATE', '0.5');
    vi.stubEnv('GAUGEWAY_HTTP_ERROR_RATE', '0.25');
    expect(http.getPerformanceStats().thresholds).toEqual({ API_LATENCY_MS: 250, DB_QUERY_MS: 50, ERROR_RATE: 0.25 });
  });
});

describe('getMetrics', () => {
  it('has the names of the conventions', async () => {
    await answer('/users/1', '/users/2', '/fail');
    http.trackDbQuery('findMany', 'User', 60, 'success', { system: 'postgresql' });
    const text = await http.getMetrics();
    const labels =
      'http_request_method="GET",url_scheme="http",http_response_status_code="200",http_route="/users/:id"';
    expect(value(text, `http_server_request_duration_seconds_count{${labels},network_protocol_version="1.1"}`)).toBe(2);
    expect(value(text, 'gaugeway_http_slow_requests_total{http_request_method="GET",http_route="/users/:id"}')).toBe(0);
    const query = 'db_system_name="postgresql",db_operation_name="findMany",db_collection_name="User"';
    expect(value(text, `db_client_operation_duration_seconds_bucket{${query},le="0.075"}`)).toBe(1);
    expect(value(text, `db_client_operation_duration_seconds_bucket{${query},le="0.05"}`)).toBe(0);
    expect(value(text, 'gaugeway_db_slow_queries_total{db_operation_name="findMany",db_collection_name="User"}')).toBe(
      1,
    );
    expect(text).not.toContain('http_request_duration_ms');
    expect(text).not.toContain('error_ratio');
  });

  it('has the seven names of the specification on request, with its labels and boundaries', async () => {
    await answer(...Array.from({ length: 19 }, (_, i) => `/users/${i}`), '/fail', '/nope');
    http.trackDbQuery('findMany', 'User', 7, 'success');
    http.trackDbQuery('findMany', 'User', 60, 'error');
    const text = await http.getMetrics({ names: 'specification' });
    const user = 'method="GET",status="200",route="/users/:id"';
    expect(value(text, `http_requests_total{${user}}`)).toBe(19);
    expect(value(text, `http_request_duration_ms_count{${user}}`)).toBe(19);
    expect(value(text, 'http_requests_total{method="GET",status="404",route=""}')).toBe(1);
    expect(value(text, 'http_error_rate')).toBeCloseTo(1 / 21);
    expect(value(text, 'slow_requests_total{method="GET",route="/users/:id"}')).toBe(0);
    const ended = (status: string) => `operation="findMany",model="User",status="${status}"`;
    expect(value(text, `db_query_duration_ms_bucket{${ended('success')},le="5"}`)).toBe(0);
    expect(value(text, `db_query_duration_ms_bucket{${ended('success')},le="10"}`)).toBe(1);
    expect(value(text, `db_query_duration_ms_sum{${ended('error')}}`)).toBeCloseTo(60);
    expect(value(text, `db_queries_total{${ended('error')}}`)).toBe(1);
    expect(value(text, 'slow_queries_total{operation="findMany",model="User"}')).toBe(1);
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(names).toEqual([
      'http_request_duration_ms',
      'http_requests_total',
      'http_error_rate',
      'slow_requests_total',
      'db_query_duration_ms',
      'db_queries_total',
      'slow_queries_total',
    ]);
    const bounds = (name: string) =>
      new Set([...text.matchAll(new RegExp(`${name}_bucket.*le="([^"]+)"`, 'g'))].map(([, le]) => le));
    expect([...bounds('http_request_duration_ms')]).toEqual([
      '10',
      '50',
      '100',
      '200',
      '500',
      '1000',
      '2000',
      '5000',
      '+Inf',
    ]);
    expect([...bounds('db_query_duration_ms')]).toEqual(['5', '10', '25', '50', '100', '250', '500', '1000', '+Inf']);
  });

  it('names them as a Collector does', async () => {
    const { httpServerRequestDuration, httpSlowRequests, httpErrorRatio, dbOperationDuration, dbSlowQueries } =
      catalogue;
    const types = { histogram: 'histogram', counter: 'counter', observable_gauge: 'gauge' } as const;
    const translated = [
      httpServerRequestDuration,
      httpSlowRequests,
      httpErrorRatio,
      dbOperationDuration,
      dbSlowQueries,
    ].map(({ name, unit, kind }) => prometheusMetricName(name, unit, types[kind]));
    await answer(...Array.from({ length: 20 }, () => '/users/1'));
    http.trackDbQuery('SELECT', 'User', 1, 'success');
    const names = [...(await http.getMetrics()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(names).toEqual(translated);
  });

  it('has no query whose end is neither success nor error', async () => {
    for (const status of ['failed', 'ERROR', undefined, 1]) http.trackDbQuery('find', 'User', 1, status as never);
    http.trackDbQuery('find', 'User', 1, 'error');
    const text = await http.getMetrics({ names: 'specification' });
    expect(text.match(/^db_queries_total{.*/gm)).toEqual([
      'db_queries_total{operation="find",model="User",status="error"} 1',
    ]);
  });

  it('stays bounded under 100,000 operations and models, and takes no nonsense', async () => {
    for (let i = 0; i < 100_000; i++) http.trackDbQuery(`op${i}`, `Model${i}`, 1, 'success');
    http.trackDbQuery('op', 'Model', Number.NaN, 'success');
    http.trackDbQuery({} as never, null as never, 1, 'nonsense' as never, null as never);
    const text = await http.getMetrics();
    expect([...text.matchAll(/db_client_operation_duration_seconds_count/g)].length).toBeLessThan(250);
    expect(text).not.toContain('NaN');
    await expect(http.getMetrics({ names: 'mine' as never })).rejects.toThrow('"names" must be');
  });
});

it('the ready middleware and tracked queries are in the default monitor', async () => {
  await answer('/users/1', '/fail');
  http.trackDbQuery('findMany', 'User', 7, 'error');
  const { defaultMonitor: ours } = await import('../../src/monitor/default-monitor.ts');
  const stats = [...ours().getStats()].map(([name, { count, errorCount }]) => [name, count, errorCount]);
  expect(stats.sort()).toEqual([
    ['GET /fail', 1, 1],
    ['GET /users/:id', 1, 0],
    ['db findMany User', 1, 1],
  ]);
  expect(defaultMonitor()).toBe(ours());
});
