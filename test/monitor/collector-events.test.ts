import { describe, expect, it, vi } from 'vitest';
import { PerformanceCollector } from '../../src/monitor/index.ts';
import { createCollector, listen } from './create.ts';
import { RESOURCES } from './resources.ts';

describe('events', () => {
  it('tell of each timing, gauge and sample of resources', () => {
    const collect = vi.fn();
    const { collector, clock } = createCollector({ collect });
    collector.recordTiming('load', 5, { region: 'eu', user: { id: 1 } });
    collector.gauge('cpu_load', 0.5);
    collector.gauge('heap', 7);
    collector.recordResources(RESOURCES);
    const timestamp = clock.unix();
    expect(collect.mock.calls.map(([event]) => event)).toEqual([
      {
        type: 'response_latency',
        data: { metric: 'load', value: 5, unit: 'ms', tags: { region: 'eu' } },
        timestamp,
      },
      { type: 'cpu_usage', data: { metric: 'cpu_load', value: 0.5, unit: '', tags: {} }, timestamp },
      { type: 'memory_usage', data: { metric: 'heap', value: 7, unit: '', tags: {} }, timestamp },
      { type: 'memory_usage', data: { metric: 'memory_used', value: 400, unit: 'bytes', tags: {} }, timestamp },
      { type: 'cpu_usage', data: { metric: 'cpu_usage', value: 20, unit: 'percent', tags: {} }, timestamp },
    ]);
  });

  it('are not made of what is refused', () => {
    const collect = vi.fn();
    const { collector } = createCollector({ collect });
    collector.recordTiming('load', Number.NaN);
    collector.gauge('heap', Number.NaN);
    expect(collect).not.toHaveBeenCalled();
  });

  it('that throw, reject or never settle harm nothing, and are counted', async () => {
    const { dropped } = listen();
    const results = [
      () => {
        throw new Error('broken');
      },
      () => Promise.reject(new Error('broken')),
      () => new Promise(() => undefined),
    ];
    for (const collect of results) {
      const { collector } = createCollector({ collect });
      collector.recordTiming('load', 5);
      expect(collector.getLatencyStats('load')?.count).toBe(1);
    }
    await vi.waitFor(() => expect(dropped).toEqual(['hook_failed', 'hook_failed']));
  });

  it('need a collector with the method collect', () => {
    expect(() => new PerformanceCollector({} as never)).toThrow(/method collect\(event\)/);
    expect(() => new PerformanceCollector(null as never)).toThrow(/method collect\(event\)/);
  });
});
