import { describe, expect, it } from 'vitest';
import { createCollector, createMonitor, listen } from './create.ts';
import { cyclic, proxied, throwing } from './hostile-objects.ts';

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
