import { describe, expect, it, vi } from 'vitest';
import { createPerformanceMonitor, PerformanceMonitor } from '../../src/monitor/index.ts';
import { createCollector, createMonitor, listen } from './create.ts';

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

const cyclic: Record<string, unknown> = { plain: 'x' };
cyclic.self = cyclic;
const throwing = {
  plain: 'x',
  get bad(): never {
    throw new Error('no');
  },
};
const proxied = new Proxy(
  {},
  {
    ownKeys() {
      throw new Error('no');
    },
  },
);
/** What no type checker let through, and what of it is kept as tags. */
const TAGS: [unknown, Record<string, string>][] = [
  [{ plain: 'x', object: { a: 1 }, list: [1], fn: () => 1, symbol: Symbol('s'), nothing: null }, { plain: 'x' }],
  [
    { number: 5, boolean: true, empty: '' },
    { boolean: 'true', empty: '', number: '5' },
  ],
  [cyclic, { plain: 'x' }],
  [throwing, { plain: 'x' }],
  [proxied, {}],
  [JSON.parse('{"__proto__":"a","constructor":"b"}'), JSON.parse('{"__proto__":"a","constructor":"b"}')],
  ['text', {}],
  [5, {}],
  [null, {}],
  [[1, 2], { 0: '1', 1: '2' }],
  [Object.create({ inherited: 'x' }), {}],
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

describe('tags', () => {
  it.each(TAGS)('of any kind harm nothing (%#)', (given, kept) => {
    const events: unknown[] = [];
    const { collector } = createCollector({ collect: ({ data }) => events.push(data.tags) });
    for (let i = 0; i < 3; i++) collector.recordTiming('load', 5, given as never);
    expect(collector.getStats('load')?.count).toBe(3);
    expect(events).toEqual(Array(3).fill(kept));
  });

  it('do not reach the prototype of anything', () => {
    const { monitor } = createMonitor();
    monitor.record('load', 5, { tags: JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":1}}') });
    monitor.record('__proto__', 5, { metadata: JSON.parse('{"__proto__":{"polluted":1}}') });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(monitor.getStats('__proto__')?.count).toBe(1);
  });

  it('of endless variety are bounded', () => {
    const { monitor } = createMonitor({ maxOperations: 100 });
    const { dropped } = listen();
    for (let i = 0; i < 10_000; i++) monitor.record('load', 5, { tags: { id: i, x: 'x'.repeat(10_000) } });
    expect(monitor.getStats('load')?.count).toBe(10_000);
    expect(new Set(dropped)).toEqual(new Set(['series_limit']));
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

describe('metadata', () => {
  const kept = (metadata: unknown): unknown => {
    const { monitor } = createMonitor();
    monitor.trackOperation('load', () => 1, metadata as object);
    return monitor.exportMetrics().get('load')?.[0]?.metadata;
  };

  it('of any kind harms nothing, and is kept bounded', () => {
    for (const [given] of TAGS) kept(given);
    expect(JSON.stringify(kept(cyclic))).toContain('[deep]');
    expect(kept(throwing)).toEqual({ plain: 'x' });
    expect(kept(proxied)).toBeUndefined();
    expect(
      Object.keys(kept(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i]))) as object),
    ).toHaveLength(32);
    expect(JSON.stringify(kept({ long: 'x'.repeat(1e6) })).length).toBeLessThan(1000);
  });

  it('has no secrets', () => {
    const secrets = {
      password: 'hunter2',
      apiKey: 'k-1',
      nested: { authorization: 'Bearer abcdefgh12345678', client_secret: 's', cookies: 'no secret by its name' },
      note: 'calling with Bearer abcdefgh12345678 now',
      url: 'https://user:pass@example.com/x',
      key: 'sk-abcdefghijklmnop1234',
      totalTokens: 5,
      own: 'mine',
    };
    const { monitor } = createMonitor({ redact: ['OWN'] });
    monitor.trackOperation('load', () => 1, secrets);
    const text = JSON.stringify(monitor.exportMetrics().get('load'));
    for (const secret of ['hunter2', 'k-1', 'abcdefgh12345678', 'user:pass', 'sk-abcdef', 'mine']) {
      expect(text).not.toContain(secret);
    }
    expect(text).toContain('"totalTokens":5');
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

describe('callbacks', () => {
  it('may throw what cannot be shown, now or later', async () => {
    const { dropped } = listen();
    const fail = (): never => {
      throw Object.create(null);
    };
    const { monitor } = createMonitor({ onSlowOperation: async () => fail(), errorReporter: { report: fail } });
    monitor.record('load', 2000);
    expect(monitor.getStats('load')?.count).toBe(1);
    await vi.waitFor(() => expect(dropped).toEqual(['hook_failed', 'hook_failed']));
  });
});

describe('what a recording calls', () => {
  it('may record too, and is not called for that', () => {
    const calls: string[] = [];
    const collect = vi.fn(() => collector.recordTiming('collect', 1));
    const insertMetric = vi.fn((operation: string) => {
      calls.push(operation);
      collector.record('insert', 1);
    });
    const { collector } = createCollector({ collect }, { storage: { insertMetric } });
    collector.recordTiming('load', 5);
    expect(calls).toEqual(['load', 'collect']);
    expect(collect).toHaveBeenCalledTimes(1);
    expect([...collector.getStats()].map(([name, { count }]) => [name, count])).toEqual([
      ['load', 1],
      ['insert', 2],
      ['collect', 1],
    ]);
  });

  it('may record long jobs from within the callback for long jobs', () => {
    const onLongRunningJob = vi.fn(() => monitor.recordJobDuration('within', 400_000));
    const monitor = createPerformanceMonitor({ logger: { info: vi.fn(), warn: vi.fn() }, onLongRunningJob });
    monitor.recordJobDuration('job', 400_000);
    monitor.stop();
    expect(onLongRunningJob).toHaveBeenCalledTimes(1);
    expect(monitor.getLongRunningJobs().map(({ jobId }) => jobId)).toEqual(['job', 'within']);
  });
});

describe('options', () => {
  it.each([
    [{ slowOperationThreshold: -1 }, /"slowOperationThreshold" must be a number above 0/],
    [{ slowOperationThreshold: Number.NaN }, /"slowOperationThreshold" must be/],
    [{ slowOperationThreshold: 10, verySlowOperationThreshold: 5 }, /"verySlowOperationThreshold" must not be below/],
    [{ maxMetricsPerOperation: 0 }, /"maxMetricsPerOperation" must be a whole number above 0/],
    [{ maxOperations: 1.5 }, /"maxOperations" must be/],
    [{ errorRateThreshold: 2 }, /"errorRateThreshold" must be a number from 0 to 1/],
    [{ enabled: 'yes' }, /"enabled" must be true or false/],
    [{ heapLimitMb: 0 }, /"heapLimitMb" must be/],
    [{ onSlowOperation: 5 }, /"onSlowOperation" must be a function/],
    [{ logger: {} }, /"logger" must have the methods info and warn/],
    [{ errorReporter: {} }, /"errorReporter" must have the methods report/],
    [{ limits: null }, /"limits" must be an object/],
    [{ limits: { deviations: Number.NaN } }, /limit "deviations" must be/],
    [{ storage: {} }, /"storage" must have the methods insertMetric/],
    [{ redact: 'password' }, /"redact" must be/],
    [{ slowThreshold: 5 }, /there is no option "slowThreshold"/],
    [null, /options must be an object/],
  ])('that are wrong throw and name themselves: %j', (options, message) => {
    expect(() => new PerformanceMonitor(options as never)).toThrow(message);
  });

  it('give limits, of which those that are undefined stay as they are', () => {
    const { monitor } = createMonitor({ limits: { minPoints: undefined as never, deviations: 4 } });
    for (let i = 0; i < 20; i++) monitor.record('load', 50);
    monitor.record('load', 500);
    expect(monitor.detectAnomalies()).toMatchObject([{ value: 500, threshold: 60 }]);
  });

  it('give a threshold that can be set later, to a number above 0', () => {
    const { monitor } = createMonitor();
    monitor.slowThresholdMs = 5;
    monitor.record('load', 6);
    expect(monitor.getSlowOperations()).toHaveLength(1);
    for (const wrong of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 'x', '5']) {
      expect(() => {
        monitor.slowThresholdMs = wrong as number;
      }).toThrow(/"slowThresholdMs" must be/);
    }
  });
});
