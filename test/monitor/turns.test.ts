import { afterEach, describe, expect, it, vi } from 'vitest';
import { createMetricsHandler, createStatsHandler, getMetrics, trackDbQuery } from '../../src/http/index.ts';
import { PerformanceBudgetMonitor } from '../../src/monitor/index.ts';
import { createMonitor } from './create.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Turns of the event loop that others had while `work` ran, if each look at the clock takes half a millisecond. */
async function turnsDuring(work: () => unknown): Promise<number> {
  let now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => {
    now += 0.5;
    return now;
  });
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await work();
  isOver = true;
  vi.restoreAllMocks();
  return turns;
}

const OPERATIONS = 1000;
function monitorOfMany() {
  const { monitor } = createMonitor();
  for (let i = 0; i < OPERATIONS; i++) monitor.record(`operation ${i}`, i + 1);
  return monitor;
}

function response() {
  let end: (body: string) => void = () => undefined;
  const body = new Promise<string>((resolve) => {
    end = resolve;
  });
  return { body, response: { headersSent: false, statusCode: 0, setHeader: () => undefined, end } };
}

describe('what takes long for a thousand operations leaves the event loop to others', () => {
  it('statistics and measurements, where they are asked for in turns', async () => {
    const monitor = monitorOfMany();
    let stats = new Map();
    expect(await turnsDuring(async () => (stats = await monitor.getStatsInTurns()))).toBeGreaterThan(100);
    expect(stats).toEqual(monitor.getStats());
    const exported = new Map();
    const collect = async () => {
      for await (const [name, measurements] of monitor.exportMetricsInTurns()) exported.set(name, measurements);
    };
    expect(await turnsDuring(collect)).toBeGreaterThan(100);
    expect(exported).toEqual(monitor.exportMetrics());
    const scope = createMonitor().monitor.scope('mine');
    scope.record('own', 3);
    expect([...(await scope.getStatsInTurns()).keys()]).toEqual(['mine.own']);
  });

  it('the handlers of statistics and metrics', async () => {
    const stats = response();
    const monitor = monitorOfMany();
    const turns = await turnsDuring(async () => {
      createStatsHandler(monitor)({ headers: {} }, stats.response);
      await stats.body;
    });
    expect(turns).toBeGreaterThan(200);
    expect(JSON.parse(await stats.body)).toEqual(Object.fromEntries(monitor.getStats()));
    for (let i = 0; i < 400; i++) trackDbQuery(`operation ${i % 20}`, `model ${i}`, 5, 'success');
    for (const names of ['standard', 'specification'] as const) {
      const metrics = response();
      const handle = async () => {
        createMetricsHandler({ names })({ headers: {} }, metrics.response);
        await metrics.body;
      };
      expect(await turnsDuring(handle)).toBeGreaterThan(30);
      expect(await metrics.body).toBe(await getMetrics({ names }));
    }
  });

  it('the check of budgets', async () => {
    const monitor = monitorOfMany();
    const budgets = new PerformanceBudgetMonitor(
      monitor,
      new Map([...monitor.getStats().keys()].map((name) => [name, 990])),
    );
    let violations: unknown[] = [];
    expect(await turnsDuring(async () => (violations = await budgets.check()))).toBeGreaterThan(100);
    expect(violations).toHaveLength(10);
  });
});

describe('statistics that were asked for', () => {
  it('are the same object until the operation runs again, and cannot be changed', () => {
    const { monitor } = createMonitor();
    monitor.record('load', 10);
    const first = monitor.getStats('load');
    expect(monitor.getStats('load')).toBe(first);
    expect(() => ((first as { count: number }).count = 7)).toThrow(TypeError);
    monitor.record('load', 30);
    expect(monitor.getStats('load')).toMatchObject({ count: 2, maxDuration: 30 });
    monitor.clear();
    expect(monitor.getStats('load')).toBeUndefined();
    monitor.record('load', 7);
    expect(monitor.getStats('load')).toMatchObject({ count: 1, maxDuration: 7 });
  });
});
