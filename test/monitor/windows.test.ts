import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPerformanceMonitor, METRIC_TYPE } from '../../src/monitor/index.ts';
import { SimulatedClock } from './simulated-clock.ts';

/** Records latencies at these distances, and reads windows beside what was in them. */
function record(gapsMs: Iterable<number>, windowsMs: readonly number[], afterMs: number) {
  const clock = new SimulatedClock();
  // Far fewer than a window holds, so nothing is read from single values.
  const monitor = createPerformanceMonitor({ clock, observe: false, maxMetricsPerOperation: 10 });
  const times: number[] = [];
  let value = 0;
  for (const gap of gapsMs) {
    clock.advance(gap);
    times.push(clock.monotonic());
    monitor.recordLatency(10 + (value++ % 10), {});
  }
  clock.advance(afterMs);
  const found = windowsMs.map((windowMs) => {
    const from = clock.monotonic() - windowMs;
    const stats = monitor.getAggregatedStats({ type: METRIC_TYPE.LATENCY, windowMs });
    return { windowMs, stats, count: stats?.count ?? 0, inWindow: times.filter((time) => time >= from).length, times };
  });
  monitor.stop();
  return found;
}

const windowMs = fc.oneof(
  fc.constantFrom(60_000, 60_001, 61_000, 90_000, 299_999, 300_000, 300_001, 301_000, 600_000, 3_600_000),
  fc.integer({ min: 20_000, max: 3_600_000 }),
);
/** The longest slot of the row that a window is read from. */
const slotOf = (ms: number) => (ms <= 60_000 ? 5_000 : ms <= 300_000 ? 30_000 : 300_000);

describe('the count of a window beyond what is kept value by value', () => {
  it('is true within 1 % at a steady rate, wherever the window begins', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 180 }),
        windowMs,
        fc.integer({ min: 0, max: 4_000_000 }),
        (gap, window, offset) => {
          const gaps = Array<number>(Math.ceil((window + 700_000) / gap)).fill(gap);
          gaps[0] = offset;
          for (const { count, inWindow, stats } of record(gaps, [window], offset % gap)) {
            expect(Math.abs(count - inWindow)).toBeLessThanOrEqual(Math.max(1, 0.01 * inWindow));
            expect(stats?.avg).toBeCloseTo(14.5, 0);
            // The values are 10 to 19, so half of them are up to 14, give or take one.
            expect(stats?.p50).toBeGreaterThan(14 * 0.99);
            expect(stats?.p50).toBeLessThan(15 * 1.01);
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('is exact where no more than two values share a slot, and where a burst is in the window or before it as a whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2_600, max: 4_900 }), fc.integer({ min: 5_000, max: 60_000 }), (gap, window) => {
        for (const { count, inWindow } of record(Array<number>(100).fill(gap), [window], 17))
          expect(count).toBe(inWindow);
      }),
    );
    const bursts = (gap: number) => Array.from({ length: 400 }, (_, i) => (i % 40 === 0 ? gap : 0));
    fc.assert(
      fc.property(fc.integer({ min: 300_000, max: 500_000 }), windowMs, fc.nat(60_000), (gap, window, after) => {
        for (const { count, inWindow } of record(bursts(gap), [window], after)) expect(count).toBe(inWindow);
      }),
    );
  });

  it('is off by no more than what came in the one slot that the window cuts, however unevenly it comes', () => {
    const gap = fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: 0, max: 50 }) },
      { weight: 3, arbitrary: fc.integer({ min: 100, max: 3_000 }) },
      { weight: 1, arbitrary: fc.integer({ min: 5_000, max: 120_000 }) },
    );
    fc.assert(
      fc.property(fc.array(gap, { minLength: 50, maxLength: 800 }), windowMs, fc.nat(20_000), (gaps, window, after) => {
        for (const { count, inWindow, times } of record(gaps, [window], after)) {
          const now = (times.at(-1) ?? 0) + after;
          const slot = slotOf(window);
          const cut = Math.floor((now - window) / slot);
          const inCut = times.filter((time) => Math.floor(time / slot) === cut).length;
          expect(Math.abs(count - inWindow)).toBeLessThanOrEqual(inCut);
        }
      }),
    );
  });
});

describe('the outcomes of a window', () => {
  it('never add up to more than its count', () => {
    const clock = new SimulatedClock();
    const monitor = createPerformanceMonitor({ clock, observe: false, maxMetricsPerOperation: 10 });
    for (let i = 0; i < 20_000; i++) {
      clock.advance(311);
      monitor.record('load', 5, { outcome: i % 3 === 0 ? 'error' : i % 3 === 1 ? 'unknown' : 'success' });
      if (i % 500 !== 0) continue;
      const { errorRate, recentCount } = monitor.getTrend('load') ?? { errorRate: { recent: 0 }, recentCount: 0 };
      expect(errorRate.recent * recentCount).toBeLessThanOrEqual(recentCount);
    }
    const { errorRate, throughput } = monitor.getTrend('load') ?? {};
    expect(errorRate?.recent).toBeCloseTo(1 / 3, 2);
    for (const rate of [throughput?.recent, throughput?.before])
      expect(Math.abs((rate ?? 0) - 1000 / 311) * 0.311).toBeLessThan(0.01);
    monitor.stop();
  });
});
