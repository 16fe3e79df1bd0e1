import { describe, expect, it } from 'vitest';
import { createCollector, listen } from './create.ts';

describe('a histogram', () => {
  it('counts by its own buckets', () => {
    const { collector } = createCollector();
    collector.registerHistogram('size', [1, 5, 10, 50, 100, 500]);
    for (const value of [2, 8, 15, 75, 200]) collector.observe('size', value);
    const snapshot = collector.getHistogram('size');
    expect(snapshot).toMatchObject({
      name: 'size',
      buckets: [1, 5, 10, 50, 100, 500],
      counts: [0, 1, 2, 3, 4, 5],
      count: 5,
      sum: 300,
      min: 2,
      max: 200,
      mean: 60,
    });
    expect([0, 0.2, 0.5, 0.8, 1].map((p) => snapshot?.percentile(p))).toEqual([5, 5, 50, 100, 500]);
  });

  it('has a percentile of 0 when it is empty, and its last boundary for what lies above', () => {
    const { collector } = createCollector();
    collector.registerHistogram('size', [1, 5]);
    expect(collector.getHistogram('size')).toMatchObject({ counts: [0, 0], count: 0, min: 0, max: 0, mean: 0 });
    expect(collector.getHistogram('size')?.percentile(0.5)).toBe(0);
    collector.observe('size', 70);
    expect(collector.getHistogram('size')).toMatchObject({ counts: [0, 0], count: 1, sum: 70 });
    expect(collector.getHistogram('size')?.percentile(0.5)).toBe(5);
  });

  it('puts a value that is a boundary into the bucket below it', () => {
    const { collector } = createCollector();
    collector.registerHistogram('size', [1, 5]);
    collector.observe('size', 1);
    expect(collector.getHistogram('size')?.counts).toEqual([1, 1]);
  });

  it('adds up doubles without losing the small ones', () => {
    const { collector } = createCollector();
    collector.registerHistogram('size', [1]);
    collector.observe('size', 1e15);
    for (let i = 0; i < 10_000; i++) collector.observe('size', 0.1);
    expect(collector.getHistogram('size')?.sum).toBe(1e15 + 1000);
  });

  it('that is unknown is undefined, and observing it is counted and ignored', () => {
    const { collector } = createCollector();
    const { dropped } = listen();
    collector.observe('size', 1);
    expect(collector.getHistogram('size')).toBeUndefined();
    expect(dropped).toEqual(['unknown_event']);
  });

  it('refuses wrong buckets, and other buckets than it has', () => {
    const { collector } = createCollector();
    for (const buckets of [[], [5, 1], [1, 1], [Number.NaN], [1, Number.POSITIVE_INFINITY], 'x', undefined, ['1']]) {
      expect(() => collector.registerHistogram('size', buckets as never)).toThrow(/ascending numbers/);
    }
    collector.registerHistogram('size', [1, 2]);
    collector.registerHistogram('size', [1, 2]);
    expect(() => collector.registerHistogram('size', [1, 3])).toThrow(/other buckets already/);
  });
});
