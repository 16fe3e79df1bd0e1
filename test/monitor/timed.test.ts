import { describe, expect, it } from 'vitest';
import { createMonitor, listen } from './create.ts';

describe('monitor.monitor(operation, work)', () => {
  it('gives the result and records a success', async () => {
    const { monitor } = createMonitor();
    expect(monitor.monitor('load', () => 5)).toBe(5);
    expect(await monitor.monitor('load', async () => 6)).toBe(6);
    expect(monitor.getStats('load')).toMatchObject({ count: 2, successCount: 2, errorCount: 0 });
  });

  it('records an error and throws the very same object', async () => {
    const { monitor } = createMonitor();
    const error = new RangeError('no');
    const fail = () => {
      throw error;
    };
    expect(() => monitor.monitor('load', fail)).toThrow(error);
    await expect(monitor.monitor('load', async () => fail())).rejects.toBe(error);
    expect(monitor.getStats('load')).toMatchObject({ count: 2, errorCount: 2 });
  });
});

describe('using monitor.monitor(operation)', () => {
  it('times the block, and says success or error only when it is told so', () => {
    const { monitor, clock } = createMonitor();
    const block = (end: (timed: { succeed(): void; fail(error?: unknown): void }) => void) => {
      using timed = monitor.monitor('load');
      clock.advance(25);
      end(timed);
    };
    block((timed) => timed.succeed());
    block((timed) => timed.fail(new TypeError('no')));
    block(() => undefined);
    expect(monitor.getStats('load')).toMatchObject({ count: 3, successCount: 1, errorCount: 1, maxDuration: 25 });
    expect(monitor.exportMetrics().get('load')).toMatchObject([
      { success: true },
      { success: false },
      { success: undefined },
    ]);
    expect(monitor.getBottlenecks().errors).toMatchObject([{ errorType: 'TypeError', count: 1 }]);
  });

  it('is no success when the block throws, and does not touch the exception', () => {
    const { monitor } = createMonitor();
    const error = new Error('from the block');
    expect(() => {
      using _ = monitor.scope('api').monitor('load');
      throw error;
    }).toThrow(error);
    expect(monitor.getStats('api.load')).toMatchObject({ count: 1, successCount: 0, errorCount: 0 });
  });

  it('records once, and leaves an end that nobody told out of OpenTelemetry, which is counted', () => {
    const { monitor } = createMonitor();
    const { seen, dropped } = listen();
    const timed = monitor.monitor('load');
    timed[Symbol.dispose]();
    timed[Symbol.dispose]();
    expect(monitor.getStats('load')?.count).toBe(1);
    expect(seen).toEqual([]);
    expect(dropped).toEqual(['unobservable']);
  });
});
