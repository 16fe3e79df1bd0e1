import { metrics } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPerformanceMonitor } from '../../src/monitor/index.ts';
import { type Collected, startCollecting } from '../metrics/collected.ts';
import { createCollector, createMonitor } from './create.ts';

let collected: Collected;
beforeEach(() => {
  collected = startCollecting();
});
afterEach(() => collected.stop());

const values = async (name: string) =>
  (await collected.points(name)).map(({ attributes, value }) => [
    attributes,
    typeof value === 'number' ? value : [value.count, value.sum],
  ]);

describe('what is recorded on a monitor reaches OpenTelemetry', () => {
  it('once, by whatever way it was measured', async () => {
    const { monitor, clock } = createMonitor();
    monitor.record('load', 250);
    monitor.record('load', 750, { errorType: 'timeout' });
    monitor.trackOperation('load', () => clock.advance(100));
    const timer = monitor.startTimer('load');
    clock.advance(100);
    timer.finish();
    {
      using timed = monitor.monitor('load');
      clock.advance(300);
      timed.succeed();
    }
    expect(await values('gaugeway.operation.duration')).toEqual([
      [{ 'gaugeway.operation.name': 'load' }, [4, 0.75]],
      [{ 'gaugeway.operation.name': 'load', 'error.type': 'timeout' }, [1, 0.75]],
    ]);
  });

  it('as points under the names of the conventions', async () => {
    const monitor = createPerformanceMonitor({ observe: false });
    const tags = { modelId: 'gpt-5-mini', provider: 'openai', operation: 'chat', team: 'stays here' };
    monitor.recordLatency(500, tags);
    monitor.recordLatency(40, { operation: 'render' });
    monitor.recordThroughput(300, 2000, tags);
    monitor.recordError(tags);
    monitor.recordJobDuration('job-1', 2000, { name: 'report', queue: 'nightly' });
    monitor.stop();
    const model = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-5-mini',
    };
    expect(await values('gen_ai.client.operation.duration')).toEqual([[model, [1, 0.5]]]);
    expect(await values('gaugeway.operation.duration')).toEqual([[{ 'gaugeway.operation.name': 'render' }, [1, 0.04]]]);
    expect(await values('gaugeway.model.token_throughput')).toEqual([[model, [1, 150]]]);
    expect(await values('gaugeway.model.errors')).toEqual([[model, 1]]);
    expect(JSON.stringify(await values('gaugeway.job.run.duration'))).toContain('"gaugeway.job.name":"report"');
    expect(JSON.stringify(await values('gaugeway.job.run.duration'))).not.toContain('job-1');
  });

  it('as anomalies by type and severity', async () => {
    const { monitor } = createMonitor({ slowOperationThreshold: 400 });
    for (let i = 0; i < 20; i++) monitor.record('load', 50);
    monitor.record('load', 500);
    const anomaly = (type: string, severity: string) => ({
      'gaugeway.monitor.anomaly.type': type,
      'gaugeway.monitor.anomaly.severity': severity,
    });
    expect(await values('gaugeway.monitor.anomalies')).toEqual([
      [anomaly('high_latency', 'critical'), 1],
      [anomaly('slow_operation', 'warning'), 1],
    ]);
  });
});

describe('counters, gauges and histograms of a collector', () => {
  it('are exported under their own names, with their own boundaries', async () => {
    const { collector } = createCollector();
    collector.increment('cache.hits');
    collector.increment('cache.hits', 2);
    collector.gauge('queue.depth', 7);
    collector.gauge('queue.depth', -3.5);
    collector.registerHistogram('answer.size', [1, 5, 10]);
    collector.observe('answer.size', 7);
    collector.observe('answer.size', 70);
    const scope = 'gaugeway.monitor';
    expect(await collected.points('cache.hits', scope)).toMatchObject([{ value: 3 }]);
    expect(await collected.points('queue.depth', scope)).toMatchObject([{ value: -3.5 }]);
    expect(await collected.points('answer.size', scope)).toMatchObject([
      { value: { count: 2, sum: 77, buckets: { boundaries: [1, 5, 10], counts: [0, 0, 1, 1] } } },
    ]);
  });

  it('stay in the collector where OpenTelemetry does not take their names', async () => {
    const { collector } = createCollector();
    collector.increment('9 lives, no name', 9);
    collector.increment('', 1);
    expect(collector.getCounter('9 lives, no name')).toBe(9);
    expect(await collected.points('9 lives, no name')).toEqual([]);
  });

  it('follow a provider that is set later', async () => {
    await collected.stop();
    const { collector } = createCollector();
    collector.increment('late.counter', 5);
    metrics.disable();
    collected = startCollecting();
    collector.increment('late.counter', 2);
    expect(await collected.points('late.counter')).toMatchObject([{ value: 2 }]);
    expect(collector.getCounter('late.counter')).toBe(7);
  });
});
