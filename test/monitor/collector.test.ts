import { describe, expect, it, vi } from 'vitest';
import { PerformanceCollector, PerformanceMonitor, ResourceMetrics } from '../../src/monitor/index.ts';
import { createCollector } from './create.ts';
import { RESOURCES } from './resources.ts';

describe('the full pipeline', () => {
  it('shows at one look what was recorded, with events and resources', () => {
    const collect = vi.fn();
    const { collector, clock } = createCollector({ collect });
    collector.registerHistogram('load', [10, 100]);
    collector.increment('requests', 2);
    collector.gauge('heap', 3);
    for (let i = 0; i < 20; i++) collector.recordTiming('load', 50);
    collector.recordTiming('load', 500);
    collector.recordResources(RESOURCES);
    expect(collector.getSummary()).toMatchObject({
      counters: { requests: 2 },
      gauges: { heap: 3 },
      histograms: { load: { count: 21, sum: 1500 } },
      resources: { memoryUsedBytes: 400, fdCount: 42 },
      collectedAt: clock.unix(),
    });
    expect(collector.getSummary().resources).toBeInstanceOf(ResourceMetrics);
    expect(collector.detectAnomalies('load')).toMatchObject([
      { metricName: 'load', value: 500, anomalyType: 'high_latency', severity: 'critical' },
    ]);
    expect(collect).toHaveBeenCalledTimes(24);
    collector.clear();
    expect(collector.getSummary()).toMatchObject({ counters: {}, gauges: {}, histograms: { load: { count: 0 } } });
    expect(collector.getLatencyStats('load')).toBeUndefined();
  });

  it('does nothing when it is disabled', () => {
    const collect = vi.fn();
    const { collector } = createCollector({ collect }, { enabled: false });
    collector.registerHistogram('load', [10]);
    collector.increment('requests');
    collector.gauge('heap', 3);
    collector.recordTiming('load', 5);
    collector.observe('load', 5);
    collector.recordResources(RESOURCES);
    expect(collector.getSummary()).toMatchObject({
      counters: {},
      gauges: {},
      histograms: { load: { count: 0 } },
      resources: undefined,
    });
    expect(collect).not.toHaveBeenCalled();
  });

  it('shares the numbers of a monitor that is given', () => {
    const monitor = new PerformanceMonitor({ observe: false });
    const collector = new PerformanceCollector(undefined, { monitor });
    collector.recordTiming('load', 5);
    monitor.record('load', 7);
    expect(monitor.getStats('load')?.count).toBe(2);
    expect(collector.getLatencyStats('load')?.maxMs).toBe(7);
    collector.stop();
    expect(monitor.getStats('load')?.count).toBe(2);
    for (const wrong of [{ monitor, sampleRate: 0.5 }, { monitor: {} }, null, 5]) {
      expect(() => new PerformanceCollector(undefined, wrong as never)).toThrow(/"monitor" must be|options must be/);
    }
  });
});
