import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { modelCalls } from '../../src/index.ts';
import { METRIC_TYPE } from '../../src/monitor/index.ts';
import { createPlatform, listen } from './create.ts';
import { lastMinute, TAGS } from './platform.ts';

describe('points', () => {
  it('are added to the buffer by each record method', () => {
    const { monitor, clock } = createPlatform();
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
    const { monitor } = createPlatform();
    monitor.recordLatency(120, TAGS);
    const [point] = monitor.getBuffer();
    (point as { value: number }).value = 0;
    (point as { tags: Record<string, string> }).tags.modelId = 'changed';
    expect(monitor.getBuffer()).toMatchObject([{ value: 120, tags: TAGS }]);
    monitor.clearBuffer();
    expect(monitor.getBuffer()).toEqual([]);
    expect(lastMinute(monitor, METRIC_TYPE.LATENCY)?.count).toBe(1);
  });

  it('leave the buffer from the oldest when it is full, which is counted', () => {
    const { monitor } = createPlatform({ config: { maxBufferSize: 100 } });
    const { dropped } = listen();
    for (let ms = 1; ms <= 250; ms++) monitor.recordLatency(ms, TAGS);
    expect(monitor.getBuffer().map((point) => point.value)).toEqual(Array.from({ length: 100 }, (_, i) => i + 151));
    monitor.flush();
    expect(dropped).toEqual(Array(150).fill('buffer_full'));
    expect(lastMinute(monitor, METRIC_TYPE.LATENCY)?.count).toBe(250);
  });

  it('are not made of impossible values, which are counted', () => {
    const { monitor } = createPlatform();
    const { dropped } = listen();
    for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY, 1e300]) monitor.recordLatency(value, TAGS);
    monitor.recordThroughput(100, 0, TAGS);
    monitor.recordThroughput(100, -5, TAGS);
    monitor.recordThroughput(Number.NaN, 5, TAGS);
    expect(monitor.getBuffer()).toEqual([]);
    expect(dropped).toEqual(Array(7).fill('invalid_value'));
  });

  it('are not made by a disabled monitor', () => {
    const { monitor, logger } = createPlatform({ enabled: false, eventBus: new EventEmitter() });
    monitor.recordLatency(1, TAGS);
    monitor.recordJobDuration('1', 1e9, {});
    monitor.flush();
    expect(monitor.getBuffer()).toEqual([]);
    expect(logger.warn).not.toHaveBeenCalled();
  });
});

describe('the observation stream', () => {
  it('gives latency, tokens per second and errors of model calls', () => {
    const { monitor } = createPlatform();
    modelCalls.start({ provider: 'openai', model: 'gpt-5-mini' }).end({ usage: { input: 100, output: 50 } });
    modelCalls.start({ provider: 'openai', model: 'gpt-5-mini' }).fail(new TypeError('no'));
    expect(monitor.getBuffer().map(({ type, tags }) => ({ type, tags }))).toEqual(
      ['latency', 'token_throughput', 'latency', 'error_rate'].map((type) => ({ type, tags: TAGS })),
    );
    expect(monitor.getStats('chat gpt-5-mini')).toMatchObject({ count: 2, errorCount: 1 });
  });

  it('is told of each recorded point once', () => {
    const { monitor } = createPlatform();
    createPlatform();
    const { seen } = listen();
    monitor.recordLatency(5, TAGS);
    expect(seen).toMatchObject([{ kind: 'point', type: 'latency', value: 5, tags: TAGS }]);
  });
});
