import { describe, expect, it } from 'vitest';
import type { PerformanceMonitor } from '../../src/monitor/index.ts';
import { createMonitor } from './create.ts';
import type { SimulatedClock } from './simulated-clock.ts';

describe('low throughput', () => {
  const run = (monitor: PerformanceMonitor, clock: SimulatedClock, minutes: number, perSecond: number) => {
    for (let tick = 0; tick < minutes * 60; tick++) {
      for (let i = 0; i < perSecond; i++) monitor.record('load', 10);
      clock.advance(1000);
      if (tick % 10 === 9) monitor.detectAnomalies();
    }
  };

  it('is told once below half of the rate of the hour, and once more when it is back', () => {
    const { monitor, clock } = createMonitor();
    run(monitor, clock, 30, 10);
    run(monitor, clock, 5, 4);
    expect(monitor.detectAnomalies()).toMatchObject([
      { metricName: 'requests', anomalyType: 'low_throughput', severity: 'warning' },
    ]);
    run(monitor, clock, 5, 10);
    expect(monitor.detectAnomalies().map(({ severity }) => severity)).toEqual(['warning', 'info']);
  });

  it('is told when nothing comes any more', () => {
    const { monitor, clock } = createMonitor();
    run(monitor, clock, 30, 10);
    run(monitor, clock, 3, 0);
    expect(monitor.detectAnomalies()).toHaveLength(1);
  });

  it('compares with the traffic since clear()', () => {
    const { monitor, clock } = createMonitor();
    run(monitor, clock, 30, 10);
    monitor.clear();
    run(monitor, clock, 15, 10);
    expect(monitor.detectAnomalies()).toEqual([]);
    run(monitor, clock, 2, 3);
    expect(monitor.detectAnomalies()).toMatchObject([{ anomalyType: 'low_throughput', threshold: 5 }]);
  });

  it('is not told of little traffic, of a young process, and of what only varies', () => {
    const young = createMonitor();
    run(young.monitor, young.clock, 5, 10);
    run(young.monitor, young.clock, 5, 0);
    const small = createMonitor();
    for (let minute = 0; minute < 60; minute++) {
      small.monitor.record('load', 10);
      small.clock.advance(60_000);
    }
    small.clock.advance(600_000);
    const varied = createMonitor();
    for (const rate of [10, 8, 12, 9, 7, 11]) run(varied.monitor, varied.clock, 10, rate);
    for (const { monitor } of [young, small, varied]) expect(monitor.detectAnomalies()).toEqual([]);
  });
});
