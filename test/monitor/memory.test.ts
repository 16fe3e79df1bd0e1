import { describe, expect, it } from 'vitest';
import { NODES, runApp } from '../helpers/run-app.ts';

/** Records for a while, then much longer, on a clock that runs through hours; prints how much more was held. */
const source = `
  import { createPerformanceMonitor, PerformanceMonitor } from 'gaugeway/monitor';

  let [unix, monotonic] = [1.8e12, 1000];
  const clock = { unix: () => unix, monotonic: () => monotonic };
  const logger = { info() {}, warn() {} };
  const monitor = new PerformanceMonitor({ clock, logger, observe: false });
  const points = createPerformanceMonitor({ clock, logger, observe: false });
  const names = Array.from({ length: 30 }, (_, i) => 'operation.' + i);
  const tags = names.map((_, i) => ({ modelId: 'm' + (i % 7), provider: 'p' + (i % 2) }));
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;

  async function record(count) {
    for (let done = 0; done < count; ) {
      for (let i = 0; i < 200; i++, done++) {
        const ms = 5 / (1.001 - random());
        if (i % 2 === 0) monitor.record(names[done % 30], ms, random() < 0.05 ? { errorType: 'E' + (done % 40) } : undefined);
        else points.recordLatency(ms, tags[done % 30]);
      }
      unix += 1000;
      monotonic += 1000;
      if (done % 50_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const held = () => {
    for (let i = 0; i < 4; i++) gc();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };

  // Beyond an hour of its clock all windows are full.
  await record(800_000);
  const before = held();
  await record(1_200_000);
  console.log(JSON.stringify({ growth: held() - before, kept: points.getBuffer().length, count: monitor.getStats('operation.0').count }));
`;

describe('memory', () => {
  it.each(NODES)(
    'stays flat over millions of recordings on Node %s',
    async (node) => {
      const end = await runApp({ node, source, flags: ['--expose-gc'], limitMs: 120_000 });
      expect(end).toMatchObject({ code: 0, stderr: '' });
      const { growth, kept, count } = JSON.parse(end.stdout) as Record<string, number>;
      expect(growth).toBeLessThan(300_000);
      expect(kept).toBe(10_000);
      expect(count).toBeGreaterThan(30_000);
    },
    150_000,
  );
});
