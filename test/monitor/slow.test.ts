import { describe, expect, it, vi } from 'vitest';
import { createMonitor, listen } from './create.ts';

describe('a slow operation', () => {
  it('is told with its severity to callback, log, error reporter and metric', () => {
    const [onSlowOperation, report] = [vi.fn(), vi.fn()];
    const { monitor, clock, logger } = createMonitor({ onSlowOperation, errorReporter: { report } });
    const { seen } = listen();
    monitor.record('load', 1000);
    monitor.record('load', 1001, { metadata: { user: 'u1', token: 'secret' } });
    monitor.record('load', 5001);
    const timestamp = clock.unix();
    const metadata = { user: 'u1', token: '[redacted]' };
    expect(onSlowOperation.mock.calls).toEqual([
      [{ operation: 'load', duration: 1001, metadata, severity: 'slow', timestamp }],
      [{ operation: 'load', duration: 5001, metadata: undefined, severity: 'very_slow', timestamp }],
    ]);
    expect(monitor.getSlowOperations()).toEqual(onSlowOperation.mock.calls.map(([slow]) => slow));
    expect(logger.warn.mock.calls.map(([message]) => message)).toEqual([
      'Slow operation: load',
      'Very slow operation: load',
    ]);
    expect(report.mock.calls).toEqual([
      [new Error('Slow operation: load'), { severity: 'warning', metadata }],
      [new Error('Slow operation: load'), { severity: 'warning', metadata: undefined }],
    ]);
    expect(seen.filter((o) => o.kind === 'anomaly')).toMatchObject([
      { anomaly: 'slow_operation', severity: 'warning' },
      { anomaly: 'slow_operation', severity: 'critical' },
    ]);
  });

  it('has thresholds by option and by variable, the option first', () => {
    vi.stubEnv('SLOW_REQUEST_THRESHOLD_MS', '200');
    expect(createMonitor().monitor.slowThresholdMs).toBe(200);
    expect(createMonitor({ slowOperationThreshold: 300 }).monitor.slowThresholdMs).toBe(300);
    vi.stubEnv('GAUGEWAY_SLOW_REQUEST_THRESHOLD_MS', '250');
    expect(createMonitor().monitor.slowThresholdMs).toBe(250);
    vi.stubEnv('GAUGEWAY_SLOW_REQUEST_THRESHOLD_MS', 'quick');
    const { monitor, logger } = createMonitor();
    vi.unstubAllEnvs();
    expect(monitor.slowThresholdMs).toBe(200);
    expect(logger.warn.mock.calls[0]?.[0]).toMatch(/GAUGEWAY_SLOW_REQUEST_THRESHOLD_MS/);
  });

  it('is kept a hundred times', () => {
    const { monitor } = createMonitor();
    for (let i = 0; i < 500; i++) monitor.record('load', 2000 + i);
    const slow = monitor.getSlowOperations();
    expect([slow.length, slow[0]?.duration]).toEqual([100, 2400]);
  });

  it('is logged twenty times a second, and the next line tells how many were not', () => {
    const onSlowOperation = vi.fn();
    const { monitor, clock, logger } = createMonitor({ onSlowOperation });
    for (let i = 0; i < 500; i++) monitor.record('load', 2000);
    expect(logger.warn).toHaveBeenCalledTimes(20);
    clock.advance(1000);
    monitor.record('load', 2000);
    expect(logger.warn.mock.calls.at(-1)?.[1]).toMatchObject({ operation: 'load', suppressed: 480 });
    expect(onSlowOperation).toHaveBeenCalledTimes(501);
  });

  it('does not call a callback from within itself', () => {
    const onSlowOperation = vi.fn(() => monitor.record('within', 9000));
    const { monitor } = createMonitor({ onSlowOperation });
    monitor.record('load', 2000);
    expect(onSlowOperation).toHaveBeenCalledTimes(1);
    expect(monitor.getSlowOperations().map(({ operation }) => operation)).toEqual(['load', 'within']);
  });

  it('harms nothing with a reporter or a logger that throws or rejects', async () => {
    const { dropped } = listen();
    const logger = {
      info: vi.fn(),
      warn: () => {
        throw new Error('broken');
      },
    };
    const { monitor } = createMonitor({ logger, errorReporter: { report: () => Promise.reject(new Error('no')) } });
    expect(monitor.trackOperation('load', () => 5)).toBe(5);
    monitor.record('load', 2000);
    expect(monitor.getStats('load')?.count).toBe(2);
    await vi.waitFor(() => expect(dropped).toEqual(['hook_failed', 'hook_failed']));
  });
});

describe('clocks', () => {
  it('that are set, back or ahead, change no duration and no window', () => {
    const { monitor, clock } = createMonitor();
    for (const hours of [-24, 48, -1, 0, 1000]) {
      const timer = monitor.startTimer('load');
      clock.setWallClock(clock.unix() + hours * 3_600_000);
      clock.advance(10);
      expect(timer.stop()).toBe(10);
      clock.advance(1000);
    }
    expect(monitor.getStats('load')).toMatchObject({ count: 5, minDuration: 10, maxDuration: 10 });
    expect(monitor.getThroughputStats(60)?.requestsPerSecond).toBeCloseTo(5 / 60);
    expect(monitor.detectAnomalies()).toEqual([]);
    const timestamps = monitor
      .exportMetrics()
      .get('load')
      ?.map(({ timestamp }) => timestamp);
    expect(timestamps?.at(-1)).toBe(clock.unix() - 1000);
  });

  it('that are set do not disturb what is told of the last minutes', () => {
    const { monitor, clock } = createMonitor();
    for (let minute = 0; minute < 30; minute++) {
      monitor.record('load', 10);
      clock.setWallClock(clock.unix() + (minute % 2 === 0 ? 7_200_000 : -7_200_000));
      clock.advance(60_000);
    }
    expect(monitor.getTrend('load')).toMatchObject({ recentCount: 5, throughput: { direction: 'steady' } });
  });
});
