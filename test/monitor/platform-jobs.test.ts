import { EventEmitter } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { instrumentOrchestrator, jobs, modelCalls, observeEventBus } from '../../src/index.ts';
import { publishEnd, publishStart } from '../../src/observe.ts';
import { createPlatform, listen } from './create.ts';

describe('jobs', () => {
  it('are warned of when they took long, with id, duration and tags', () => {
    const { monitor, logger } = createPlatform();
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
    const { logger } = createPlatform({ config: { longRunningThresholdMs: 20 }, onLongRunningJob });
    onTestFinished(start('j1'));
    await vi.waitFor(() => expect(logger.warn).toHaveBeenCalledTimes(1));
    expect(logger.warn.mock.calls[0]).toMatchObject([
      'Long running job detected: j1',
      { tags: { name: 'report', system: 'mine' } },
    ]);
    expect(onLongRunningJob).toHaveBeenCalledWith(expect.objectContaining({ jobId: 'j1', isRunning: true }));
  });

  it('are warned of as soon as they are known, when they have run for long by then', async () => {
    const { logger } = createPlatform({ config: { longRunningThresholdMs: 100_000 } });
    const running = { kind: 'job_run', system: 'mine', name: 'report', startTime: Date.now() - 200_000 } as const;
    publishStart(running);
    await vi.waitFor(() => expect(logger.warn).toHaveBeenCalledTimes(1));
    publishEnd(running);
  });

  it('come from an event bus, once, however many listen to it', () => {
    const bus = new EventEmitter();
    const { monitor } = createPlatform({ eventBus: bus });
    const second = createPlatform({ eventBus: bus });
    const stop = observeEventBus(bus);
    onTestFinished(stop);
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
    stop();
    expect(bus.eventNames()).toEqual([]);
  });
});

describe('a monitor that is deaf to the process', () => {
  it('hears the jobs on its bus, and no others', async () => {
    const bus = new EventEmitter();
    const other = new EventEmitter();
    const { monitor, logger } = createPlatform({
      observe: false,
      eventBus: bus,
      config: { longRunningThresholdMs: 20 },
    });
    onTestFinished(observeEventBus(other));
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
