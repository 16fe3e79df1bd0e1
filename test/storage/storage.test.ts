import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MetricsStorage, type StorageOptions } from 'gaugeway/storage';
import { describe, expect, it } from 'vitest';
import { observe } from '../../dist/src/index.js';
import { atEnd, folder } from './folder.ts';

function create(
  options?: StorageOptions,
  path = join(folder(), 'metrics.db'),
): { storage: MetricsStorage; path: string } {
  const storage = new MetricsStorage(path, options);
  atEnd(() => storage.close());
  return { storage, path };
}

/** What was left out, by reason. */
function drops(): Record<string, number> {
  const counts: Record<string, number> = {};
  atEnd(
    observe({
      dropped(reason, count) {
        counts[reason] = (counts[reason] ?? 0) + count;
      },
    }),
  );
  return counts;
}

describe('a storage', () => {
  it('gives what was stored, from the oldest to the newest', () => {
    const { storage } = create();
    const now = Date.now();
    storage.insertMetric('load', { duration: 12.5, timestamp: now });
    storage.insertMetric('load', { duration: 3, timestamp: now - 1000, error: true, errorType: 'RangeError' });
    storage.insertMetric('save', { duration: 7 });
    expect(storage.getMetrics('load')).toEqual([
      {
        operation: 'load',
        timestamp: now - 1000,
        duration: 3,
        error: true,
        errorType: 'RangeError',
        stack: undefined,
        context: undefined,
        isSlow: false,
      },
      {
        operation: 'load',
        timestamp: now,
        duration: 12.5,
        error: false,
        errorType: undefined,
        stack: undefined,
        context: undefined,
        isSlow: false,
      },
    ]);
    expect(storage.getMetrics('save')).toHaveLength(1);
    expect(storage.getMetrics('unknown')).toEqual([]);
  });

  it('gives what lies within a window, and of that the slow ones alone', () => {
    const { storage } = create();
    const now = Date.now();
    storage.insertMetric('load', { duration: 1, timestamp: now - 30_000 });
    storage.insertMetric('load', { duration: 2, timestamp: now - 5000 });
    storage.insertMetric('load', { duration: 3000, timestamp: now, isSlow: true });
    const durations = (options: { windowSeconds?: number; filterSlow?: boolean }) =>
      storage.getMetricsInWindow('load', options).map(({ duration }) => duration);
    expect(durations({ windowSeconds: 10 })).toEqual([2, 3000]);
    expect(durations({ windowSeconds: 60 })).toEqual([1, 2, 3000]);
    expect(durations({ windowSeconds: 60, filterSlow: true })).toEqual([3000]);
  });

  it('sums up one operation, or all', () => {
    const { storage } = create();
    storage.insertMetric('load', { duration: 10 });
    storage.insertMetric('load', { duration: 30, error: true, isSlow: true });
    storage.insertMetric('load', { duration: 20, error: undefined });
    storage.insertMetric('save', { duration: 100 });
    expect(storage.getAggregatedStats('load')).toEqual({
      totalCount: 3,
      errorCount: 1,
      errorRate: 0.5,
      avgDuration: 20,
      minDuration: 10,
      maxDuration: 30,
      slowCount: 1,
    });
    expect(storage.getAggregatedStats()).toMatchObject({ totalCount: 4, errorCount: 1, avgDuration: 40 });
    expect(storage.getAggregatedStats('unknown')).toEqual({
      totalCount: 0,
      errorCount: 0,
      errorRate: 0,
      avgDuration: undefined,
      minDuration: undefined,
      maxDuration: undefined,
      slowCount: 0,
    });
  });

  it('keeps a context without its secrets', () => {
    const { storage, path } = create({ redact: ['customer'] });
    storage.insertMetric('load', { duration: 1, context: { route: '/a', password: 'hunter2', customer: 'Ann' } });
    expect(storage.getMetrics('load')[0]?.context).toEqual({
      route: '/a',
      password: '[redacted]',
      customer: '[redacted]',
    });
    const file = new DatabaseSync(path);
    expect(JSON.stringify(file.prepare('SELECT * FROM metrics').all())).not.toMatch(/hunter2|Ann/);
    file.close();
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, '5', undefined])(
    'leaves out a duration of %s, counted',
    (duration) => {
      const { storage } = create();
      const counts = drops();
      storage.insertMetric('load', { duration: duration as number });
      expect(counts).toEqual({ invalid_value: 1 });
      expect(storage.getAggregatedStats().totalCount).toBe(0);
    },
  );

  it('takes a context that cannot be read and an operation of any text', () => {
    const { storage } = create();
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const hostile = Object.defineProperty({}, 'a', {
      enumerable: true,
      get() {
        throw new Error('no');
      },
    });
    const name = `'; DROP TABLE metrics; --\u0000é`;
    storage.insertMetric(name, { duration: 1, context: cycle });
    storage.insertMetric(name, { duration: 1, context: hostile });
    storage.insertMetric(name, { duration: 1, context: { big: 10n, date: new Date(Number.NaN) } });
    expect(storage.getMetrics(name)).toHaveLength(3);
  });

  it.each([
    { duration: 5, timestamp: 1e300 },
    { duration: 5, timestamp: 5n },
    { duration: 5, errorType: { name: 'E' } },
    { duration: 5, stack: () => 'at' },
    { duration: 5, isSlow: 'yes' },
    { duration: 5, error: new RangeError('no') },
    {
      get duration(): never {
        throw new Error('no');
      },
    },
    null,
  ])('goes on writing to its file after the row %#, whatever it holds', (row) => {
    const { storage, path } = create();
    storage.insertMetric('load', { duration: 1 });
    expect(() => storage.insertMetric('hostile', row as never)).not.toThrow();
    storage.insertMetric('load', { duration: 2 });
    expect(storage.getMetrics('load').map(({ duration }) => duration)).toEqual([1, 2]);
    storage.close();
    const file = new DatabaseSync(path);
    expect(file.prepare("SELECT count(*) AS rows FROM metrics WHERE operation = 'load'").get()).toEqual({ rows: 2 });
    file.close();
  });

  it('counts as failed what was given with the error itself', () => {
    const { storage } = create();
    storage.insertMetric('load', { duration: 5, error: new RangeError('no') as never, isSlow: 1 as never });
    expect(storage.getAggregatedStats('load')).toMatchObject({ totalCount: 1, errorCount: 1, slowCount: 1 });
  });

  it('refuses to look for an operation that has no name, and can still be asked', () => {
    const { storage } = create();
    storage.insertMetric('load', { duration: 1 });
    expect(() => storage.getMetrics(Symbol('load') as never)).toThrow(/by its name/);
    expect(() => storage.getAggregatedStats(5 as never)).toThrow(/by its name/);
    expect(storage.getMetrics('load')).toHaveLength(1);
  });

  it('counts what it cannot hold when it is flooded, and gives the rest', () => {
    const { storage } = create();
    const counts = drops();
    const flood = 300_000;
    for (let i = 0; i < flood; i++) storage.insertMetric('flood', { duration: 1 });
    const { totalCount } = storage.getAggregatedStats('flood');
    expect(totalCount + (counts.buffer_full ?? 0)).toBe(flood);
    expect(totalCount).toBeGreaterThanOrEqual(100_000);
  });

  it('removes rows that are too old', async () => {
    const { storage, path } = create({ retentionSeconds: 60 });
    storage.insertMetric('load', { duration: 1, timestamp: Date.now() - 61_000 });
    storage.insertMetric('load', { duration: 2, timestamp: Date.now() - 59_000 });
    expect(storage.getMetrics('load').map(({ duration }) => duration)).toEqual([2]);
    storage.close();
    const file = new DatabaseSync(path);
    expect(file.prepare('SELECT duration FROM metrics').all()).toEqual([{ duration: 2 }]);
    file.close();
  });

  it('removes the oldest rows of a file that has grown too large', () => {
    const { storage, path } = create();
    const context = { text: 'x'.repeat(200) };
    for (let i = 0; i < 10_000; i++) storage.insertMetric('load', { duration: i, timestamp: Date.now() + i, context });
    const size = storage.getAggregatedStats().totalCount === 10_000 ? storage.getSize() : 0;
    expect(size).toBeGreaterThan(2_000_000);
    storage.close();
    const bounded = create({ maxBytes: 1_000_000 }, path).storage;
    bounded.insertMetric('load', { duration: 10_000, timestamp: Date.now() + 10_000 });
    const durations = bounded.getMetrics('load').map(({ duration }) => duration);
    expect(durations.length).toBeGreaterThan(1000);
    expect(durations.at(-1)).toBe(10_000);
    expect(durations).toEqual(durations.map((_, i) => 10_001 - durations.length + i));
    expect(bounded.getSize()).toBeLessThanOrEqual(1_000_000);
  });

  it('takes nothing more once it is closed, and says so to who reads', () => {
    const { storage } = create();
    const counts = drops();
    storage.close();
    storage.close();
    storage.insertMetric('load', { duration: 1 });
    expect(counts).toEqual({ buffer_full: 1 });
    expect(() => storage.getMetrics('load')).toThrow(/was closed/);
  });

  it.each([
    [{ retentionSeconds: 0 }, /"retentionSeconds" of a storage must be a number above 0/],
    [{ maxBytes: -1 }, /"maxBytes" of a storage must be a whole number/],
    [{ writeDelayMs: Number.NaN }, /"writeDelayMs" of a storage must be/],
  ])('refuses the options %j', (options, message) => {
    expect(() => new MetricsStorage(join(folder(), 'a.db'), options)).toThrow(message);
  });

  it('refuses a path that is none', () => {
    expect(() => new MetricsStorage('')).toThrow(/"dbPath" of a storage must be a non-empty string/);
  });

  it('keeps rows as long as SAMPLING_WINDOW_SECONDS says', () => {
    process.env.SAMPLING_WINDOW_SECONDS = '10';
    atEnd(() => Reflect.deleteProperty(process.env, 'SAMPLING_WINDOW_SECONDS'));
    const { storage } = create();
    storage.insertMetric('load', { duration: 1, timestamp: Date.now() - 11_000 });
    expect(storage.getMetrics('load')).toEqual([]);
  });
});
