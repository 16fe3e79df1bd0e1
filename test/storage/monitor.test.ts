import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PerformanceMonitor, type PerformanceMonitorOptions } from 'gaugeway/monitor';
import { MetricsStorage } from 'gaugeway/storage';
import { describe, expect, it } from 'vitest';
import { atEnd, folder } from './folder.ts';

function monitored(options: PerformanceMonitorOptions = {}) {
  const storage = new MetricsStorage(join(folder(), 'metrics.db'));
  const monitor = new PerformanceMonitor({ ...options, storage });
  atEnd(() => {
    monitor.stop();
    storage.close();
  });
  return { storage, monitor };
}

describe('a monitor with a storage', () => {
  it('stores an operation of 100 ms as one of 90 to 110 ms without an error', async () => {
    const { monitor, storage } = monitored();
    await monitor.monitor('test_operation', () => sleep(100));
    const rows = storage.getMetrics('test_operation');
    expect(rows).toHaveLength(1);
    expect(rows[0]?.error).toBe(false);
    expect(rows[0]?.duration).toBeGreaterThanOrEqual(90);
    // A loaded machine wakes late, and the clock of this test cannot be held.
    expect(rows[0]?.duration).toBeLessThan(1000);
  });

  it('stores ten rows of ten operations at once', async () => {
    const { monitor, storage } = monitored();
    await Promise.all(Array.from({ length: 10 }, () => monitor.monitor('concurrent', () => sleep(5))));
    expect(storage.getMetrics('concurrent')).toHaveLength(10);
  });

  it('stores a failing operation with its error and passes the very error on', async () => {
    const { monitor, storage } = monitored();
    const error = new RangeError('secret message');
    await expect(monitor.monitor('failing', async () => Promise.reject(error))).rejects.toBe(error);
    expect(storage.getMetrics('failing')).toMatchObject([{ error: true, errorType: 'RangeError', stack: undefined }]);
    expect(JSON.stringify(storage.getMetrics('failing'))).not.toContain('secret message');
  });

  it('stores stacks only when it is told to', async () => {
    const { monitor, storage } = monitored({ captureStacks: true });
    await expect(monitor.monitor('failing', async () => Promise.reject(new Error('no')))).rejects.toThrow();
    expect(storage.getMetrics('failing')[0]?.stack).toMatch(/monitor\.test/);
  });

  it('finds the slow ones', () => {
    const { monitor, storage } = monitored({ slowOperationThreshold: 1 });
    monitor.monitor('work', () => undefined);
    monitor.monitor('work', () => {
      const until = performance.now() + 3;
      while (performance.now() < until);
    });
    const slow = storage.getMetricsInWindow('work', { windowSeconds: 60, filterSlow: true });
    expect(slow.length).toBeGreaterThanOrEqual(1);
    for (const { isSlow, duration } of slow) expect(isSlow && duration > 1).toBe(true);
  });

  it('stores an outcome that nobody told as unknown, never as success', () => {
    const { monitor, storage } = monitored();
    {
      using _ = monitor.monitor('scoped');
    }
    {
      using timed = monitor.monitor('scoped');
      timed.succeed();
    }
    expect(storage.getMetrics('scoped').map(({ error }) => error)).toEqual([undefined, false]);
    expect(storage.getAggregatedStats('scoped')).toMatchObject({ totalCount: 2, errorCount: 0, errorRate: 0 });
  });

  it('is reached through the monitor', () => {
    const { monitor, storage } = monitored();
    expect(monitor.storage).toBe(storage);
    monitor.trackOperation('load', () => 1);
    expect(monitor.storage.getMetrics('load')).toHaveLength(1);
    expect(new PerformanceMonitor({ observe: false }).storage).toBeUndefined();
  });
});
