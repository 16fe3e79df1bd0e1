import { describe, expect, it, vi } from 'vitest';
import { createPerformanceMonitor } from '../../src/monitor/index.ts';
import { createCollector, createMonitor, listen } from './create.ts';
import { proxied } from './hostile-objects.ts';

const IMPOSSIBLE = [
  Number.NaN,
  -1,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  1e300,
  '5',
  null,
  undefined,
  {},
  5n,
];

describe('durations', () => {
  it('that are impossible are counted and change nothing', () => {
    const { collector } = createCollector();
    const { seen, dropped } = listen();
    for (const value of IMPOSSIBLE) {
      collector.record('load', value as number);
      collector.recordTiming('load', value as number);
    }
    expect(collector.getStats('load')).toBeUndefined();
    expect(seen).toEqual([]);
    expect(dropped).toEqual(Array(2 * IMPOSSIBLE.length).fill('invalid_value'));
  });

  it('that are huge are kept as they are', () => {
    const { monitor } = createMonitor();
    for (const ms of [0, Number.MIN_VALUE, 1e-9, 1e15, Number.MAX_SAFE_INTEGER]) monitor.record('load', ms);
    expect(monitor.getStats('load')).toMatchObject({ count: 5, minDuration: 0, maxDuration: Number.MAX_SAFE_INTEGER });
  });
});

describe('what a method takes', () => {
  it('may be anything, and throws nothing', () => {
    const bare = Object.create(null);
    const { collector } = createCollector();
    const monitor = createPerformanceMonitor({ logger: { info: vi.fn(), warn: vi.fn() } });
    const timer = collector.startTimer('load').withTag('a', bare).withTag(bare, 'b').withTag('n', 5);
    expect(timer.finish().tags).toEqual({ n: '5' });
    monitor.recordJobDuration(bare, 5);
    monitor.recordJobDuration(7 as never, 5);
    expect(monitor.getBuffer().map(({ tags }) => tags)).toEqual([{ jobId: 'unknown' }, { jobId: '7' }]);
    monitor.stop();
    const hostile = Object.defineProperty({ memoryTotalBytes: 1 }, 'memoryUsedBytes', {
      get() {
        throw new Error('no');
      },
    });
    expect(() => collector.recordResources(hostile as never)).not.toThrow();
    expect(collector.getResourceHistory()).toEqual([]);
  });
});

describe('operations', () => {
  it('100,000 names leave the first ones as they are and the rest together', () => {
    const { monitor } = createMonitor();
    const { dropped } = listen();
    for (let i = 0; i < 100_000; i++) monitor.record(`op-${i}`, 5);
    const stats = monitor.getStats();
    expect(stats.size).toBe(1001);
    expect(stats.get('op-999')?.count).toBe(1);
    expect(stats.get('other')?.count).toBe(99_000);
    expect(dropped).toEqual(Array(99_000).fill('series_limit'));
  });

  it('without a usable name are counted together', () => {
    const { monitor } = createMonitor();
    for (const name of ['', 'x'.repeat(201), 5, null, undefined, {}, Symbol.iterator]) {
      expect(() => monitor.record(name as never, 5)).not.toThrow();
      expect(monitor.trackOperation(name as never, () => 7)).toBe(7);
    }
    expect(monitor.getStats('other')?.count).toBe(14);
  });
});

describe('details', () => {
  it('of any kind harm nothing', () => {
    const { monitor } = createMonitor();
    const details = [
      null,
      5,
      'x',
      { outcome: 'maybe' },
      { timestamp: Number.NaN },
      { timestamp: 'yesterday' },
      { errorType: 5 },
      { error: 'text' },
      { outcome: 'error' },
    ];
    for (const given of details) monitor.record('load', 5, given as never);
    expect(monitor.getStats('load')).toMatchObject({ count: 9, successCount: 7, errorCount: 2, p50: 5 });
  });
});

describe('errors', () => {
  it.each([[null], [undefined], ['text'], [5], [Object.create(null)], [proxied]])(
    'of any kind are passed on (%#)',
    async (thrown) => {
      const { monitor } = createMonitor();
      const fail = () => {
        throw thrown;
      };
      let caught: unknown = 'nothing';
      try {
        monitor.trackOperation('load', fail);
      } catch (error) {
        caught = error;
      }
      expect(caught === thrown).toBe(true);
      const rejected = await monitor.trackOperation('load', async () => fail()).catch((error: unknown) => error);
      expect(rejected === thrown).toBe(true);
      expect(monitor.getStats('load')).toMatchObject({ count: 2, errorCount: 2 });
    },
  );
});
