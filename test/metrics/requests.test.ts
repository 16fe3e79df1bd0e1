import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HttpRequest } from '../../src/observations.ts';
import { useThresholds } from '../../src/thresholds.ts';
import { type Collected, startCollecting } from './collected.ts';

const REQUEST: HttpRequest = {
  kind: 'http_request',
  method: 'GET',
  scheme: 'http',
  route: '/users/:id',
  statusCode: 200,
  protocolVersion: '1.1',
  startTime: 0,
  durationMs: 40,
  outcome: 'success',
  recordedElsewhere: false,
};

let collected: Collected;
beforeEach(() => {
  collected = startCollecting();
});
afterEach(async () => {
  await collected.stop();
  useThresholds(undefined);
  vi.useRealTimers();
});

describe('a request', () => {
  it('is a point by method, route, scheme, status and version', async () => {
    collected.listener.observed(REQUEST);
    collected.listener.observed(REQUEST);
    collected.listener.observed({ ...REQUEST, statusCode: 503, outcome: 'error', errorType: '503' });
    collected.listener.observed({ ...REQUEST, route: undefined, statusCode: 404 });
    const known = { 'http.request.method': 'GET', 'url.scheme': 'http', 'network.protocol.version': '1.1' };
    const points = await collected.points('http.server.request.duration');
    expect(points.map(({ attributes }) => attributes)).toEqual([
      { ...known, 'http.route': '/users/:id', 'http.response.status_code': 200 },
      { ...known, 'http.route': '/users/:id', 'http.response.status_code': 503, 'error.type': '503' },
      { ...known, 'http.response.status_code': 404 },
    ]);
    expect(points[0]).toHaveProperty('value.count', 2);
    expect(points[0]).toHaveProperty('value.sum', 0.08);
  });

  it('above the threshold counts as slow; one at the threshold does not', async () => {
    for (const durationMs of [40, 100, 100.1, 5000]) collected.listener.observed({ ...REQUEST, durationMs });
    const [slow] = await collected.points('gaugeway.http.slow_requests');
    expect(slow?.value).toBe(2);
    expect(slow?.attributes).toEqual({ 'http.request.method': 'GET', 'http.route': '/users/:id' });
  });

  it('has its slow counter at 0 from its first request', async () => {
    collected.listener.observed(REQUEST);
    expect(await collected.points('gaugeway.http.slow_requests')).toMatchObject([{ value: 0 }]);
  });

  it('that another instrumentation records adds no second point, but is judged', async () => {
    collected.listener.observed({ ...REQUEST, durationMs: 500, recordedElsewhere: true });
    expect(await collected.points('http.server.request.duration')).toEqual([]);
    expect(await collected.points('gaugeway.http.slow_requests')).toMatchObject([{ value: 1 }]);
  });

  it('of 100,000 raw paths makes a bounded number of series', async () => {
    for (let i = 0; i < 100_000; i++) collected.listener.observed({ ...REQUEST, route: `/users/${i}` });
    expect((await collected.points('http.server.request.duration')).length).toBeLessThanOrEqual(201);
  });
});

describe('the error ratio', () => {
  const send = (count: number, outcome: HttpRequest['outcome']): void => {
    for (let i = 0; i < count; i++) collected.listener.observed({ ...REQUEST, outcome });
  };

  it('is the share of failed requests, from 20 on, for the whole service', async () => {
    send(15, 'success');
    send(4, 'error');
    expect(await collected.points('gaugeway.http.error_ratio')).toEqual([]);
    send(1, 'aborted');
    expect(await collected.points('gaugeway.http.error_ratio')).toMatchObject([{ value: 0.2, attributes: {} }]);
  });

  it('forgets what is older than five minutes', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'Date'] });
    send(30, 'success');
    vi.advanceTimersByTime(4 * 60_000);
    send(30, 'error');
    const ratio = async () => (await collected.points('gaugeway.http.error_ratio'))[0]?.value;
    expect(await ratio()).toBe(0.5);
    vi.advanceTimersByTime(61_000);
    expect(await ratio()).toBe(1);
    vi.advanceTimersByTime(24 * 3_600_000);
    expect(await ratio()).toBe(0);
  });
});

describe('a configured threshold', () => {
  it('is what counts as slow, and is a boundary', async () => {
    await collected.stop();
    useThresholds({ apiLatencyMs: 120, dbQueryMs: 33, httpErrorRate: 0.01 });
    collected = startCollecting();
    collected.listener.observed({ ...REQUEST, durationMs: 110 });
    collected.listener.observed({ ...REQUEST, durationMs: 130 });
    collected.listener.observed({
      kind: 'db_query',
      system: 's',
      startTime: 0,
      durationMs: 34,
      recordedElsewhere: false,
    });
    expect(await collected.points('gaugeway.http.slow_requests')).toMatchObject([{ value: 1 }]);
    expect(await collected.points('gaugeway.db.slow_queries')).toMatchObject([{ value: 1 }]);
    const boundaries = async (name: string) =>
      (await collected.points(name)).flatMap(({ value }) =>
        typeof value === 'number' ? [] : value.buckets.boundaries,
      );
    expect(await boundaries('http.server.request.duration')).toContain(0.12);
    expect(await boundaries('db.client.operation.duration')).toContain(0.033);
  });
});
