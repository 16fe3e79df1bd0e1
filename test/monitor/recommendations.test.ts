import { describe, expect, it } from 'vitest';
import { modelCalls } from '../../src/index.ts';
import { publish } from '../../src/observe.ts';
import { createCollector } from './create.ts';
import { times } from './durations.ts';
import { RESOURCES as USUAL } from './resources.ts';

type Collector = ReturnType<typeof createCollector>['collector'];
const ids = (collector: Collector) => collector.getRecommendations().map(({ id }) => id);

function runs(collector: Collector, durations: number[], errors = 0, name = 'load'): void {
  durations.forEach((ms, i) => {
    collector.record(name, ms, i < errors ? { errorType: 'timeout' } : {});
  });
}

function attempts(retries: number): void {
  for (let i = 0; i < 100; i++) {
    publish({
      kind: 'model_attempt',
      operation: 'chat',
      provider: 'openai',
      requestModel: 'gpt-5-mini',
      streaming: false,
      startTime: Date.now(),
      durationMs: 5,
      outcome: 'success',
      number: i < retries ? 1 : 0,
      ...(i < retries && { retryOf: 'rate_limit_error' }),
    });
  }
}

function limit(remaining: number): void {
  const time = Date.now();
  publish({
    kind: 'rate_limit',
    provider: 'openai',
    requestModel: 'gpt-5-mini',
    resource: 'tokens',
    limit: 1000,
    remaining,
    time,
  });
}

function calls(count: number, usage: object, finishReason = 'stop'): void {
  for (let i = 0; i < count; i++) {
    modelCalls
      .start({ provider: 'openai', model: 'gpt-5-mini' })
      .end({ usage: { output: 5, ...usage }, finishReasons: [finishReason] } as never);
  }
}

const RESOURCES = { ...USUAL, memoryUsedBytes: 850 };

/** What makes each rule fire, and what nearly does. */
const rules: [string, (collector: Collector) => void, (collector: Collector) => void][] = [
  [
    'long_tail',
    (c) => runs(c, [...times(97, 10), ...times(3, 100)]),
    (c) => runs(c, [...times(97, 10), ...times(3, 99)]),
  ],
  ['usually_slow', (c) => runs(c, times(100, 1001)), (c) => runs(c, [...times(96, 1000), ...times(4, 1001)])],
  ['fails_often', (c) => runs(c, times(100, 10), 11), (c) => runs(c, times(100, 10), 10)],
  [
    'takes_most_time',
    (c) => [runs(c, times(101, 10)), runs(c, times(50, 10), 0, 'b'), runs(c, times(50, 10), 0, 'c')],
    (c) => [runs(c, times(100, 10)), runs(c, times(50, 10), 0, 'b'), runs(c, times(50, 10), 0, 'c')],
  ],
  ['retry_storm', () => attempts(20), () => attempts(19)],
  [
    'prompt_cache_unused',
    () => calls(20, { input: 2000, cacheRead: 0 }),
    () => calls(20, { input: 2000, cacheRead: 100 }),
  ],
  ['rate_limit_near', () => [limit(99), limit(900)], () => limit(100)],
  [
    'answers_cut',
    () => [calls(38, { input: 5 }), calls(2, { input: 5 }, 'length')],
    () => [calls(39, { input: 5 }), calls(1, { input: 5 }, 'length')],
  ],
  [
    'memory_nearly_full',
    (c) => c.recordResources(RESOURCES),
    (c) => c.recordResources({ ...RESOURCES, memoryUsedBytes: 800 }),
  ],
];

describe('getRecommendations', () => {
  it.each(rules)('finds %s, and is silent just below', (id, fires, silent) => {
    const first = createCollector(undefined, { observe: true }).collector;
    fires(first);
    expect(ids(first)).toContain(id);
    const second = createCollector(undefined, { observe: true }).collector;
    silent(second);
    expect(ids(second)).not.toContain(id);
  });

  it('gives the evidence, the operation and a severity', () => {
    const { collector } = createCollector();
    runs(collector, times(100, 10), 25);
    expect(collector.getRecommendations()).toEqual([
      {
        id: 'fails_often',
        title: 'It fails often: see its error types before its speed',
        severity: 'critical',
        evidence: '25 of 100 runs failed, above 10.0 %',
        operation: 'load',
      },
    ]);
  });

  it('says nothing of an input cache that the provider does not tell of, or of short inputs', () => {
    const { collector } = createCollector(undefined, { observe: true });
    calls(50, { input: 50_000 });
    calls(50, { input: 500, cacheRead: 0 });
    expect(ids(collector)).toEqual([]);
  });

  it('forgets how models were used after an hour', () => {
    const { collector, clock } = createCollector(undefined, { observe: true });
    attempts(50);
    expect(ids(collector)).toEqual(['retry_storm']);
    clock.advance(3_700_000);
    expect(ids(collector)).toEqual([]);
  });

  it('finds an event loop without any time left, and not one that waits', async () => {
    const { collector } = createCollector();
    const until = performance.now() + 1200;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(ids(collector)).toContain('event_loop_saturated');
    const quiet = createCollector().collector;
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(ids(quiet)).not.toContain('event_loop_saturated');
  });
});
