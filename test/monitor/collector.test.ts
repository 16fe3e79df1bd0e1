import { describe, expect, it, vi } from 'vitest';
import { PerformanceCollector, PerformanceMonitor, ResourceMetrics } from '../../src/monitor/index.ts';
import { createCollector, listen } from './create.ts';

const RESOURCES = {
  memoryUsedBytes: 400,
  memoryTotalBytes: 1000,
  cpuUsagePercent: 20,
  diskUsedBytes: 30,
  diskTotalBytes: 120,
  threadCount: 11,
  fdCount: 42,
  timestamp: 1_800_000_000_000,
};

describe('a histogram', () => {
  it('counts by its own buckets', () => {
    const { collector } = createCollector();
    collector.registerHistogram('size', [1, 5, 10, 50, 100, 500]);
    for (const value of [2, 8, 15, 75, 200]) collector.observe('size', value);
    const snapshot = collector.getHistogram('size');
    expect(snapshot).toMatchObject({
      name: 'size',
      buckets: [1, 5, 10, 50, 100, 500],
      counts: [0, 1, 2, 3, 4, 5],
      count: 5,
      sum: 300,
      min: 2,
      max: 200,
      mean: 60,
    });
    expect([0, 0.2, 0.5, 0.8, 1].map((p) => snapshot?.percentile(p))).toEqual([5, 5, 50, 100, 500]);
  });

  it('has a percentile of 0 when it is empty, and its last boundary for what lies above', () => {
    const { collector } = createCollector();
    collector.registerHistogram('size', [1, 5]);
    expect(collector.getHistogram('size')).toMatchObject({ counts: [0, 0], count: 0, min: 0, max: 0, mean: 0 });
    expect(collector.getHistogram('size')?.percentile(0.5)).toBe(0);
    collector.observe('size', 70);
    expect(collector.getHistogram('size')).toMatchObject({ counts: [0, 0], count: 1, sum: 70 });
    expect(collector.getHistogram('size')?.percentile(0.5)).toBe(5);
  });

  it('puts a value that is a boundary into the bucket below it', () => {
    const { collector } = createCollector();
    collector.registerHistogram('size', [1, 5]);
    collector.observe('size', 1);
    expect(collector.getHistogram('size')?.counts).toEqual([1, 1]);
  });

  it('adds up doubles without losing the small ones', () => {
    const { collector } = createCollector();
    collector.registerHistogram('size', [1]);
    collector.observe('size', 1e15);
    for (let i = 0; i < 10_000; i++) collector.observe('size', 0.1);
    expect(collector.getHistogram('size')?.sum).toBe(1e15 + 1000);
  });

  it('that is unknown is undefined, and observing it is counted and ignored', () => {
    const { collector } = createCollector();
    const { dropped } = listen();
    collector.observe('size', 1);
    expect(collector.getHistogram('size')).toBeUndefined();
    expect(dropped).toEqual(['unknown_event']);
  });

  it('refuses wrong buckets, and other buckets than it has', () => {
    const { collector } = createCollector();
    for (const buckets of [[], [5, 1], [1, 1], [Number.NaN], [1, Number.POSITIVE_INFINITY], 'x', undefined, ['1']]) {
      expect(() => collector.registerHistogram('size', buckets as never)).toThrow(/ascending numbers/);
    }
    collector.registerHistogram('size', [1, 2]);
    collector.registerHistogram('size', [1, 2]);
    expect(() => collector.registerHistogram('size', [1, 3])).toThrow(/other buckets already/);
  });
});

describe('counters and gauges', () => {
  it('add up and keep the last value, and read 0 while they are unknown', () => {
    const { collector } = createCollector();
    collector.increment('requests');
    collector.increment('requests', 2);
    collector.gauge('temperature', 7);
    collector.gauge('temperature', 42);
    expect(collector.getCounter('requests')).toBe(3);
    expect(collector.getGauge('temperature')).toBe(42);
    expect([collector.getCounter('none'), collector.getGauge('none')]).toEqual([0, 0]);
  });

  it('refuse impossible values, which are counted', () => {
    const { collector } = createCollector();
    const { dropped } = listen();
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, -1, 1e300, 'x', undefined]) {
      collector.increment('requests', bad === undefined ? (null as never) : (bad as never));
    }
    for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY, 1e300, 'x']) collector.gauge('t', bad as never);
    expect(collector.getCounter('requests')).toBe(0);
    expect(collector.getSummary()).toMatchObject({ counters: {}, gauges: {} });
    expect(dropped).toEqual(Array(10).fill('invalid_value'));
  });

  it('are bounded in number, and take any name', () => {
    const { collector } = createCollector();
    collector.increment('__proto__', 2);
    collector.gauge('constructor', 3);
    for (let i = 0; i < 5000; i++) collector.increment(`c${i}`);
    expect(collector.getCounter('__proto__')).toBe(2);
    expect(collector.getGauge('constructor')).toBe(3);
    expect(collector.getCounter('toString')).toBe(0);
    expect(Object.keys(collector.getSummary().counters)).toHaveLength(1000);
  });
});

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

describe('events', () => {
  it('tell of each timing, gauge and sample of resources', () => {
    const collect = vi.fn();
    const { collector, clock } = createCollector({ collect });
    collector.recordTiming('load', 5, { region: 'eu', user: { id: 1 } });
    collector.gauge('cpu_load', 0.5);
    collector.gauge('heap', 7);
    collector.recordResources(RESOURCES);
    const timestamp = clock.unix();
    expect(collect.mock.calls.map(([event]) => event)).toEqual([
      {
        type: 'response_latency',
        data: { metric: 'load', value: 5, unit: 'ms', tags: { region: 'eu' } },
        timestamp,
      },
      { type: 'cpu_usage', data: { metric: 'cpu_load', value: 0.5, unit: '', tags: {} }, timestamp },
      { type: 'memory_usage', data: { metric: 'heap', value: 7, unit: '', tags: {} }, timestamp },
      { type: 'memory_usage', data: { metric: 'memory_used', value: 400, unit: 'bytes', tags: {} }, timestamp },
      { type: 'cpu_usage', data: { metric: 'cpu_usage', value: 20, unit: 'percent', tags: {} }, timestamp },
    ]);
  });

  it('are not made of what is refused', () => {
    const collect = vi.fn();
    const { collector } = createCollector({ collect });
    collector.recordTiming('load', Number.NaN);
    collector.gauge('heap', Number.NaN);
    expect(collect).not.toHaveBeenCalled();
  });

  it('that throw, reject or never settle harm nothing, and are counted', async () => {
    const { dropped } = listen();
    const results = [
      () => {
        throw new Error('broken');
      },
      () => Promise.reject(new Error('broken')),
      () => new Promise(() => undefined),
    ];
    for (const collect of results) {
      const { collector } = createCollector({ collect });
      collector.recordTiming('load', 5);
      expect(collector.getLatencyStats('load')?.count).toBe(1);
    }
    await vi.waitFor(() => expect(dropped).toEqual(['hook_failed', 'hook_failed']));
  });

  it('need a collector with the method collect', () => {
    expect(() => new PerformanceCollector({} as never)).toThrow(/method collect\(event\)/);
    expect(() => new PerformanceCollector(null as never)).toThrow(/method collect\(event\)/);
  });
});

describe('the full pipeline', () => {
  it('shows at one look what was recorded, with events and resources', () => {
    const collect = vi.fn();
    const { collector, clock } = createCollector({ collect });
    collector.registerHistogram('load', [10, 100]);
    collector.increment('requests', 2);
    collector.gauge('heap', 3);
    for (let i = 0; i < 20; i++) collector.recordTiming('load', 50);
    collector.recordTiming('load', 500);
    collector.recordResources(RESOURCES);
    expect(collector.getSummary()).toMatchObject({
      counters: { requests: 2 },
      gauges: { heap: 3 },
      histograms: { load: { count: 21, sum: 1500 } },
      resources: { memoryUsedBytes: 400, fdCount: 42 },
      collectedAt: clock.unix(),
    });
    expect(collector.getSummary().resources).toBeInstanceOf(ResourceMetrics);
    expect(collector.detectAnomalies('load')).toMatchObject([
      { metricName: 'load', value: 500, anomalyType: 'high_latency', severity: 'critical' },
    ]);
    expect(collect).toHaveBeenCalledTimes(24);
    collector.clear();
    expect(collector.getSummary()).toMatchObject({ counters: {}, gauges: {}, histograms: { load: { count: 0 } } });
    expect(collector.getLatencyStats('load')).toBeUndefined();
  });

  it('does nothing when it is disabled', () => {
    const collect = vi.fn();
    const { collector } = createCollector({ collect }, { enabled: false });
    collector.registerHistogram('load', [10]);
    collector.increment('requests');
    collector.gauge('heap', 3);
    collector.recordTiming('load', 5);
    collector.observe('load', 5);
    collector.recordResources(RESOURCES);
    expect(collector.getSummary()).toMatchObject({
      counters: {},
      gauges: {},
      histograms: { load: { count: 0 } },
      resources: undefined,
    });
    expect(collect).not.toHaveBeenCalled();
  });

  it('shares the numbers of a monitor that is given', () => {
    const monitor = new PerformanceMonitor({ observe: false });
    const collector = new PerformanceCollector(undefined, { monitor });
    collector.recordTiming('load', 5);
    monitor.record('load', 7);
    expect(monitor.getStats('load')?.count).toBe(2);
    expect(collector.getLatencyStats('load')?.maxMs).toBe(7);
    collector.stop();
    expect(monitor.getStats('load')?.count).toBe(2);
    for (const wrong of [{ monitor, sampleRate: 0.5 }, { monitor: {} }, null, 5]) {
      expect(() => new PerformanceCollector(undefined, wrong as never)).toThrow(/"monitor" must be|options must be/);
    }
  });
});
