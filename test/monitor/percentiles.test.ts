import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PerformanceMonitor } from '../../src/monitor/index.ts';

const SHARES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 };

function statsOf(values: readonly number[], maxMetricsPerOperation: number) {
  const monitor = new PerformanceMonitor({ observe: false, maxMetricsPerOperation, slowOperationThreshold: 1e15 });
  for (const value of values) monitor.record('op', value);
  const stats = monitor.getStats('op');
  if (stats === undefined) throw new Error('nothing was recorded');
  return stats;
}

/** Nearest rank, from its definition: the smallest value that at least this share of all does not exceed. */
function nearestRank(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const found = sorted.find((_, index) => (index + 1) / sorted.length >= share - 1e-12);
  return found as number;
}

/** Durations of many shapes: even, skewed over many decades, of few distinct values, zero. */
const duration = fc.oneof(
  fc.double({ min: 0, max: 1000, noNaN: true }),
  fc.double({ min: -20, max: 30, noNaN: true }).map((exponent) => 2 ** exponent),
  fc.constantFrom(0, 1, 50, 50.5, 1000),
);

describe('percentiles', () => {
  it('are exact while every value is kept', () => {
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1, maxLength: 300 }), (values) => {
        const stats = statsOf(values, 300);
        for (const [name, share] of Object.entries(SHARES)) {
          expect(stats[name as keyof typeof SHARES]).toBe(nearestRank(values, share));
        }
      }),
    );
  });

  it('are within 1 % when only some values are kept, and the rest of the statistics is exact', () => {
    fc.assert(
      fc.property(fc.array(duration, { minLength: 20, maxLength: 400 }), (values) => {
        const stats = statsOf(values, 10);
        for (const [name, share] of Object.entries(SHARES)) {
          const exact = nearestRank(values, share);
          // A millionth of a millisecond is nothing.
          expect(Math.abs(stats[name as keyof typeof SHARES] - exact)).toBeLessThanOrEqual(
            Math.max(0.01 * exact, 1e-9),
          );
        }
        expect(stats.count).toBe(values.length);
        expect(stats.minDuration).toBe(Math.min(...values));
        expect(stats.maxDuration).toBe(Math.max(...values));
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        expect(Math.abs(stats.avgDuration - mean)).toBeLessThanOrEqual(1e-9 * Math.max(1, mean));
      }),
    );
  });

  it('are within 1 % of an operation with hundreds of sets of tags, and exact of one with a few', () => {
    for (const [sets, tolerance] of [
      [150, 0.01],
      [20, 0],
    ] as const) {
      const monitor = new PerformanceMonitor({ observe: false, slowOperationThreshold: 1e15 });
      const values: number[] = [];
      for (let i = 0; i < sets * 1000; i++) {
        values.push(((i * 7919) % 100_003) / 7);
        monitor.record('op', values[i] as number, { tags: { set: i % sets } });
      }
      const stats = monitor.getStats('op');
      expect([stats?.count, stats?.minDuration, stats?.maxDuration]).toEqual([
        values.length,
        0,
        values.reduce((a, b) => Math.max(a, b)),
      ]);
      for (const [name, share] of Object.entries(SHARES)) {
        const exact = nearestRank(values, share);
        expect(Math.abs((stats?.[name as keyof typeof SHARES] ?? 0) - exact)).toBeLessThanOrEqual(tolerance * exact);
      }
    }
  });
});
