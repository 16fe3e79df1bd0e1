import { afterEach, expect, it, vi } from 'vitest';
import { queries } from '../../src/index.ts';
import { PerformanceMonitor } from '../../src/monitor/index.ts';
import type { HttpRequest } from '../../src/observations.ts';
import { publish } from '../../src/observe.ts';
import { useThresholds } from '../../src/thresholds.ts';
import { SimulatedClock } from './simulated-clock.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  useThresholds(undefined);
  vi.unstubAllEnvs();
});

function create() {
  const clock = new SimulatedClock();
  const logger = { info: vi.fn(), warn: vi.fn() };
  const monitor = new PerformanceMonitor({ logger, clock });
  stops.push(() => monitor.stop());
  return { clock, logger, monitor };
}

function answer(request: Partial<HttpRequest> = {}): void {
  publish({
    kind: 'http_request',
    method: 'GET',
    scheme: 'http',
    route: '/users/:id',
    statusCode: 200,
    startTime: Date.now(),
    durationMs: 5,
    outcome: 'success',
    recordedElsewhere: false,
    ...request,
  });
}
const fail = (): void => answer({ statusCode: 500, outcome: 'error', errorType: '500' });
const times = (count: number, work: () => void): void => {
  for (let i = 0; i < count; i++) work();
};

it('a request above its threshold is logged, one at it is not', () => {
  const { logger } = create();
  answer({ durationMs: 100 });
  expect(logger.warn).not.toHaveBeenCalled();
  answer({ durationMs: 100.1 });
  expect(logger.warn.mock.calls).toEqual([
    [
      'Slow request: GET /users/:id',
      { method: 'GET', route: '/users/:id', statusCode: 200, durationMs: 100.1, thresholdMs: 100 },
    ],
  ]);
});

it('a query above its threshold is logged, one at it is not', () => {
  const { logger } = create();
  const query = { system: 'postgresql', operation: 'findMany', collection: 'User' };
  queries.record(query, { durationMs: 50 });
  expect(logger.warn).not.toHaveBeenCalled();
  queries.record(query, { durationMs: 51, errorType: '_OTHER' });
  expect(logger.warn.mock.calls).toEqual([
    [
      'Slow query: db findMany User',
      {
        system: 'postgresql',
        operation: 'findMany',
        model: 'User',
        durationMs: 51,
        errorType: '_OTHER',
        thresholdMs: 50,
      },
    ],
  ]);
});

it('the variables say what is slow', () => {
  vi.stubEnv('PERF_API_LATENCY_MS', '10');
  vi.stubEnv('PERF_DB_QUERY_MS', '20');
  useThresholds(undefined);
  const { logger } = create();
  answer({ durationMs: 11 });
  queries.record({ operation: 'SELECT' }, { durationMs: 21 });
  expect(logger.warn.mock.calls.map(([message]) => message)).toEqual([
    'Slow request: GET /users/:id',
    'Slow query: db SELECT',
  ]);
});

it('a service of which every request is slow logs twenty lines a second, and how many it left out', () => {
  const { logger, clock } = create();
  times(1000, () => answer({ durationMs: 200 }));
  expect(logger.warn).toHaveBeenCalledTimes(20);
  clock.advance(1000);
  answer({ durationMs: 200 });
  expect(logger.warn.mock.lastCall?.[1]).toMatchObject({ suppressed: 980 });
  answer({ durationMs: 200 });
  expect(logger.warn.mock.lastCall?.[1]).not.toHaveProperty('suppressed');
});

it('an error rate above its threshold is an anomaly, told once, and once more when it is over', () => {
  const { logger, clock, monitor } = create();
  const rates = () => monitor.detectAnomalies('http requests');
  times(9, answer);
  fail();
  times(9, answer);
  expect(rates()).toEqual([]);
  clock.advance(1000);
  answer();
  expect(rates()).toMatchObject([
    { anomalyType: 'high_error_rate', value: 1 / 20, threshold: 0.001, severity: 'critical' },
  ]);
  times(100, fail);
  expect(rates()).toHaveLength(1);
  expect(logger.warn.mock.calls.filter(([line]) => line === 'Anomaly: high error rate of http requests')).toHaveLength(
    1,
  );
  clock.advance(301_000);
  times(19, answer);
  expect(rates()).toHaveLength(1);
  clock.advance(1000);
  answer();
  expect(rates()[1]).toMatchObject({ value: 0, severity: 'info' });
  expect(logger.info).toHaveBeenCalledWith('Back to normal: high error rate of http requests', rates()[1]);
});

it('an error rate below twice its threshold is a warning', () => {
  vi.stubEnv('PERF_ERROR_RATE', '0.04');
  useThresholds(undefined);
  const { monitor } = create();
  times(19, answer);
  fail();
  expect(monitor.detectAnomalies('http requests')).toMatchObject([
    { value: 0.05, threshold: 0.04, severity: 'warning' },
  ]);
});

it('a share of failures that lies at its threshold is not told again and again', () => {
  const { clock, monitor } = create();
  useThresholds({ apiLatencyMs: 100, dbQueryMs: 50, httpErrorRate: 0.1 });
  const second = (failures: number): void => {
    times(failures, fail);
    times(100 - failures, answer);
    clock.advance(5000);
  };
  // Five minutes of which each slot has a little more, or a little less, than the one that leaves.
  for (let i = 0; i < 60; i++) second(i % 2 === 0 ? 12 : 9);
  for (let i = 0; i < 200; i++) second(i % 3 === 0 ? 13 : 9);
  for (let i = 0; i < 100; i++) second(i % 2 === 0 ? 10 : 9);
  expect(monitor.detectAnomalies('http requests').map(({ severity }) => severity)).toEqual(['warning']);
  for (let i = 0; i < 80; i++) second(5);
  expect(monitor.detectAnomalies('http requests').map(({ severity }) => severity)).toEqual(['warning', 'info']);
});
