import { describe, expect, it } from 'vitest';
import { PerformanceMonitor } from '../../src/monitor/index.ts';
import { createMonitor } from './create.ts';

describe('options', () => {
  it.each([
    [{ slowOperationThreshold: -1 }, /"slowOperationThreshold" must be a number above 0/],
    [{ slowOperationThreshold: Number.NaN }, /"slowOperationThreshold" must be/],
    [{ slowOperationThreshold: 10, verySlowOperationThreshold: 5 }, /"verySlowOperationThreshold" must not be below/],
    [{ maxMetricsPerOperation: 0 }, /"maxMetricsPerOperation" must be a whole number above 0/],
    [{ maxOperations: 1.5 }, /"maxOperations" must be/],
    [{ errorRateThreshold: 2 }, /"errorRateThreshold" must be a number from 0 to 1/],
    [{ enabled: 'yes' }, /"enabled" must be true or false/],
    [{ heapLimitMb: 0 }, /"heapLimitMb" must be/],
    [{ onSlowOperation: 5 }, /"onSlowOperation" must be a function/],
    [{ logger: {} }, /"logger" must have the methods info and warn/],
    [{ errorReporter: {} }, /"errorReporter" must have the methods report/],
    [{ limits: null }, /"limits" must be an object/],
    [{ limits: { deviations: Number.NaN } }, /limit "deviations" must be/],
    [{ storage: {} }, /"storage" must have the methods insertMetric/],
    [{ redact: 'password' }, /"redact" must be/],
    [{ slowThreshold: 5 }, /there is no option "slowThreshold"/],
    [null, /options must be an object/],
  ])('that are wrong throw and name themselves: %j', (options, message) => {
    expect(() => new PerformanceMonitor(options as never)).toThrow(message);
  });

  it('give limits, of which those that are undefined stay as they are', () => {
    const { monitor } = createMonitor({ limits: { minPoints: undefined as never, deviations: 4 } });
    for (let i = 0; i < 20; i++) monitor.record('load', 50);
    monitor.record('load', 500);
    expect(monitor.detectAnomalies()).toMatchObject([{ value: 500, threshold: 60 }]);
  });

  it('give a threshold that can be set later, to a number above 0', () => {
    const { monitor } = createMonitor();
    monitor.slowThresholdMs = 5;
    monitor.record('load', 6);
    expect(monitor.getSlowOperations()).toHaveLength(1);
    for (const wrong of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 'x', '5']) {
      expect(() => {
        monitor.slowThresholdMs = wrong as number;
      }).toThrow(/"slowThresholdMs" must be/);
    }
  });
});
