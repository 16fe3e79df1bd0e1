import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type DropReason,
  instrumentOrchestrator,
  jobs,
  modelCalls,
  type Observation,
  observe,
  observeEventBus,
} from '../../src/index.ts';
import {
  AGGREGATION_WINDOW,
  createPerformanceMonitor,
  METRIC_TYPE,
  type PlatformMonitor,
  type PlatformMonitorOptions,
} from '../../src/monitor/index.ts';
import { publishEnd, publishStart } from '../../src/observe.ts';
import { SimulatedClock } from './simulated-clock.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function create(options: PlatformMonitorOptions = {}) {
  const clock = new SimulatedClock();
  const logger = { info: vi.fn(), warn: vi.fn() };
  const monitor = createPerformanceMonitor({ logger, clock, ...options });
  stops.push(() => monitor.stop());
  return { monitor, clock, logger };
}

function listen() {
  const seen: Observation[] = [];
  const dropped: DropReason[] = [];
  stops.push(
    observe({ observed: (o) => seen.push(o), dropped: (reason, count) => dropped.push(...Array(count).fill(reason)) }),
  );
  return { seen, dropped };
}

const TAGS = { modelId: 'gpt-5-mini', provider: 'openai', operation: 'chat' };
const minute = (monitor: PlatformMonitor, type: (typeof METRIC_TYPE)[keyof typeof METRIC_TYPE], tags = {}) =>
  monitor.getAggregatedStats({ type, tags, windowMs: AGGREGATION_WINDOW.ONE_MINUTE });

describe('points', () => {
  it('are added to the buffer by each record method', () => {
    const { monitor, clock } = create();
    monitor.recordLatency(120, TAGS);
    monitor.recordThroughput(300, 2000, TAGS);
    monitor.recordError(TAGS);
    monitor.recordJobDuration('job-1', 5000, { name: 'report' });
    const timestamp = clock.unix();
    expect(monitor.getBuffer()).toEqual([
      { type: METRIC_TYPE.LATENCY, value: 120, timestamp, tags: TAGS },
      { type: METRIC_TYPE.TOKEN_THROUGHPUT, value: 150, timestamp, tags: TAGS },
      { type: METRIC_TYPE.ERROR_RATE, value: 1, timestamp, tags: TAGS },
      { type: METRIC_TYPE.JOB_DURATION, value: 5000, timestamp, tags: { name: 'report', jobId: 'job-1' } },
    ]);
  });

  it('are handed out as a copy, and cleared on demand while the windows keep them', () => {
    const { monitor } = create();
    monitor.recordLatency(120, TAGS);
    const [point] = monitor.getBuffer();
    (point as { value: number }).value = 0;
    (point as { tags: Record<string, string> }).tags.modelId = 'changed';
    expect(monitor.getBuffer()).toMatchObject([{ value: 120, tags: TAGS }]);
    monitor.clearBuffer();
    expect(monitor.getBuffer()).toEqual([]);
    expect(minute(monitor, METRIC_TYPE.LATENCY)?.count).toBe(1);
  });

  it('leave the buffer from the oldest when it is full, which is counted', () => {
    const { monitor } = create({ config: { maxBufferSize: 100 } });
    const { dropped } = listen();
    for (let ms = 1; ms <= 250; ms++) monitor.recordLatency(ms, TAGS);
    expect(monitor.getBuffer().map((point) => point.value)).toEqual(Array.from({ length: 100 }, (_, i) => i + 151));
    monitor.flush();
    expect(dropped).toEqual(Array(150).fill('buffer_full'));
    expect(minute(monitor, METRIC_TYPE.LATENCY)?.count).toBe(250);
  });

  it('are not made of impossible values, which are counted', () => {
    const { monitor } = create();
    const { dropped } = listen();
    for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY, 1e300]) monitor.recordLatency(value, TAGS);
    monitor.recordThroughput(100, 0, TAGS);
    monitor.recordThroughput(100, -5, TAGS);
    monitor.recordThroughput(Number.NaN, 5, TAGS);
    expect(monitor.getBuffer()).toEqual([]);
    expect(dropped).toEqual(Array(7).fill('invalid_value'));
  });

  it('are not made by a disabled monitor', () => {
    const { monitor, logger } = create({ enabled: false, eventBus: new EventEmitter() });
    monitor.recordLatency(1, TAGS);
    monitor.recordJobDuration('1', 1e9, {});
    monitor.flush();
    expect(monitor.getBuffer()).toEqual([]);
    expect(logger.warn).not.toHaveBeenCalled();
  });
});

describe('aggregated statistics', () => {
  it('are given by group, by a part of the tags, and over all groups', () => {
    const { monitor } = create();
    for (let ms = 1; ms <= 100; ms++) monitor.recordLatency(ms, { ...TAGS, modelId: ms % 2 === 0 ? 'even' : 'odd' });
    expect(minute(monitor, METRIC_TYPE.LATENCY)).toEqual({
      count: 100,
      min: 1,
      max: 100,
      avg: 50.5,
      p50: 50,
      p90: 90,
      p99: 99,
    });
    expect(minute(monitor, METRIC_TYPE.LATENCY, { modelId: 'even' })).toMatchObject({ count: 50, min: 2, p50: 50 });
    expect(minute(monitor, METRIC_TYPE.LATENCY, { provider: 'openai', modelId: 'odd' })?.max).toBe(99);
    expect(minute(monitor, METRIC_TYPE.LATENCY, { provider: 'nobody' })).toBeUndefined();
  });

  it('cover the window that is asked for, at any age', () => {
    const { monitor, clock } = create({ maxMetricsPerOperation: 10 });
    const counts = () =>
      Object.values(AGGREGATION_WINDOW).map(
        (windowMs) => monitor.getAggregatedStats({ type: METRIC_TYPE.LATENCY, windowMs })?.count ?? 0,
      );
    for (let second = 0; second < 7200; second++) {
      monitor.recordLatency(second % 100, TAGS);
      clock.advance(1000);
    }
    expect(counts()).toEqual([60, 300, 3600]);
    clock.advance(AGGREGATION_WINDOW.ONE_HOUR + 300_000);
    expect(counts()).toEqual([0, 0, 0]);
  });

  it('are exact over a window as long as its points are kept', () => {
    const { monitor, clock } = create();
    for (let second = 0; second < 400; second++) {
      monitor.recordLatency(second, TAGS);
      clock.advance(1000);
    }
    expect(minute(monitor, METRIC_TYPE.LATENCY)).toMatchObject({ count: 60, min: 340, max: 399 });
  });

  it('ignore a wall clock that is set', () => {
    const { monitor, clock } = create();
    for (const hours of [0, -5, 24, -100]) {
      clock.setWallClock(clock.unix() + hours * 3_600_000);
      monitor.recordLatency(10, TAGS);
      clock.advance(1000);
    }
    expect(minute(monitor, METRIC_TYPE.LATENCY)?.count).toBe(4);
    clock.advance(61_000);
    expect(minute(monitor, METRIC_TYPE.LATENCY)).toBeUndefined();
    expect(monitor.getBuffer().map(({ timestamp }) => timestamp)).toEqual(
      [0, -5, 19, -81].map((hours, i) => 1_800_000_000_000 + hours * 3_600_000 + i * 1000),
    );
  });
});

describe('flush', () => {
  it('logs the statistics of each group and window, and empties the buffer', () => {
    const { monitor, logger } = create({ config: { aggregationWindowsMs: [60_000] } });
    monitor.recordLatency(100, TAGS);
    monitor.recordLatency(300, TAGS);
    monitor.recordJobDuration('7', 5, { name: 'report' });
    monitor.flush();
    const shared = { windowMs: 60_000 };
    expect(logger.info.mock.calls).toEqual([
      [
        'Performance Metrics Flushed',
        {
          stats: [
            {
              ...shared,
              type: 'latency',
              tags: TAGS,
              count: 2,
              min: 100,
              max: 300,
              avg: 200,
              p50: 100,
              p90: 300,
              p99: 300,
            },
            {
              ...shared,
              type: 'job_duration',
              tags: { name: 'report' },
              count: 1,
              min: 5,
              max: 5,
              avg: 5,
              p50: 5,
              p90: 5,
              p99: 5,
            },
          ],
        },
      ],
    ]);
    expect(monitor.getBuffer()).toEqual([]);
    monitor.flush();
    expect(logger.info).toHaveBeenCalledTimes(1);
  });

  it('comes by itself after its interval', async () => {
    const { monitor, logger } = create({ config: { flushIntervalMs: 20 } });
    monitor.recordLatency(1, TAGS);
    await vi.waitFor(() => expect(logger.info).toHaveBeenCalledTimes(1));
    expect(monitor.getBuffer()).toEqual([]);
  });

  it('loses nothing to a logger that throws', () => {
    const { monitor, logger } = create();
    const { dropped } = listen();
    logger.info.mockImplementationOnce(() => {
      throw new Error('disk full');
    });
    monitor.recordLatency(1, TAGS);
    monitor.flush();
    expect(monitor.getBuffer()).toHaveLength(1);
    expect(dropped).toEqual(['hook_failed']);
    monitor.flush();
    expect(monitor.getBuffer()).toEqual([]);
  });
});

describe('jobs', () => {
  it('are warned of when they took long, with id, duration and tags', () => {
    const { monitor, logger } = create();
    const { seen } = listen();
    monitor.recordJobDuration('quick', 300_000, { name: 'report' });
    monitor.recordJobDuration('slow', 300_001, { name: 'report' });
    expect(logger.warn.mock.calls).toEqual([
      ['Long running job detected: slow', { durationMs: 300_001, tags: { name: 'report' } }],
    ]);
    expect(monitor.getLongRunningJobs()).toMatchObject([{ jobId: 'slow', isRunning: false }]);
    expect(seen.filter((o) => o.kind === 'anomaly')).toMatchObject([{ anomaly: 'long_running_job', subject: 'slow' }]);
  });

  it.each<[string, (id: string) => () => void]>([
    [
      'by the jobs of the API',
      (id) => {
        const job = jobs.start({ name: 'report', id, system: 'mine' });
        return () => job.discard();
      },
    ],
    [
      'from an event bus',
      (id) => {
        const bus = new EventEmitter();
        const stop = observeEventBus(bus, { system: 'mine' });
        bus.emit('job:status', { jobId: id, status: 'RUNNING', name: 'report' });
        return stop;
      },
    ],
    [
      'by a method of an orchestrator',
      (id) => {
        let end = (): void => undefined;
        const orchestrator = { execute: (_: object) => new Promise<void>((resolve) => (end = resolve)) };
        instrumentOrchestrator(orchestrator, { system: 'mine', runs: { execute: { name: 'report' } } });
        void orchestrator.execute({ id });
        return () => end();
      },
    ],
  ])('are warned of while they still run: %s', async (_, start) => {
    const onLongRunningJob = vi.fn();
    const { logger } = create({ config: { longRunningThresholdMs: 20 }, onLongRunningJob });
    stops.push(start('j1'));
    await vi.waitFor(() => expect(logger.warn).toHaveBeenCalledTimes(1));
    expect(logger.warn.mock.calls[0]).toMatchObject([
      'Long running job detected: j1',
      { tags: { name: 'report', system: 'mine' } },
    ]);
    expect(onLongRunningJob).toHaveBeenCalledWith(expect.objectContaining({ jobId: 'j1', isRunning: true }));
  });

  it('are warned of as soon as they are known, when they have run for long by then', async () => {
    const { logger } = create({ config: { longRunningThresholdMs: 100_000 } });
    const running = { kind: 'job_run', system: 'mine', name: 'report', startTime: Date.now() - 200_000 } as const;
    publishStart(running);
    await vi.waitFor(() => expect(logger.warn).toHaveBeenCalledTimes(1));
    publishEnd(running);
  });

  it('come from an event bus, once, however many listen to it', () => {
    const bus = new EventEmitter();
    const { monitor } = create({ eventBus: bus });
    const second = create({ eventBus: bus });
    stops.push(observeEventBus(bus));
    bus.emit('job:status', { jobId: '1', status: 'RUNNING', name: 'report' });
    bus.emit('job:step', { jobId: '1', status: 'RUNNING', step: 'plan' });
    bus.emit('job:step', { jobId: '1', status: 'COMPLETED', step: 'plan' });
    bus.emit('job:status', { jobId: '1', status: 'COMPLETED' });
    for (const { getBuffer } of [monitor, second.monitor].map((m) => ({ getBuffer: () => m.getBuffer() }))) {
      expect(getBuffer()).toMatchObject([
        { type: 'latency', tags: { operation: 'step plan', type: 'agent', job: 'report' } },
        { type: 'job_duration', tags: { name: 'report', system: 'custom', jobId: '1' } },
      ]);
    }
    monitor.stop();
    second.monitor.stop();
    for (const stop of stops.splice(0)) stop();
    expect(bus.eventNames()).toEqual([]);
  });
});

describe('a monitor that is deaf to the process', () => {
  it('hears the jobs on its bus, and no others', async () => {
    const bus = new EventEmitter();
    const other = new EventEmitter();
    const { monitor, logger } = create({ observe: false, eventBus: bus, config: { longRunningThresholdMs: 20 } });
    stops.push(observeEventBus(other));
    const run = (on: EventEmitter, jobId: string) => {
      on.emit('job:status', { jobId, status: 'RUNNING', name: 'report' });
      on.emit('job:step', { jobId, status: 'RUNNING', step: 'plan' });
      on.emit('job:step', { jobId, status: 'COMPLETED', step: 'plan' });
      on.emit('job:status', { jobId, status: 'COMPLETED' });
    };
    run(other, 'theirs');
    await jobs.run({ name: 'report', system: 'mine' }, () => undefined);
    modelCalls.start({ provider: 'openai', model: 'gpt-5-mini' }).end();
    expect([monitor.getBuffer(), monitor.getStats().size]).toEqual([[], 0]);
    run(bus, 'ours');
    expect(monitor.getBuffer()).toMatchObject([
      { type: 'latency', tags: { operation: 'step plan', job: 'report' } },
      { type: 'job_duration', tags: { name: 'report', jobId: 'ours' } },
    ]);
    expect(monitor.getStats('job report')?.count).toBe(1);
    bus.emit('job:status', { jobId: 'long', status: 'RUNNING', name: 'report' });
    await vi.waitFor(() => expect(logger.warn).toHaveBeenCalledTimes(1));
    bus.emit('job:status', { jobId: 'long', status: 'FAILED' });
    monitor.stop();
    run(bus, 'late');
    expect(monitor.getStats('job report')?.count).toBe(2);
  });
});

describe('the observation stream', () => {
  it('gives latency, tokens per second and errors of model calls', () => {
    const { monitor } = create();
    modelCalls.start({ provider: 'openai', model: 'gpt-5-mini' }).end({ usage: { input: 100, output: 50 } });
    modelCalls.start({ provider: 'openai', model: 'gpt-5-mini' }).fail(new TypeError('no'));
    expect(monitor.getBuffer().map(({ type, tags }) => ({ type, tags }))).toEqual(
      ['latency', 'token_throughput', 'latency', 'error_rate'].map((type) => ({ type, tags: TAGS })),
    );
    expect(monitor.getStats('chat gpt-5-mini')).toMatchObject({ count: 2, errorCount: 1 });
  });

  it('is told of each recorded point once', () => {
    const { monitor } = create();
    create();
    const { seen } = listen();
    monitor.recordLatency(5, TAGS);
    expect(seen).toMatchObject([{ kind: 'point', type: 'latency', value: 5, tags: TAGS }]);
  });
});

describe('getAggregatedStats', () => {
  it.each([0, -5, Number.NaN, undefined, 3_600_001])('refuses a window of %s milliseconds', (windowMs) => {
    const { monitor } = create();
    monitor.recordLatency(5);
    expect(() => monitor.getAggregatedStats({ type: 'latency', windowMs: windowMs as number })).toThrow(
      /"windowMs" must be milliseconds above 0 and up to an hour/,
    );
  });
});

describe('the error rate of a group', () => {
  it('counts the calls of every group that has its tags and more, also of one that comes later', () => {
    const { monitor } = create({ config: { errorRateThreshold: 0.5 } });
    const call = (modelId: string) => monitor.recordLatency(5, { provider: 'openai', modelId });
    const fail = () => monitor.recordError({ provider: 'openai' });
    for (let i = 0; i < 12; i++) call('early');
    for (let i = 0; i < 10; i++) fail();
    for (let i = 0; i < 40; i++) call('late');
    for (let i = 0; i < 10; i++) fail();
    monitor.recordLatency(5, { provider: 'another', modelId: 'early' });
    expect(monitor.detectAnomalies()).toEqual([]);
    for (let i = 0; i < 7; i++) fail();
    expect(monitor.detectAnomalies()).toMatchObject([{ metricName: 'error_rate provider=openai', value: 27 / 52 }]);
  });

  it('is told as a spike when it is above its threshold and three times the rate before', () => {
    const { monitor, clock, logger } = create();
    const run = (calls: number, errorEvery: number) => {
      for (let i = 1; i <= calls; i++) {
        monitor.recordLatency(10, TAGS);
        if (i % errorEvery === 0) monitor.recordError(TAGS);
        clock.advance(100);
      }
    };
    run(6000, 50);
    expect(logger.warn).not.toHaveBeenCalled();
    run(3000, 5);
    const [anomaly, ...others] = monitor.detectAnomalies();
    expect(others).toEqual([]);
    expect(anomaly).toMatchObject({ anomalyType: 'high_error_rate', severity: 'warning' });
    expect(anomaly?.metricName).toBe('error_rate modelId=gpt-5-mini operation=chat provider=openai');
    expect(anomaly?.value).toBeGreaterThan(0.1);
  });

  it('is told when it is over, and again when it comes back', () => {
    const { monitor, clock } = create();
    const run = (calls: number, errors: number) => {
      for (let i = 0; i < calls; i++) {
        monitor.recordLatency(10, TAGS);
        if (i < errors) monitor.recordError(TAGS);
        clock.advance(1000);
      }
      return monitor.detectAnomalies().map(({ severity }) => severity);
    };
    expect(run(100, 50)).toEqual(['critical']);
    expect(run(3500, 0)).toEqual(['critical', 'info']);
    expect(run(300, 200)).toEqual(['info', 'warning']);
  });

  it('says nothing below 20 calls', () => {
    const { monitor } = create();
    for (let i = 0; i < 19; i++) monitor.recordError(TAGS);
    expect(monitor.detectAnomalies()).toEqual([]);
    monitor.recordError(TAGS);
    expect(monitor.detectAnomalies()).toMatchObject([{ severity: 'critical', value: 1, threshold: 0.1 }]);
  });
});

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
