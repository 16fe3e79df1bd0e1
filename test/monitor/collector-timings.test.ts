import { describe, expect, it, vi } from 'vitest';
import { createCollector } from './create.ts';

describe('timings', () => {
  it('give all statistics of the last hour', () => {
    const { collector, clock } = createCollector();
    collector.recordTiming('load', 5000);
    clock.advance(3_700_000);
    for (const ms of [10, 20, 30, 40, 50, 100, 200]) collector.recordTiming('load', ms, { region: `r${ms}` });
    const mean = 450 / 7;
    expect(collector.getLatencyStats('load')).toEqual({
      count: 7,
      meanMs: mean,
      minMs: 10,
      maxMs: 200,
      p50Ms: 40,
      p90Ms: 200,
      p95Ms: 200,
      p99Ms: 200,
      stddevMs: expect.closeTo(Math.sqrt([10, 20, 30, 40, 50, 100, 200].reduce((s, x) => s + (x - mean) ** 2, 0) / 7)),
    });
    expect(collector.getLatencyStats('none')).toBeUndefined();
    clock.advance(3_700_000);
    expect(collector.getLatencyStats('load')).toBeUndefined();
  });

  it('observe the histogram of their name', () => {
    const { collector } = createCollector();
    collector.registerHistogram('load', [10, 100]);
    collector.recordTiming('load', 5);
    collector.recordTiming('load', 50);
    expect(collector.getHistogram('load')).toMatchObject({ counts: [1, 2], sum: 55 });
    expect(collector.getStats('load')?.count).toBe(2);
  });

  it('come from timers too, with their tags', () => {
    const collect = vi.fn();
    const { collector, clock } = createCollector({ collect });
    const timer = collector.startTimer('load').withTag('region', 'eu');
    clock.advance(12);
    expect(timer.finish()).toEqual({
      name: 'load',
      metricType: 'timer',
      value: 12,
      unit: 'ms',
      tags: { region: 'eu' },
      timestamp: clock.unix(),
    });
    expect(collector.getLatencyStats('load')?.count).toBe(1);
    expect(collect).toHaveBeenCalledTimes(1);
  });
});

describe('throughput', () => {
  it('is undefined, not 0, without data', () => {
    const { collector } = createCollector();
    expect(collector.getThroughputStats(60)).toBeUndefined();
    collector.recordTiming('load', 5);
    expect(collector.getThroughputStats(60)).toEqual({
      requestsPerSecond: 1 / 60,
      tokensPerSecond: undefined,
      bytesPerSecond: undefined,
      windowSeconds: 60,
    });
  });

  it.each([1, 2, 7, 59, 60, 61, 333, 3599, 3600])('is right over %i seconds', (seconds) => {
    const { collector, clock } = createCollector();
    // 4 a second for an hour and a half, none of them at the ends of a window.
    clock.advance(125);
    for (let i = 0; i < 5400 * 4; i++) {
      clock.advance(250);
      collector.recordTiming('load', 5);
    }
    clock.advance(125);
    expect(collector.getThroughputStats(seconds)?.requestsPerSecond).toBeCloseTo(4);
  });

  it.each([0, -1, 3601, Number.NaN, Number.POSITIVE_INFINITY])('is refused over %d seconds', (seconds) => {
    const { collector } = createCollector();
    expect(() => collector.getThroughputStats(seconds)).toThrow(/takes 1 to 3600 seconds/);
  });
});
