import { afterEach, describe, expect, it } from 'vitest';
import { modelCalls, type Observation, observe, operations } from '../../src/index.ts';
import { PerformanceMonitor, type PerformanceMonitorOptions } from '../../src/monitor/index.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function create(options?: PerformanceMonitorOptions): PerformanceMonitor {
  const monitor = new PerformanceMonitor(options);
  stops.push(() => monitor.stop());
  return monitor;
}

/** Everything published for those who are no monitors. */
function listen(): Observation[] {
  const seen: Observation[] = [];
  stops.push(observe({ observed: (observation) => seen.push(observation) }));
  return seen;
}

describe('trackOperation', () => {
  it('gives the result of synchronous work and records it', () => {
    const monitor = create();
    expect(monitor.trackOperation('add', () => 1 + 1)).toBe(2);
    expect(monitor.getStats('add')).toMatchObject({ count: 1, successCount: 1, errorCount: 0 });
  });

  it('gives the value of asynchronous work and records how long it took', async () => {
    const monitor = create();
    const work = () => new Promise<string>((resolve) => setTimeout(resolve, 20, 'done'));
    expect(await monitor.trackOperation('wait', work)).toBe('done');
    expect(monitor.getStats('wait')?.minDuration).toBeGreaterThanOrEqual(19);
  });

  it('passes on the very error, thrown or rejected, and records an error', async () => {
    const monitor = create();
    const error = new RangeError('private');
    const fail = (): never => {
      throw error;
    };
    expect(() => monitor.trackOperation('fail', fail)).toThrow(error);
    await expect(monitor.trackOperation('fail', async () => fail())).rejects.toBe(error);
    expect(monitor.getStats('fail')).toMatchObject({ count: 2, successCount: 0, errorCount: 2 });
  });

  it('keeps the metadata with the measurement', () => {
    const monitor = create();
    monitor.trackOperation('load', () => 1, { user: 'u1', password: 'hunter2' });
    expect(monitor.exportMetrics().get('load')).toEqual([
      {
        timestamp: expect.any(Number),
        duration: expect.any(Number),
        success: true,
        metadata: { user: 'u1', password: '[redacted]' },
      },
    ]);
  });

  it('keeps ten that run at once apart', async () => {
    const monitor = create();
    const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    await Promise.all(Array.from({ length: 10 }, (_, i) => monitor.trackOperation(`op${i % 2}`, () => wait(5 * i))));
    expect(monitor.getStats('op0')?.count).toBe(5);
    expect(monitor.getStats('op1')?.count).toBe(5);
    expect(monitor.getStats('op1')?.maxDuration).toBeGreaterThanOrEqual(44);
  });

  it('does nothing when the monitor is disabled', () => {
    const monitor = create({ enabled: false });
    expect(monitor.trackOperation('add', () => 2)).toBe(2);
    expect(monitor.getStats().size).toBe(0);
  });
});

describe('getStats', () => {
  it('gives every statistic of known durations, and undefined for an unknown operation', () => {
    const monitor = create();
    for (let ms = 1; ms <= 100; ms++) monitor.record('op', ms, ms > 98 ? { error: new TypeError() } : {});
    expect(monitor.getStats('op')).toEqual({
      count: 100,
      successCount: 98,
      errorCount: 2,
      avgDuration: 50.5,
      minDuration: 1,
      maxDuration: 100,
      p50: 50,
      p90: 90,
      p95: 95,
      p99: 99,
    });
    expect(monitor.getStats('other operation')).toBeUndefined();
    expect([...monitor.getStats().keys()]).toEqual(['op']);
  });

  it('forgets everything with clear()', () => {
    const monitor = create();
    monitor.record('op', 1);
    monitor.clear();
    expect(monitor.getStats().size).toBe(0);
    expect(monitor.exportMetrics().size).toBe(0);
  });

  it('counts what still ran during clear() from then on', async () => {
    const monitor = create();
    let finish = (): void => undefined;
    const work = monitor.trackOperation('op', () => new Promise<void>((resolve) => (finish = resolve)));
    monitor.record('op', 1);
    monitor.clear();
    finish();
    await work;
    expect(monitor.getStats('op')?.count).toBe(1);
    expect(monitor.exportMetrics().get('op')).toHaveLength(1);
  });

  it('shows in a scope only the operations of that scope, under their full names', () => {
    const monitor = create();
    const users = monitor.scope('api').scope('users');
    users.record('list', 5);
    monitor.record('api', 1);
    expect([...monitor.getStats().keys()]).toEqual(['api.users.list', 'api']);
    expect([...monitor.scope('api').getStats().keys()]).toEqual(['api.users.list']);
    expect(users.getStats('list')?.count).toBe(1);
  });
});

describe('startTimer', () => {
  it('measures a named timer with a tag, and records it once', async () => {
    const monitor = create();
    const timer = monitor.startTimer('test_operation').withTag('region', 'eu');
    await new Promise((resolve) => setTimeout(resolve, 11));
    expect(timer.elapsed()).toBeGreaterThanOrEqual(10);
    const measurement = timer.finish();
    expect(measurement).toMatchObject({
      name: 'test_operation',
      metricType: 'timer',
      unit: 'ms',
      tags: { region: 'eu' },
    });
    expect(measurement.value).toBeGreaterThanOrEqual(10);
    expect(timer.stop()).toBe(measurement.value);
    expect(timer.elapsedMs()).toBe(measurement.value);
    expect(monitor.getStats('test_operation')?.count).toBe(1);
  });

  it('records nothing without a name', () => {
    const monitor = create();
    expect(monitor.startTimer().stop()).toBeGreaterThanOrEqual(0);
    expect(monitor.getStats().size).toBe(0);
  });
});

describe('the observation stream', () => {
  it('brings what recorders finish into every monitor, once', () => {
    const [first, second] = [create(), create()];
    operations.run('render', () => undefined);
    const call = modelCalls.start({ provider: 'openai', model: 'gpt-5-mini' });
    call.end({ usage: { input: 1, output: 2 } });
    for (const monitor of [first, second]) {
      expect(monitor.getStats('render')?.count).toBe(1);
      expect(monitor.getStats('chat gpt-5-mini')?.count).toBe(1);
    }
  });

  it('tells other listeners once of what is recorded on a monitor, and no other monitor', () => {
    const [first, second] = [create(), create()];
    const seen = listen();
    first.trackOperation('load', () => 1);
    first.record('store', 5, { errorType: 'timeout' });
    expect(seen).toMatchObject([
      { kind: 'operation', name: 'load' },
      { kind: 'operation', name: 'store', durationMs: 5, errorType: 'timeout' },
    ]);
    expect(first.getStats('load')?.count).toBe(1);
    expect(second.getStats().size).toBe(0);
  });

  it('is left out with observe: false, and after stop()', () => {
    const [deaf, stopped] = [create({ observe: false }), create()];
    stopped.stop();
    operations.run('render', () => undefined);
    expect(deaf.getStats().size).toBe(0);
    expect(stopped.getStats().size).toBe(0);
  });
});
