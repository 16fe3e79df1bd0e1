import { describe, expect, it, vi } from 'vitest';
import { createMonitor, listen } from './create.ts';
import { QUIET, record, times } from './durations.ts';

describe('anomalies', () => {
  it('are a return value, a callback, a log line and a metric, once each', () => {
    const onAnomaly = vi.fn();
    const { monitor, logger } = createMonitor({ ...QUIET, onAnomaly });
    const { seen } = listen();
    record(monitor, [...times(20, 50), 500]);
    const [anomaly, ...others] = monitor.detectAnomalies();
    expect(others).toEqual([]);
    expect(onAnomaly.mock.calls).toEqual([[anomaly]]);
    expect(logger.warn.mock.calls).toEqual([['Anomaly: high latency of load', anomaly]]);
    expect(seen.filter(({ kind }) => kind === 'anomaly')).toEqual([
      {
        kind: 'anomaly',
        anomaly: 'high_latency',
        severity: 'critical',
        subject: 'load',
        time: anomaly?.timestamp,
      },
    ]);
  });

  it('survive callbacks that throw, reject or never settle, which are counted', async () => {
    const { dropped } = listen();
    const callbacks = [
      () => {
        throw new Error('broken');
      },
      () => Promise.reject(new Error('broken')),
      () => new Promise(() => undefined),
    ];
    for (const onAnomaly of callbacks) {
      const { monitor } = createMonitor({
        ...QUIET,
        onAnomaly,
        onSlowOperation: onAnomaly,
        slowOperationThreshold: 400,
      });
      record(monitor, [...times(20, 50), 500]);
      expect(monitor.detectAnomalies()).toHaveLength(1);
      expect(monitor.getStats('load')?.count).toBe(21);
    }
    await vi.waitFor(() => expect(dropped).toEqual(Array(4).fill('hook_failed')));
  });

  it('are kept for an hour, at most a thousand', () => {
    const { monitor, clock } = createMonitor(QUIET);
    record(monitor, [...times(20, 50), 500]);
    clock.advance(3_599_000);
    expect(monitor.detectAnomalies()).toHaveLength(1);
    clock.advance(2000);
    expect(monitor.detectAnomalies()).toEqual([]);
    for (let i = 0; i < 1200; i++) {
      for (const ms of [...times(20, 50), 500]) monitor.record(`op${i % 900}-${Math.floor(i / 900)}`, ms);
    }
    expect(monitor.detectAnomalies().length).toBeLessThanOrEqual(1000);
  });

  it('refuse limits that are none', () => {
    for (const limits of [{ deviations: 0 }, { minPoints: 1.5 }, { memoryUtilization: 2 }, { cpuMs: Number.NaN }]) {
      expect(() => createMonitor({ limits })).toThrow(/limit ".*" must be/);
    }
    expect(() => createMonitor({ limits: { unknown: 1 } as never })).toThrow(/there is no limit "unknown"/);
  });
});

describe('clear()', () => {
  it('forgets what was told too: what is still wrong is told again', () => {
    const { monitor } = createMonitor({ heapLimitMb: 0.001 });
    monitor.getMemoryMetrics();
    monitor.clear();
    expect(monitor.detectAnomalies()).toEqual([]);
    monitor.getMemoryMetrics();
    monitor.getMemoryMetrics();
    expect(monitor.detectAnomalies()).toMatchObject([{ metricName: 'heap_used', severity: 'critical' }]);
  });
});
