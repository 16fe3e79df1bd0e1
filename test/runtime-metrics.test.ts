import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { prometheusMetricName } from '../src/export/prometheus-names.ts';
import { startReceiver } from './helpers/receiver.ts';
import { type AppOptions, NODES, REGISTER, runApp } from './helpers/run-app.ts';

const receiver = await startReceiver();
afterEach(() => receiver.reset());
afterAll(() => receiver.close());

const run = (source: string, options: AppOptions = {}) =>
  runApp({
    source,
    flags: REGISTER,
    ...options,
    env: { ...receiver.env, GAUGEWAY_RUNTIME_METRICS: 'true', ...options.env },
  });

/** Long enough for what is loaded aside, and for a collection to be seen. */
const LIVE = `
  await new Promise((resolve) => setTimeout(resolve, 300));
  globalThis.gc?.();
  await new Promise((resolve) => setTimeout(resolve, 300));`;

const OF_PROCESS = ['process.cpu.time', 'process.cpu.utilization', 'process.memory.usage', 'process.uptime'];
const OF_LINUX = ['process.thread.count', 'process.unix.file_descriptor.count'];
const OF_NODE = [
  'nodejs.eventloop.delay.p99',
  'nodejs.eventloop.time',
  'nodejs.eventloop.utilization',
  'v8js.gc.duration',
  'v8js.memory.heap.used',
  'v8js.memory.heap.space.size',
  'v8js.resource.active',
];
const isRuntime = (name: string) => /^(process|nodejs|v8js)\./.test(name);
const names = () => [...new Set(receiver.points().map(({ name }) => name))].filter(isRuntime).sort();

describe('process and Node', () => {
  it.each(NODES)('are told of by their conventions on Node %s, with no code', async (node) => {
    const end = await run(LIVE, { node, flags: ['--expose-gc', ...REGISTER] });
    expect(end).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const ofSystem = process.platform === 'linux' ? OF_LINUX : [];
    expect(names()).toEqual(expect.arrayContaining([...OF_PROCESS, ...ofSystem, ...OF_NODE]));
    const [point] = receiver.points('process.memory.usage');
    expect(point).toMatchObject({ unit: 'By', type: 'sum', scope: 'gaugeway' });
    expect(point?.value).toBeGreaterThan(10e6);
    expect(receiver.points('process.cpu.time').map(({ attributes }) => attributes['cpu.mode'])).toEqual([
      'user',
      'system',
    ]);
    for (const { value } of receiver.points('process.cpu.utilization')) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1);
    }
    const [uptime] = receiver.points('process.uptime');
    expect(uptime?.value).toBeGreaterThan(0.6);
    expect(uptime?.value).toBeLessThan(25);
  });

  it('have the same names on /metrics', async () => {
    const end = await run(
      `${LIVE}
      const text = await (await fetch('http://127.0.0.1:' + process.env.OTEL_EXPORTER_PROMETHEUS_PORT + '/metrics')).text();
      console.log(JSON.stringify(text.match(/^# TYPE \\S+/gm).map((line) => line.slice(7))));`,
      {
        flags: ['--expose-gc', ...REGISTER],
        env: {
          OTEL_METRICS_EXPORTER: 'otlp,prometheus',
          OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
          OTEL_EXPORTER_PROMETHEUS_PORT: '19475',
        },
      },
    );
    const shown = (JSON.parse(end.stdout) as string[]).filter((name) => /^(process|nodejs|v8js)_/.test(name)).sort();
    const exported = receiver.points().filter(({ name }) => isRuntime(name));
    const expected = exported.map(({ name, unit, type }) => {
      const isCounter = ['process.cpu.time', 'nodejs.eventloop.time'].includes(name);
      const shape = isCounter ? 'counter' : type === 'sum' ? 'up-down' : type;
      return prometheusMetricName(name, unit, shape);
    });
    expect(shown).toEqual([...new Set(expected)].sort());
    expect(shown).toEqual(
      expect.arrayContaining([
        'process_cpu_time_seconds_total',
        'process_memory_usage_bytes',
        'process_uptime_seconds',
      ]),
    );
  });

  it.each([
    ['default', { GAUGEWAY_RUNTIME_METRICS: '' }],
    ['the variable', { GAUGEWAY_RUNTIME_METRICS: 'false' }],
    ['no exporter of metrics', { OTEL_METRICS_EXPORTER: 'none' }],
  ])('are left out by %s', async (_, env) => {
    const end = await run(LIVE, { env });
    expect(end).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(names()).toEqual([]);
  });

  it('are left out by the option', async () => {
    const end = await run(
      `import { setup } from 'gaugeway/setup';
      const handle = setup({ runtimeMetrics: false });
      ${LIVE}
      await handle.shutdown();`,
      { flags: [] },
    );
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(names()).toEqual([]);
  });

  it('are told once where the application brings the instrumentation itself', async () => {
    const end = await run(
      `import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
      import { setup } from 'gaugeway/setup';
      let callbacks = 0;
      const own = new RuntimeNodeInstrumentation();
      const set = own.setMeterProvider;
      own.setMeterProvider = function (provider) { callbacks++; return set.call(this, provider); };
      const handle = setup({ instrumentations: [own] });
      ${LIVE}
      await handle.flush();
      await handle.shutdown();
      console.log(callbacks);`,
      { flags: [] },
    );
    expect(end).toMatchObject({ code: 0, stdout: '1\n', stderr: '' });
    expect(receiver.points('nodejs.eventloop.utilization')).toHaveLength(1);
  });

  it('are told of by each thread, the process by the main thread alone', async () => {
    const end = await run(
      `import { Worker, isMainThread } from 'node:worker_threads';
      if (isMainThread) {
        const worker = new Worker(new URL(import.meta.url));
        await new Promise((resolve) => worker.once('exit', resolve));
      }
      ${LIVE}`,
    );
    expect(end).toMatchObject({ code: 0, stderr: '' });
    const instances = (name: string) =>
      new Set(receiver.points(name).map(({ resource }) => resource['service.instance.id'])).size;
    expect([instances('process.uptime'), instances('nodejs.eventloop.utilization')]).toEqual([1, 2]);
  });

  it('end with a shutdown that comes at once, and keep no process alive', async () => {
    const end = await run(
      `import { setup } from 'gaugeway/setup';
      const handle = setup();
      await handle.shutdown();
      console.log('done');`,
      { flags: [] },
    );
    expect(end).toMatchObject({ code: 0, stdout: 'done\n', stderr: '' });
  });

  it('begin again after a shutdown', async () => {
    const end = await run(
      `import { setup } from 'gaugeway/setup';
      for (const round of [1, 2]) {
        const { shutdown } = setup();
        await new Promise((done) => setTimeout(done, 200));
        await shutdown();
      }`,
      { flags: [] },
    );
    expect(end).toMatchObject({ code: 0, stderr: '' });
    for (const name of ['nodejs.eventloop.utilization', 'process.memory.usage']) {
      expect(new Set(receiver.points(name).map(({ resource }) => resource['service.instance.id'])).size).toBe(2);
    }
  });
});
