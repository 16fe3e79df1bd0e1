import { afterEach, describe, expect, it, vi } from 'vitest';
import { PerformanceMonitor } from '../../src/monitor/index.ts';
import { createMonitor, listen } from './create.ts';
import { createRandom } from './random.ts';

/** Far beyond what chance does: one run of the test in some billions. */
const SIGMAS = 6;

afterEach(() => vi.restoreAllMocks());

describe('sampling', () => {
  it.each([0.1, 0.01])(
    'at %d judges by what was measured: even traffic with few errors is no anomaly',
    (sampleRate) => {
      vi.spyOn(Math, 'random').mockImplementation(createRandom(3));
      const { monitor, clock } = createMonitor({ sampleRate });
      const random = createRandom(4);
      for (let second = 0; second < 3600; second++) {
        for (let i = 0; i < 2; i++) monitor.record('load', 10, random() < 0.02 ? { errorType: 'timeout' } : {});
        clock.advance(1000);
        if (second % 10 === 0) monitor.detectAnomalies();
      }
      expect(monitor.detectAnomalies()).toEqual([]);
    },
  );

  it('advises nothing from a few measured runs that stand for many', () => {
    const { monitor } = createMonitor({ sampleRate: 0.01 });
    vi.spyOn(Math, 'random').mockReturnValue(0);
    for (const ms of [10, 10, 500]) monitor.record('load', ms, ms > 10 ? { errorType: 'timeout' } : {});
    expect(monitor.getStats('load')).toMatchObject({ count: 300, errorCount: 100 });
    expect(monitor.getRecommendations()).toEqual([]);
  });

  it('of one in ten gives totals within the bounds of chance', () => {
    const { monitor, clock } = createMonitor({ sampleRate: 0.1 });
    const random = createRandom(1);
    const [runs, errorShare] = [50_000, 0.2];
    let total = 0;
    for (let i = 0; i < runs; i++) {
      const ms = 100 * random();
      total += ms;
      monitor.record('load', ms, random() < errorShare ? { errorType: 'timeout' } : {});
      if (i % 20 === 0) clock.advance(1000);
    }
    const stats = monitor.getStats('load');
    const bound = (expected: number) => SIGMAS * Math.sqrt(expected * 0.9 * 10);
    expect(Math.abs((stats?.count ?? 0) - runs)).toBeLessThan(bound(runs));
    expect(Math.abs((stats?.errorCount ?? 0) - runs * errorShare)).toBeLessThan(bound(runs * errorShare));
    expect(stats?.successCount).toBeCloseTo((stats?.count ?? 0) - (stats?.errorCount ?? 0));
    expect(Math.abs((stats?.avgDuration ?? 0) - 50)).toBeLessThan(SIGMAS * (29 / Math.sqrt(runs / 10)));
    const { byTotalTime, errors } = monitor.getBottlenecks();
    expect((byTotalTime[0]?.totalTime ?? 0) / total).toBeCloseTo(1, 0);
    expect(Math.abs((errors[0]?.count ?? 0) - runs * errorShare)).toBeLessThan(bound(runs * errorShare));
    const perSecond = monitor.getThroughputStats(60)?.requestsPerSecond ?? 0;
    expect(Math.abs(perSecond - 20)).toBeLessThan(bound(1200) / 60);
  });

  it('is decided for each operation, and percentiles of several tags are weighted', () => {
    const { monitor } = createMonitor({
      sampleRate: (name) => (name === 'hot' ? 0.01 : 1),
      slowOperationThreshold: 1e9,
    });
    for (let i = 0; i < 10_000; i++) monitor.record('hot', 10, { tags: { part: i % 2 } });
    for (let i = 0; i < 100; i++) monitor.record('cold', 10);
    expect(monitor.getStats('cold')?.count).toBe(100);
    const hot = monitor.getStats('hot')?.count ?? 0;
    expect(Math.abs(hot - 10_000)).toBeLessThan(SIGMAS * Math.sqrt(10_000 * 0.99 * 100));
    expect(hot % 1).toBe(0);
  });

  it('gives no negative number of successes where nothing succeeded', () => {
    const { monitor } = createMonitor({ sampleRate: 0.99 });
    vi.spyOn(Math, 'random').mockReturnValue(0);
    for (let i = 0; i < 200; i++) {
      monitor.record('load', 5, { outcome: i % 2 === 0 ? 'error' : 'unknown' });
      expect(monitor.getStats('load')?.successCount).toBeGreaterThanOrEqual(0);
    }
  });

  it('leaves OpenTelemetry with every run', () => {
    const { monitor } = createMonitor({ sampleRate: 1e-9 });
    const { seen } = listen();
    for (let i = 0; i < 50; i++) {
      monitor.record('load', 5);
      monitor.trackOperation('load', () => 1);
    }
    expect(seen.filter(({ kind }) => kind === 'operation')).toHaveLength(100);
    expect(monitor.getStats('load')?.count ?? 0).toBe(0);
  });

  it('takes everything where the function throws or says nothing of use', () => {
    for (const answer of [0, -1, 2, Number.NaN, 'x', undefined]) {
      const { monitor } = createMonitor({ sampleRate: () => answer as never });
      for (let i = 0; i < 20; i++) monitor.record('load', 5);
      expect(monitor.getStats('load')?.count).toBe(20);
    }
    const { monitor } = createMonitor({
      sampleRate: () => {
        throw new Error('broken');
      },
    });
    monitor.record('load', 5);
    expect(monitor.getStats('load')?.count).toBe(1);
  });

  it.each([0, -0.1, 1.1, Number.NaN, '0.5'])('is refused at a rate of %j', (sampleRate) => {
    expect(() => new PerformanceMonitor({ sampleRate: sampleRate as never })).toThrow(/"sampleRate" must be/);
  });
});
