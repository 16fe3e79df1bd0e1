import { describe, expect, it, vi } from 'vitest';
import { PerformanceBudgetMonitor } from '../../src/monitor/index.ts';
import { known, parsePromql, selectorsOf } from '../monitoring/expressions.ts';
import { createMonitor, listen } from './create.ts';

/** A hundred runs of 1 to 100 ms, times a factor: the P95 is 95 times the factor. */
function create(factor = 4) {
  const created = createMonitor();
  for (let ms = 1; ms <= 100; ms++) created.monitor.record('api.users.list', ms * factor);
  return created;
}

describe('a budget check', () => {
  it('gives a violation with its exact severity, and logs and counts it', async () => {
    const { monitor, logger } = create();
    const { seen } = listen();
    const budgets = new PerformanceBudgetMonitor(monitor, new Map([['api.users.list', 200]]));
    const violation = { operation: 'api.users.list', budget: 200, actual: 380, severity: 1.9 };
    expect(await budgets.check()).toEqual([violation]);
    expect(logger.warn.mock.calls).toEqual([['Budget exceeded: api.users.list', violation]]);
    expect(seen).toMatchObject([{ kind: 'anomaly', anomaly: 'budget_exceeded', severity: 'warning' }]);
  });

  it('is critical beyond twice the budget', async () => {
    const { monitor } = create(5);
    const { seen } = listen();
    const budgets = new PerformanceBudgetMonitor(monitor, new Map([['api.users.list', 200]]));
    expect(await budgets.check()).toMatchObject([{ severity: 2.375 }]);
    expect(seen).toMatchObject([{ severity: 'critical' }]);
  });

  it('gives nothing for a P95 that is the budget, and for operations that nobody has seen', async () => {
    const { monitor, logger } = create();
    const budgets = new Map([
      ['api.users.list', 380],
      ['nobody.saw.it', 1],
      ['__proto__', 1],
    ]);
    expect(await new PerformanceBudgetMonitor(monitor, budgets).check()).toEqual([]);
    expect(logger.warn).not.toHaveBeenCalled();
  });

  it('takes several budgets, each by itself', async () => {
    const { monitor } = create();
    monitor.record('render', 30);
    const budgets = new Map([
      ['api.users.list', 100],
      ['render', 20],
    ]);
    const violations = await new PerformanceBudgetMonitor(monitor, budgets).check();
    expect(violations.map(({ operation, severity }) => [operation, severity])).toEqual([
      ['api.users.list', 3.8],
      ['render', 1.5],
    ]);
  });
});

describe('a periodic check', () => {
  it('tells a callback until it is stopped', async () => {
    const { monitor } = create();
    const onViolation = vi.fn();
    const stop = new PerformanceBudgetMonitor(monitor, new Map([['api.users.list', 200]])).start({
      intervalMs: 5,
      onViolation,
    });
    await vi.waitFor(() => expect(onViolation.mock.calls.length).toBeGreaterThan(1));
    stop();
    stop();
    const calls = onViolation.mock.calls.length;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(onViolation.mock.calls.length).toBe(calls);
    expect(onViolation.mock.calls[0]?.[0]).toMatchObject({ operation: 'api.users.list', severity: 1.9 });
  });

  it('goes on when the callback throws, rejects or never settles', async () => {
    const { monitor } = create();
    const { dropped } = listen();
    const onViolation = vi
      .fn()
      .mockImplementationOnce(() => {
        throw new Error('broken');
      })
      .mockImplementationOnce(() => Promise.reject(new Error('broken')))
      .mockImplementation(() => new Promise(() => undefined));
    const stop = new PerformanceBudgetMonitor(monitor, new Map([['api.users.list', 200]])).start({
      intervalMs: 5,
      onViolation,
    });
    await vi.waitFor(() => expect(onViolation.mock.calls.length).toBeGreaterThan(3));
    stop();
    expect(dropped).toEqual(['hook_failed', 'hook_failed']);
  });
});

describe('a wrong budget', () => {
  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, '200', null])('of %j is refused by name', (budget) => {
    const { monitor } = createMonitor();
    expect(() => new PerformanceBudgetMonitor(monitor, new Map([['load', budget as never]]))).toThrow(
      /budget of "load" must be a number of milliseconds above 0/,
    );
  });

  it('is refused where it is no map, and where the interval is none', () => {
    const { monitor } = createMonitor();
    expect(() => new PerformanceBudgetMonitor(monitor, { load: 5 } as never)).toThrow(/must be a Map/);
    for (const wrong of [undefined, null, {}, new Map()]) {
      expect(() => new PerformanceBudgetMonitor(wrong as never, new Map())).toThrow(/a PerformanceMonitor/);
    }
    const budgets = new PerformanceBudgetMonitor(monitor, new Map());
    expect(() => budgets.start({ intervalMs: 0 })).toThrow(/"intervalMs" must be/);
    expect(() => budgets.start({ intervalMs: 5, onViolation: 5 as never })).toThrow(/"onViolation" must be/);
  });
});

describe('the alert rules of budgets', () => {
  it('read series that exist, each with its operation', () => {
    const operations = [
      'api.users.list',
      'GET /users/:id',
      'POST',
      'chat gpt-5-mini',
      'job report "weekly"',
      'step plan',
    ];
    const budgets = new Map(operations.map((operation) => [operation, 250]));
    const rules = new PerformanceBudgetMonitor(createMonitor().monitor, budgets).alertRules();
    expect(rules[0]).toEqual({
      alert: 'PerformanceBudgetExceeded',
      expr: 'histogram_quantile(0.95, sum by (le) (rate(gaugeway_operation_duration_seconds_bucket{gaugeway_operation_name="api.users.list"}[5m]))) > 0.25',
      for: '5m',
      labels: { severity: 'warning', operation: 'api.users.list' },
      annotations: { summary: 'The P95 of api.users.list is above its budget of 250 ms' },
    });
    for (const { expr } of rules) {
      parsePromql(expr);
      for (const { name, labels } of selectorsOf(expr)) {
        expect(known.get(name)?.labels).toEqual(expect.arrayContaining(labels));
      }
    }
    expect(rules.map(({ expr }) => expr.match(/\{.*\}/)?.[0])).toEqual([
      '{gaugeway_operation_name="api.users.list"}',
      '{http_request_method="GET",http_route="/users/:id"}',
      '{http_request_method="POST",http_route=""}',
      '{gen_ai_operation_name="chat",gen_ai_request_model="gpt-5-mini"}',
      '{gaugeway_job_name="report \\"weekly\\""}',
      '{gaugeway_job_step_name="plan"}',
    ]);
  });
});
