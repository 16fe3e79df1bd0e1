import { describe, expect, it } from 'vitest';
import type { PerformanceMonitor } from '../../src/monitor/index.ts';
import { createMonitor } from './create.ts';
import { QUIET, record, times } from './durations.ts';
import { createNormal, createRandom } from './random.ts';

const values = (monitor: PerformanceMonitor) => monitor.detectAnomalies('load').map(({ value }) => value);

describe('high latency', () => {
  it('is exactly the outlier, which does not distort what is usual', () => {
    const { monitor, clock } = createMonitor();
    record(monitor, [...times(20, 50), 500, 50.1]);
    expect(monitor.detectAnomalies()).toEqual([
      {
        metricName: 'load',
        value: 500,
        threshold: 57.5,
        anomalyType: 'high_latency',
        timestamp: clock.unix(),
        severity: 'critical',
      },
    ]);
  });

  it('needs twenty points, or as many as are asked for', () => {
    const { monitor } = createMonitor();
    record(monitor, [...times(19, 50), 500]);
    expect(monitor.detectAnomalies()).toEqual([]);
    const few = createMonitor({ limits: { minPoints: 5 } }).monitor;
    record(few, [...times(5, 50), 500]);
    expect(values(few)).toEqual([500]);
  });

  it('is a warning up to twice the threshold, and critical beyond', () => {
    const { monitor } = createMonitor();
    record(monitor, [...times(100, 100), 115.1, ...times(100, 100), 230.2]);
    expect(monitor.detectAnomalies().map(({ value, severity }) => [value, severity])).toEqual([
      [115.1, 'warning'],
      [230.2, 'critical'],
    ]);
  });

  it.each([1, 2, 3, 4, 5])('finds exactly the known outliers of a seeded series (%i)', (seed) => {
    const { monitor, clock } = createMonitor(QUIET);
    const normal = createNormal(seed);
    const outliers = new Set([150, 700, 701, 1500, 2222, 2900]);
    for (let i = 0; i < 3000; i++) {
      monitor.record('load', outliers.has(i) ? 200 + i / 100 : 100 + 5 * normal());
      clock.advance(1000);
    }
    // Of two in a row the first one is news.
    expect(values(monitor)).toEqual([150, 700, 1500, 2222, 2900].map((i) => 200 + i / 100));
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('is not found in an hour of usual traffic, however skewed (%i)', (seed) => {
    const { monitor, clock } = createMonitor(QUIET);
    const [normal, random] = [createNormal(seed), createRandom(seed)];
    const shapes = {
      steady: () => 100 + 5 * normal(),
      skewed: () => 20 * Math.exp(0.5 * normal()),
      even: () => 10 + 90 * random(),
      twofold: () => (random() < 0.2 ? 200 : 10) + random(),
      constant: () => 50,
      coarse: () => Math.round(3 * random()),
    };
    for (let second = 0; second < 3600; second++) {
      for (const [name, shape] of Object.entries(shapes)) monitor.record(name, shape());
      clock.advance(1000);
    }
    expect(monitor.detectAnomalies()).toEqual([]);
  });

  it.each([1, 2, 3])('finds exactly the known outliers of a skewed series (%i)', (seed) => {
    const { monitor, clock } = createMonitor(QUIET);
    const normal = createNormal(seed);
    const outliers = [400, 1100, 2900];
    for (let i = 0; i < 3600; i++) {
      monitor.record('load', outliers.includes(i) ? 300 + i / 100 : 20 * Math.exp(0.5 * normal()));
      clock.advance(1000);
    }
    expect(values(monitor)).toEqual(outliers.map((i) => 300 + i / 100));
  });

  it('tells of a level that shifts once, and takes it for usual then', () => {
    const { monitor, clock, logger } = createMonitor(QUIET);
    const normal = createNormal(7);
    const run = (level: number, seconds: number) => {
      for (let i = 0; i < seconds; i++) {
        monitor.record('load', level + 5 * normal());
        clock.advance(1000);
      }
    };
    run(100, 600);
    run(300, 600);
    expect(monitor.detectAnomalies()).toMatchObject([{ anomalyType: 'high_latency', severity: 'critical' }]);
    expect(logger.warn).toHaveBeenCalledTimes(1);
    monitor.record('load', 900);
    expect(values(monitor)).toHaveLength(2);
    run(100, 60);
    expect(values(monitor)).toHaveLength(2);
  });

  it('says when a burst is over', () => {
    const { monitor } = createMonitor(QUIET);
    record(monitor, [...times(50, 100), ...times(10, 500), ...times(10, 100)]);
    expect(monitor.detectAnomalies().map(({ value, severity }) => [value, severity])).toEqual([
      [500, 'critical'],
      [100, 'info'],
    ]);
  });

  it('is judged for each operation by itself', () => {
    const { monitor } = createMonitor(QUIET);
    record(monitor, times(30, 10), 'quick');
    record(monitor, times(30, 500), 'load');
    record(monitor, [500], 'quick');
    expect(monitor.detectAnomalies('load')).toEqual([]);
    expect(monitor.detectAnomalies('quick')).toHaveLength(1);
  });
});
