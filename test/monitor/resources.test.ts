import { describe, expect, it, vi } from 'vitest';
import { ResourceMetrics } from '../../src/monitor/index.ts';
import { createCollector, createMonitor, listen } from './create.ts';

const SAMPLE = {
  memoryUsedBytes: 500,
  memoryTotalBytes: 1000,
  cpuUsagePercent: 20,
  diskUsedBytes: 30,
  diskTotalBytes: 120,
};
const isLinux = process.platform === 'linux';

describe('ResourceMetrics', () => {
  it('tells shares, and 0 where a total is 0 or unknown', () => {
    const metrics = new ResourceMetrics(SAMPLE);
    expect([metrics.memoryUtilization(), metrics.diskUtilization()]).toEqual([0.5, 0.25]);
    const unknown = new ResourceMetrics({ memoryUsedBytes: 500, memoryTotalBytes: 0, diskUsedBytes: 5 });
    expect([unknown.memoryUtilization(), unknown.diskUtilization()]).toEqual([0, 0]);
    expect(new ResourceMetrics({ ...SAMPLE, diskTotalBytes: 0 }).diskUtilization()).toBe(0);
  });
});

describe('recordResources', () => {
  it('keeps one hour', () => {
    const { collector, clock } = createCollector();
    for (let i = 0; i < 400; i++) {
      collector.recordResources({ ...SAMPLE, memoryUsedBytes: i });
      clock.advance(10_000);
    }
    const history = collector.getResourceHistory();
    expect(history).toHaveLength(359);
    expect(history[0]?.memoryUsedBytes).toBe(41);
    expect(collector.getSummary().resources?.memoryUsedBytes).toBe(399);
    clock.advance(3_600_000);
    expect(collector.getResourceHistory()).toEqual([]);
  });

  it('keeps a bounded number', () => {
    const { collector, clock } = createCollector();
    for (let i = 0; i < 10_000; i++) {
      collector.recordResources(SAMPLE);
      clock.advance(1);
    }
    expect(collector.getResourceHistory()).toHaveLength(3600);
  });

  it('refuses impossible numbers, which are counted', () => {
    const { collector } = createCollector();
    const { dropped } = listen();
    for (const wrong of [
      { ...SAMPLE, memoryUsedBytes: Number.NaN },
      { ...SAMPLE, cpuUsagePercent: -1 },
      { ...SAMPLE, diskTotalBytes: Number.POSITIVE_INFINITY },
      { ...SAMPLE, fdCount: '5' },
      { cpuUsagePercent: 5 },
      null,
    ]) {
      collector.recordResources(wrong as never);
    }
    expect(collector.getResourceHistory()).toEqual([]);
    expect(dropped).toEqual(Array(6).fill('invalid_value'));
  });
});

describe('high memory', () => {
  it('is told once above nine tenths, and once more when it is over', () => {
    const { collector } = createCollector();
    for (const memoryUsedBytes of [900, 901, 950, 905, 899, 500])
      collector.recordResources({ ...SAMPLE, memoryUsedBytes });
    expect(collector.detectAnomalies('memory_utilization')).toMatchObject([
      { anomalyType: 'high_memory', value: 0.901, threshold: 0.9, severity: 'warning' },
      { anomalyType: 'high_memory', value: 0.899, severity: 'info' },
    ]);
  });

  it('is told of the heap where it has a limit', () => {
    const { monitor, logger } = createMonitor({ heapLimitMb: 1 });
    const memory = monitor.getMemoryMetrics();
    monitor.getMemoryMetrics();
    expect(memory?.heapUsed).toBeGreaterThan(1);
    expect(memory?.rss).toBeGreaterThan(memory?.heapUsed ?? Number.NaN);
    expect(monitor.detectAnomalies('heap_used')).toMatchObject([{ anomalyType: 'high_memory', threshold: 1 }]);
    expect(logger.warn).toHaveBeenCalledTimes(1);
    expect(createMonitor({ heapLimitMb: 1e6 }).monitor.getMemoryMetrics()).toBeDefined();
    expect(createMonitor({ heapLimitMb: 1e6 }).monitor.detectAnomalies()).toEqual([]);
  });
});

describe('high CPU', () => {
  it('is told after a minute above 90 %, once, and ends with the first sample below', () => {
    const { collector, clock } = createCollector();
    const run = (percents: number[]) => {
      for (const cpuUsagePercent of percents) {
        collector.recordResources({ ...SAMPLE, cpuUsagePercent });
        clock.advance(10_000);
      }
    };
    run([95, 95, 95, 95, 95, 95, 50, 95, 95, 95, 95, 95, 95]);
    expect(collector.detectAnomalies()).toEqual([]);
    run([96, 97, 98, 90]);
    expect(collector.detectAnomalies('cpu_usage')).toMatchObject([
      { anomalyType: 'high_cpu', value: 96, threshold: 90, severity: 'warning' },
      { value: 90, severity: 'info' },
    ]);
  });
});

describe('startResourceSampling', () => {
  it('records what this process uses, now and from time to time, until it is stopped', async () => {
    const collect = vi.fn();
    const { collector } = createCollector({ collect });
    const stop = collector.startResourceSampling({ intervalMs: 20 });
    await vi.waitFor(() => expect(collector.getSummary().resources?.cpuUsagePercent).toBeDefined());
    stop();
    stop();
    const count = collector.getResourceHistory().length;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(collector.getResourceHistory()).toHaveLength(count);
    const latest = collector.getSummary().resources as ResourceMetrics;
    expect(latest.memoryUsedBytes).toBeGreaterThan(10e6);
    expect(latest.memoryUtilization()).toBeGreaterThan(0);
    expect(latest.memoryUtilization()).toBeLessThan(1);
    expect(latest.diskUtilization()).toBeGreaterThan(0);
    expect(latest.cpuUsagePercent).toBeGreaterThanOrEqual(0);
    expect(latest.cpuUsagePercent).toBeLessThanOrEqual(100);
    if (isLinux) {
      expect(latest.threadCount).toBeGreaterThan(3);
      expect(latest.fdCount).toBeGreaterThan(3);
    }
    expect(collect.mock.calls.map(([{ data }]) => data.metric)).toEqual(
      expect.arrayContaining(['memory_used', 'cpu_usage']),
    );
  });

  it('ends with the collector, and replaces the one before', async () => {
    const { collector } = createCollector();
    collector.startResourceSampling({ intervalMs: 5 });
    collector.startResourceSampling({ intervalMs: 1_000_000 });
    await vi.waitFor(() => expect(collector.getResourceHistory().length).toBeGreaterThan(0));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(collector.getResourceHistory()).toHaveLength(1);
    collector.startResourceSampling({ intervalMs: 5 });
    collector.stop();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(collector.getResourceHistory()).toHaveLength(1);
  });

  it('refuses an interval that is none', () => {
    const { collector } = createCollector();
    for (const intervalMs of [0, -1, Number.NaN, '5' as never]) {
      expect(() => collector.startResourceSampling({ intervalMs })).toThrow(/"intervalMs" must be/);
    }
  });

  it('does nothing where there is no Node', async () => {
    const { collector } = createCollector();
    vi.stubGlobal('process', undefined);
    try {
      collector.startResourceSampling();
      await Promise.resolve();
      expect(collector.getMemoryMetrics()).toBeUndefined();
    } finally {
      vi.unstubAllGlobals();
    }
    expect(collector.getResourceHistory()).toEqual([]);
  });
});
