import { describe, expect, it } from 'vitest';
import { createPerformanceMonitor } from '../../src/monitor/index.ts';

describe('the configuration', () => {
  it.each([
    [{ config: { flushIntervalMs: 0 } }, /"flushIntervalMs" must be a whole number of milliseconds/],
    [{ config: { aggregationWindowsMs: [7_200_000] } }, /"aggregationWindowsMs" must be .* up to an hour/],
    [{ config: { maxBufferSize: -1 } }, /"maxBufferSize" must be a whole number above 0/],
    [{ config: { longRunningThresholdMs: Number.NaN } }, /"longRunningThresholdMs" must be/],
    [{ config: { errorRateThreshold: 2 } }, /"errorRateThreshold" must be a number from 0 to 1/],
    [{ config: null }, /"config" must be an object/],
    [{ config: { unknown: 1 } }, /there is no option "unknown"/],
    [{ logger: { info() {} } }, /"logger" must have the methods info and warn/],
  ])('is refused when it is wrong: %j', (options, message) => {
    expect(() => createPerformanceMonitor(options as never)).toThrow(message);
  });
});
