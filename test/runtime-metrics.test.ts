import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Receiver, startReceiver } from './helpers/receiver.ts';
import { NODES, REGISTER, runApp } from './helpers/run-app.ts';

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.reset());
afterAll(() => receiver.close());

const WORK = `
  const { setTimeout: delay } = await import('node:timers/promises');
  for (let round = 0; round < 10; round++) {
    gc();
    await delay(50);
  }
`;
const NAMES = [
  'nodejs.eventloop.delay.p50',
  'nodejs.eventloop.delay.p99',
  'nodejs.eventloop.utilization',
  'v8js.memory.heap.used',
  'v8js.memory.heap.space.size',
  'v8js.gc.duration',
  'v8js.resource.active',
  'process.memory.usage',
  'process.cpu.time',
];
const start = (node: (typeof NODES)[number], variables: Record<string, string>) =>
  runApp({ node, source: WORK, flags: ['--expose-gc', ...REGISTER], env: { ...receiver.env, ...variables } });

describe.each(NODES)('the metrics of the runtime on Node %s', (node) => {
  it('are there where they were asked for, and let the process end', async () => {
    const { code, stdout, stderr } = await start(node, { GAUGEWAY_RUNTIME_METRICS: 'true' });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
    for (const name of NAMES) expect(receiver.points(name).length, name).toBeGreaterThan(0);
    expect(receiver.total('process.memory.usage')).toBeGreaterThan(10_000_000);
    const cpu = (mode: string) => receiver.total('process.cpu.time', { 'cpu.mode': mode });
    expect(cpu('user')).toBeGreaterThan(0);
    expect(cpu('user')).toBeLessThan(60);
    expect(cpu('system')).toBeGreaterThan(0);
  });

  it('are not there otherwise', async () => {
    await start(node, {});
    expect(NAMES.flatMap((name) => receiver.points(name))).toEqual([]);
  });
});

it('they end with the shutdown, and can begin again', async () => {
  const { code, stderr } = await runApp({
    source: `
      import { setup } from 'gaugeway/setup';
      for (const round of [1, 2]) {
        const { shutdown } = setup({ runtimeMetrics: true });
        await new Promise((done) => setTimeout(done, 200));
        await shutdown();
      }
    `,
    env: receiver.env,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(receiver.points('nodejs.eventloop.utilization').length).toBeGreaterThan(0);
  expect(receiver.points('process.memory.usage').length).toBeGreaterThan(0);
});
