import { describe, expect, it } from 'vitest';
import type { PerformanceMonitor } from '../../src/monitor/index.ts';
import { createMonitor } from './create.ts';
import type { SimulatedClock } from './simulated-clock.ts';

const MINUTE = 60_000;

/** One run each second. */
function run(monitor: PerformanceMonitor, clock: SimulatedClock, minutes: number, ms: number, errorEvery = 0): void {
  for (let second = 1; second <= minutes * 60; second++) {
    const failed = errorEvery > 0 && second % errorEvery === 0;
    monitor.record('load', ms, failed ? { errorType: 'timeout' } : {});
    clock.advance(1000);
  }
}

describe('getTrend', () => {
  it('compares the last five minutes with the hour before', () => {
    const { monitor, clock } = createMonitor();
    run(monitor, clock, 60, 100, 10);
    run(monitor, clock, 5, 300, 5);
    const trend = monitor.getTrend('load');
    expect(trend).toMatchObject({
      operation: 'load',
      p50: { recent: 300, direction: 'up' },
      p95: { recent: 300, direction: 'up' },
      errorRate: { direction: 'up' },
      throughput: { direction: 'steady' },
      recentCount: 300,
    });
    // Beyond what is kept exactly a percentile is within 1 %, and a window is read in whole slots.
    expect(trend?.p50.before).toBeGreaterThan(99);
    expect(trend?.p50.before).toBeLessThan(101);
    expect(trend?.p50.ratio).toBeCloseTo(3, 1);
    expect(trend?.errorRate.before).toBeCloseTo(0.1, 2);
    expect(trend?.errorRate.recent).toBeCloseTo(0.2, 2);
    expect(trend?.throughput.recent).toBeCloseTo(1, 2);
    expect(trend?.throughput.before).toBeCloseTo(1, 1);
  });

  it('is steady within a tenth, and down below', () => {
    const { monitor, clock } = createMonitor({ maxMetricsPerOperation: 100_000 });
    run(monitor, clock, 30, 100);
    run(monitor, clock, 5, 95);
    expect(monitor.getTrend('load')).toMatchObject({
      p50: { before: 100, recent: 95, ratio: 0.95, direction: 'steady' },
      errorRate: { before: 0, recent: 0, ratio: undefined, direction: 'steady' },
    });
    run(monitor, clock, 5, 50);
    expect(monitor.getTrend('load')).toMatchObject({ p50: { recent: 50, direction: 'down' } });
  });

  it('knows how often a young operation ran', () => {
    const { monitor, clock } = createMonitor({ maxMetricsPerOperation: 100_000 });
    clock.advance(3 * 60 * MINUTE);
    run(monitor, clock, 10, 100);
    expect(monitor.getTrend('load')?.throughput).toMatchObject({ direction: 'steady' });
  });

  it('is undefined for an unknown operation, and while one of the two has no runs', () => {
    const { monitor, clock } = createMonitor();
    expect(monitor.getTrend('load')).toBeUndefined();
    run(monitor, clock, 4, 100);
    expect(monitor.getTrend('load')).toBeUndefined();
    clock.advance(10 * MINUTE);
    expect(monitor.getTrend('load')).toBeUndefined();
  });

  it('is asked of a scope by its own names', () => {
    const { monitor, clock } = createMonitor();
    const api = monitor.scope('api');
    for (let minute = 0; minute < 20; minute++) {
      api.record('list', 5);
      clock.advance(MINUTE);
    }
    expect(api.getTrend('list')?.operation).toBe('api.list');
    expect(api.getTrend('api.list')).toBeUndefined();
  });
});

describe('getBottlenecks', () => {
  it('orders operations by total time and by P95, and groups errors by class', () => {
    const { monitor } = createMonitor();
    for (let i = 0; i < 100; i++) monitor.record('often', 10);
    for (let i = 0; i < 4; i++) monitor.record('slow', 200);
    monitor.record('rare', 1);
    for (let i = 0; i < 3; i++) monitor.record('often', 10, { error: new TypeError('no') });
    monitor.record('slow', 200, { error: new TypeError('no') });
    monitor.record('slow', 200, { errorType: 'timeout' });
    expect(monitor.getBottlenecks(2)).toEqual({
      byTotalTime: [
        { operation: 'slow', totalTime: 1200, p95: 200, count: 6 },
        { operation: 'often', totalTime: 1030, p95: 10, count: 103 },
      ],
      byP95: [
        { operation: 'slow', totalTime: 1200, p95: 200, count: 6 },
        { operation: 'often', totalTime: 1030, p95: 10, count: 103 },
      ],
      errors: [
        { errorType: 'TypeError', count: 4, operations: ['often', 'slow'] },
        { errorType: 'timeout', count: 1, operations: ['slow'] },
      ],
    });
    expect(monitor.getBottlenecks(1).errors).toHaveLength(1);
  });

  it('keeps to the operations of its scope', () => {
    const { monitor } = createMonitor();
    monitor.record('other', 1000);
    monitor.scope('api').record('list', 1, { errorType: 'timeout' });
    expect(monitor.scope('api').getBottlenecks()).toMatchObject({
      byTotalTime: [{ operation: 'api.list' }],
      errors: [{ operations: ['api.list'] }],
    });
  });

  it('bounds the classes of errors', () => {
    const { monitor } = createMonitor();
    for (let i = 0; i < 100; i++) monitor.record('load', 1, { errorType: `E${i}` });
    const { errors } = monitor.getBottlenecks(1000);
    expect(errors).toHaveLength(21);
    expect(errors[0]).toEqual({ errorType: 'other', count: 80, operations: ['load'] });
  });
});
