import { describe, expect, it, vi } from 'vitest';
import { createPerformanceMonitor } from '../../src/monitor/index.ts';
import { createCollector, createMonitor, listen } from './create.ts';

describe('callbacks', () => {
  it('may throw what cannot be shown, now or later', async () => {
    const { dropped } = listen();
    const fail = (): never => {
      throw Object.create(null);
    };
    const { monitor } = createMonitor({ onSlowOperation: async () => fail(), errorReporter: { report: fail } });
    monitor.record('load', 2000);
    expect(monitor.getStats('load')?.count).toBe(1);
    await vi.waitFor(() => expect(dropped).toEqual(['hook_failed', 'hook_failed']));
  });
});

describe('what a recording calls', () => {
  it('may record too, and is not called for that', () => {
    const calls: string[] = [];
    const collect = vi.fn(() => collector.recordTiming('collect', 1));
    const insertMetric = vi.fn((operation: string) => {
      calls.push(operation);
      collector.record('insert', 1);
    });
    const { collector } = createCollector({ collect }, { storage: { insertMetric } });
    collector.recordTiming('load', 5);
    expect(calls).toEqual(['load', 'collect']);
    expect(collect).toHaveBeenCalledTimes(1);
    expect([...collector.getStats()].map(([name, { count }]) => [name, count])).toEqual([
      ['load', 1],
      ['insert', 2],
      ['collect', 1],
    ]);
  });

  it('may record long jobs from within the callback for long jobs', () => {
    const onLongRunningJob = vi.fn(() => monitor.recordJobDuration('within', 400_000));
    const monitor = createPerformanceMonitor({ logger: { info: vi.fn(), warn: vi.fn() }, onLongRunningJob });
    monitor.recordJobDuration('job', 400_000);
    monitor.stop();
    expect(onLongRunningJob).toHaveBeenCalledTimes(1);
    expect(monitor.getLongRunningJobs().map(({ jobId }) => jobId)).toEqual(['job', 'within']);
  });
});
