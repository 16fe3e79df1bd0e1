import { describe, expect, it, vi } from 'vitest';
import { createPlatform, listen } from './create.ts';
import { TAGS } from './platform.ts';

describe('flush', () => {
  it('logs the statistics of each group and window, and empties the buffer', () => {
    const { monitor, logger } = createPlatform({ config: { aggregationWindowsMs: [60_000] } });
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
    const { monitor, logger } = createPlatform({ config: { flushIntervalMs: 20 } });
    monitor.recordLatency(1, TAGS);
    await vi.waitFor(() => expect(logger.info).toHaveBeenCalledTimes(1));
    expect(monitor.getBuffer()).toEqual([]);
  });

  it('loses nothing to a logger that throws', () => {
    const { monitor, logger } = createPlatform();
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
