import { describe, expect, it, vi } from 'vitest';
import type { PerformanceMonitor } from '../../src/monitor/index.ts';
import { SeriesTable } from '../../src/monitor/series-table.ts';
import { createMonitor, listen } from './create.ts';
import { createNormal, createRandom } from './random.ts';
import type { SimulatedClock } from './simulated-clock.ts';

const QUIET = { slowOperationThreshold: 1e9 };

function record(monitor: PerformanceMonitor, durations: readonly number[], name = 'load'): void {
  for (const ms of durations) monitor.record(name, ms);
}
const values = (monitor: PerformanceMonitor) => monitor.detectAnomalies('load').map(({ value }) => value);
const times = (count: number, ms: number): number[] => Array(count).fill(ms);

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
