import { describe, expect, it } from 'vitest';
import { AGGREGATION_WINDOW, METRIC_TYPE } from '../../src/monitor/index.ts';
import { createPlatform } from './create.ts';
import { lastMinute, TAGS } from './platform.ts';

describe('aggregated statistics', () => {
  it('are given by group, by a part of the tags, and over all groups', () => {
    const { monitor } = createPlatform();
    for (let ms = 1; ms <= 100; ms++) monitor.recordLatency(ms, { ...TAGS, modelId: ms % 2 === 0 ? 'even' : 'odd' });
    expect(lastMinute(monitor, METRIC_TYPE.LATENCY)).toEqual({
      count: 100,
      min: 1,
      max: 100,
      avg: 50.5,
      p50: 50,
      p90: 90,
      p99: 99,
    });
    expect(lastMinute(monitor, METRIC_TYPE.LATENCY, { modelId: 'even' })).toMatchObject({ count: 50, min: 2, p50: 50 });
    expect(lastMinute(monitor, METRIC_TYPE.LATENCY, { provider: 'openai', modelId: 'odd' })?.max).toBe(99);
    expect(lastMinute(monitor, METRIC_TYPE.LATENCY, { provider: 'nobody' })).toBeUndefined();
  });

  it('cover the window that is asked for, at any age', () => {
    const { monitor, clock } = createPlatform({ maxMetricsPerOperation: 10 });
    const counts = () =>
      Object.values(AGGREGATION_WINDOW).map(
        (windowMs) => monitor.getAggregatedStats({ type: METRIC_TYPE.LATENCY, windowMs })?.count ?? 0,
      );
    for (let second = 0; second < 7200; second++) {
      monitor.recordLatency(second % 100, TAGS);
      clock.advance(1000);
    }
    expect(counts()).toEqual([60, 300, 3600]);
    clock.advance(AGGREGATION_WINDOW.ONE_HOUR + 300_000);
    expect(counts()).toEqual([0, 0, 0]);
  });

  it('are exact over a window as long as its points are kept', () => {
    const { monitor, clock } = createPlatform();
    for (let second = 0; second < 400; second++) {
      monitor.recordLatency(second, TAGS);
      clock.advance(1000);
    }
    expect(lastMinute(monitor, METRIC_TYPE.LATENCY)).toMatchObject({ count: 60, min: 340, max: 399 });
  });

  it('ignore a wall clock that is set', () => {
    const { monitor, clock } = createPlatform();
    for (const hours of [0, -5, 24, -100]) {
      clock.setWallClock(clock.unix() + hours * 3_600_000);
      monitor.recordLatency(10, TAGS);
      clock.advance(1000);
    }
    expect(lastMinute(monitor, METRIC_TYPE.LATENCY)?.count).toBe(4);
    clock.advance(61_000);
    expect(lastMinute(monitor, METRIC_TYPE.LATENCY)).toBeUndefined();
    expect(monitor.getBuffer().map(({ timestamp }) => timestamp)).toEqual(
      [0, -5, 19, -81].map((hours, i) => 1_800_000_000_000 + hours * 3_600_000 + i * 1000),
    );
  });
});

describe('getAggregatedStats', () => {
  it.each([0, -5, Number.NaN, undefined, 3_600_001])('refuses a window of %s milliseconds', (windowMs) => {
    const { monitor } = createPlatform();
    monitor.recordLatency(5);
    expect(() => monitor.getAggregatedStats({ type: 'latency', windowMs: windowMs as number })).toThrow(
      /"windowMs" must be milliseconds above 0 and up to an hour/,
    );
  });
});
