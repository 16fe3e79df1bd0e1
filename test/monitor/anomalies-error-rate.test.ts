import { describe, expect, it, vi } from 'vitest';
import type { PerformanceMonitor } from '../../src/monitor/index.ts';
import { SeriesTable } from '../../src/monitor/series-table.ts';
import { createMonitor } from './create.ts';
import { createRandom } from './random.ts';
import type { SimulatedClock } from './simulated-clock.ts';

describe('a high error rate', () => {
  const calls = (monitor: PerformanceMonitor, clock: SimulatedClock, count: number, errorEvery: number) => {
    for (let i = 1; i <= count; i++) {
      monitor.record('load', 10, i % errorEvery === 0 ? { errorType: 'timeout' } : {});
      clock.advance(1000);
    }
  };

  it('is told once above its threshold, and once more when it is over', () => {
    const { monitor, clock } = createMonitor({ samplingWindowSeconds: 60 });
    calls(monitor, clock, 100, 11);
    expect(monitor.detectAnomalies()).toEqual([]);
    calls(monitor, clock, 60, 2);
    expect(monitor.detectAnomalies()).toMatchObject([{ anomalyType: 'high_error_rate', metricName: 'load' }]);
    calls(monitor, clock, 900, 1000);
    expect(monitor.detectAnomalies().map(({ severity }) => severity)).toEqual(['warning', 'info']);
  });

  it('needs twenty calls', () => {
    const { monitor, clock } = createMonitor();
    calls(monitor, clock, 19, 1);
    expect(monitor.detectAnomalies()).toEqual([]);
    calls(monitor, clock, 1, 1);
    expect(monitor.detectAnomalies()).toMatchObject([{ value: 1, threshold: 0.1, severity: 'critical' }]);
  });

  it('is found at the very run that makes it high, though calls are not counted at each error', () => {
    const counted = vi.spyOn(SeriesTable.prototype, 'matching');
    const random = createRandom(5);
    for (let round = 0; round < 50; round++) {
      const { monitor } = createMonitor();
      const share = [0.02, 0.05, 0.08, 0.12, 0.3][round % 5] as number;
      let errors = 0;
      let found: number | undefined;
      for (let calls = 1; calls <= 500 && found === undefined; calls++) {
        const fails = random() < share;
        if (fails) errors++;
        monitor.record('load', 10, fails ? { errorType: 'timeout' } : {});
        const isHigh = fails && calls >= 20 && errors / calls > 0.1;
        if (isHigh) found = errors / calls;
        expect(monitor.detectAnomalies().map(({ value }) => value)).toEqual(isHigh ? [found] : []);
      }
    }
    counted.mockClear();
    const { monitor } = createMonitor();
    for (let i = 1; i <= 2000; i++) monitor.record('load', 10, i % 20 === 0 ? { errorType: 'timeout' } : {});
    expect(counted.mock.calls.length).toBeLessThan(60);
    counted.mockRestore();
  });

  it('has a threshold of its own by option and by variable', () => {
    const { monitor, clock } = createMonitor({ errorRateThreshold: 0.6 });
    calls(monitor, clock, 100, 2);
    expect(monitor.detectAnomalies()).toEqual([]);
    vi.stubEnv('ERROR_RATE_THRESHOLD', '0.4');
    const lower = createMonitor();
    vi.unstubAllEnvs();
    calls(lower.monitor, lower.clock, 100, 2);
    expect(lower.monitor.detectAnomalies()).toMatchObject([{ threshold: 0.4 }]);
  });
});
