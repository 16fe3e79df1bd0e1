import { describe, expect, it } from 'vitest';
import { createCollector, listen } from './create.ts';

describe('counters and gauges', () => {
  it('add up and keep the last value, and read 0 while they are unknown', () => {
    const { collector } = createCollector();
    collector.increment('requests');
    collector.increment('requests', 2);
    collector.gauge('temperature', 7);
    collector.gauge('temperature', 42);
    expect(collector.getCounter('requests')).toBe(3);
    expect(collector.getGauge('temperature')).toBe(42);
    expect([collector.getCounter('none'), collector.getGauge('none')]).toEqual([0, 0]);
  });

  it('refuse impossible values, which are counted', () => {
    const { collector } = createCollector();
    const { dropped } = listen();
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, -1, 1e300, 'x', undefined]) {
      collector.increment('requests', bad === undefined ? (null as never) : (bad as never));
    }
    for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY, 1e300, 'x']) collector.gauge('t', bad as never);
    expect(collector.getCounter('requests')).toBe(0);
    expect(collector.getSummary()).toMatchObject({ counters: {}, gauges: {} });
    expect(dropped).toEqual(Array(10).fill('invalid_value'));
  });

  it('are bounded in number, and take any name', () => {
    const { collector } = createCollector();
    collector.increment('__proto__', 2);
    collector.gauge('constructor', 3);
    for (let i = 0; i < 5000; i++) collector.increment(`c${i}`);
    expect(collector.getCounter('__proto__')).toBe(2);
    expect(collector.getGauge('constructor')).toBe(3);
    expect(collector.getCounter('toString')).toBe(0);
    expect(Object.keys(collector.getSummary().counters)).toHaveLength(1000);
  });
});
