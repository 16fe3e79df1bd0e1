import { expect, it } from 'vitest';
import { NODES, runApp } from '../helpers/run-app.ts';

const source = `
  import { EventEmitter } from 'node:events';
  import { createPerformanceMonitor, PerformanceBudgetMonitor, PerformanceCollector, PerformanceMonitor } from 'gaugeway/monitor';
  import { jobs } from 'gaugeway';

  const monitor = new PerformanceMonitor();
  const collector = new PerformanceCollector();
  createPerformanceMonitor({ eventBus: new EventEmitter() }).recordLatency(5, { modelId: 'm' });
  new PerformanceBudgetMonitor(monitor, new Map([['load', 5]])).start({ intervalMs: 1000 });
  collector.startResourceSampling();
  monitor.trackOperation('load', () => new Promise(() => undefined));
  jobs.start({ name: 'never ends' });
  monitor.startTimer('load');
  console.log('done');
`;

it.each(NODES)('nothing of a monitor keeps a process alive on Node %s', async (node) => {
  const { code, stdout, stderr } = await runApp({ node, source, limitMs: 15_000 });
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
});
