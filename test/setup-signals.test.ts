import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { catalogue } from '../src/catalogue/index.ts';
import { startReceiver } from './helpers/receiver.ts';
import { type AppEnd, type AppOptions, REGISTER, runApp } from './helpers/run-app.ts';

const receiver = await startReceiver();
afterEach(() => receiver.reset());
afterAll(() => receiver.close());

const CALL = `
  import { modelCalls } from 'gaugeway';
  await modelCalls.run({ provider: 'custom', model: 'm' }, async (call) => {
    call.end({ usage: { input: 3, output: 4 } });
  });
`;
const DURATION = 'gen_ai.client.operation.duration';

interface Points {
  readonly dataPoints: readonly { asInt?: string; asDouble?: number; count?: string }[];
}
interface Export {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly { name: string; sum?: Points; histogram?: Points }[];
    }[];
  }[];
}

const run = (source: string, options: Omit<AppOptions, 'source'> = {}): Promise<AppEnd> =>
  runApp({ flags: REGISTER, source, ...options, env: { ...receiver.env, ...options.env } });

const bare = (source: string, env: Record<string, string> = {}): Promise<AppEnd> => run(source, { flags: [], env });

/** A free port, or with `holder` one that it takes. */
async function freePort(holder?: Server): Promise<number> {
  const server = holder ?? createServer();
  await new Promise<void>((resolve) => void server.listen(0, 'localhost', resolve));
  const { port } = server.address() as AddressInfo;
  if (holder === undefined) await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('the resource', () => {
  const resource = () => receiver.points(DURATION)[0]?.resource ?? {};

  it('says which service, instance and process it is, and not how it was started', async () => {
    await run(CALL, { args: ['--api-key=secret'] });
    expect(resource()).toMatchObject({
      'service.name': expect.stringMatching(/^unknown_service:/),
      'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'process.runtime.name': 'nodejs',
      'telemetry.sdk.language': 'nodejs',
    });
    expect(JSON.stringify(resource())).not.toContain('secret');
  });

  it.each([
    ['OTEL_RESOURCE_ATTRIBUTES', { OTEL_RESOURCE_ATTRIBUTES: 'service.name=attr,team=a%2Cb' }, '', 'attr'],
    [
      'OTEL_SERVICE_NAME',
      { OTEL_RESOURCE_ATTRIBUTES: 'service.name=attr,team=a%2Cb', OTEL_SERVICE_NAME: 'env' },
      '',
      'env',
    ],
    [
      'an option',
      { OTEL_RESOURCE_ATTRIBUTES: 'service.name=attr,team=a%2Cb', OTEL_SERVICE_NAME: 'env' },
      `serviceName: 'code'`,
      'code',
    ],
  ])('%s names the service', async (_, env, option, name) => {
    const end = await bare(`import { setup } from 'gaugeway/setup'; setup({ ${option} }); ${CALL}`, env);
    expect(end).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(resource()).toMatchObject({ 'service.name': name, team: 'a,b' });
    expect(receiver.spans[0]?.resource).toEqual(resource());
  });

  it('wrong attributes are one line, and none of them is taken', async () => {
    const end = await run(CALL, { env: { OTEL_RESOURCE_ATTRIBUTES: 'team=a,nonsense' } });
    expect(end.stderr).toBe(
      'gaugeway: OTEL_RESOURCE_ATTRIBUTES="team=a,nonsense" is ignored: it must be a list of key=value, percent-encoded; none is in force\n',
    );
    expect(resource().team).toBeUndefined();
  });

  it('every process, fork and worker has an instance of its own, also when the variable names one', async () => {
    const source = `
      import { Worker, isMainThread } from 'node:worker_threads';
      import { fork } from 'node:child_process';
      ${CALL}
      if (isMainThread && process.argv[2] !== 'child') {
        new Worker(new URL(import.meta.url));
        new Worker(new URL(import.meta.url));
        fork(process.argv[1], ['child']);
      }`;
    const end = await run(source);
    expect(end).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const instances = () => new Set(receiver.points(DURATION).map((point) => point.resource['service.instance.id']));
    expect([instances().size, receiver.total(DURATION)]).toEqual([4, 4]);

    receiver.reset();
    await run(source.replace('fork(', '(() => {})('), { env: { OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=pod' } });
    expect([...instances()].sort()).toEqual(['pod', 'pod/thread-1', 'pod/thread-2']);
  });
});

describe('metrics', () => {
  it('of the plain API appear on OTLP and on /metrics, beside ours and under the names a Collector gives', async () => {
    const port = await freePort();
    const end = await run(
      `import { metrics } from '@opentelemetry/api';
      ${CALL}
      const meter = metrics.getMeter('my-gateway');
      meter.createCounter('requests', { unit: '{request}' }).add(2, { route: '/v1' });
      meter.createHistogram('queue.time', { unit: 's', advice: { explicitBucketBoundaries: [1, 2] } }).record(1.5);
      const scrape = () => fetch('http://localhost:${port}/metrics').then((answer) => answer.text());
      console.log(await scrape().catch(() => new Promise((resolve) => setTimeout(resolve, 500)).then(scrape)));`,
      { env: { OTEL_METRICS_EXPORTER: 'otlp,prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: String(port) } },
    );
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(end.stdout).toMatch(/^requests_total\{.*route="\/v1".*\} 2$/m);
    expect(end.stdout).toMatch(/^queue_time_seconds_bucket\{.*le="2".*\} 1$/m);
    expect(end.stdout).toMatch(/^gen_ai_client_operation_duration_seconds_count\{.*gen_ai_request_model="m".*\} 1$/m);
    expect(receiver.points('requests')[0]).toMatchObject({ value: 2, scope: 'my-gateway', unit: '{request}' });
    expect(receiver.points('queue.time')[0]).toMatchObject({ count: 1, sum: 1.5, bounds: [1, 2] });
    expect(receiver.points(DURATION)[0]?.bounds).toEqual(catalogue.operationDuration.buckets);
  });

  it('in deltas tell of each call once, and of a counter that rests nothing', async () => {
    const source = `import { modelCalls } from 'gaugeway';
      import { setup } from 'gaugeway/setup';
      for (const calls of [1, 0, 2]) {
        for (let i = 0; i < calls; i++) {
          await modelCalls.run({ provider: 'custom', model: 'm' }, () => Promise.reject(new Error('x'))).catch(() => {});
        }
        await setup().flush();
      }`;
    const env = { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta' };
    const told = (name: string): unknown[] => {
      const bodies = receiver.requests.filter(({ path }) => path === '/v1/metrics').map(({ body }) => body as Export);
      const metrics = bodies.map((body) => body.resourceMetrics.flatMap((resource) => resource.scopeMetrics));
      return metrics.map((scopes) => {
        const found = scopes.flatMap((scope) => scope.metrics).find((metric) => metric.name === name);
        const point = (found?.sum ?? found?.histogram)?.dataPoints[0];
        return point === undefined ? undefined : Number(point.asInt ?? point.asDouble ?? point.count);
      });
    };
    expect(await run(source, { env })).toMatchObject({ code: 0, stderr: '' });
    expect(told('gaugeway.model.errors').slice(0, 3)).toEqual([1, undefined, 2]);
    expect(told(DURATION).slice(0, 3)).toEqual([1, undefined, 2]);
  });

  it('are served on the next port, which one line tells, when theirs is taken, and never by a worker', async () => {
    const holder = createServer();
    const port = await freePort(holder);
    try {
      const end = await run(
        `import { Worker, isMainThread } from 'node:worker_threads';
        const own = async () => {
          const ports = [];
          for (let port = ${port} + 1; port < ${port} + 10; port++) {
            const page = await fetch('http://localhost:' + port + '/metrics').then((r) => r.text(), () => '');
            if (page.includes('process_pid="' + process.pid + '"')) ports.push(port);
          }
          return ports;
        };
        if (isMainThread) {
          while ((await own()).length === 0);
          const worker = new Worker(new URL(import.meta.url));
          worker.on('message', async () => {
            console.log(await own());
            worker.postMessage('end');
          });
        } else {
          const { parentPort } = await import('node:worker_threads');
          setTimeout(() => parentPort.postMessage('up'), 200);
          parentPort.once('message', () => {});
        }`,
        { env: { OTEL_METRICS_EXPORTER: 'prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: String(port) } },
      );
      const at = /^\[ (\d+) \]\n$/.exec(end.stdout)?.[1];
      expect(end).toMatchObject({ code: 0, stdout: `[ ${at} ]\n` });
      expect(end.stderr).toBe(
        `gaugeway: Prometheus: port ${port} is taken, so the metrics are at http://localhost:${at}/metrics.\n`,
      );
      expect(receiver.requests.filter(({ path }) => path === '/v1/metrics')).toEqual([]);
    } finally {
      holder.close();
    }
  });

  it.each([
    ['always_off', { OTEL_TRACES_SAMPLER: 'always_off' }, 0],
    ['no traces', { OTEL_TRACES_EXPORTER: 'none' }, 0],
    ['a ratio of nothing', { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, 0],
    ['a ratio of all', { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '1' }, 1],
    ['parentbased_always_off', { OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, 0],
  ])('do not depend on the sampler: %s', async (_, env, spans) => {
    expect(await run(CALL, { env })).toMatchObject({ code: 0, stderr: '' });
    expect([receiver.total(DURATION), receiver.spans.length]).toEqual([1, spans]);
  });

  it('with OTEL_METRICS_EXPORTER=none spans alone are sent', async () => {
    expect(await run(CALL, { env: { OTEL_METRICS_EXPORTER: 'none' } })).toMatchObject({ code: 0, stderr: '' });
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/v1/traces']);
  });

  it.each([
    [{ GAUGEWAY_GENAI_NAMES: 'latest' }, false, true],
    [{ OTEL_SEMCONV_STABILITY_OPT_IN: 'http/dup,gen_ai/dup' }, true, true],
    [{ OTEL_SEMCONV_STABILITY_OPT_IN: 'http/dup' }, true, false],
  ])('carry the generation of names that %j asks for', async (env: Record<string, string>, old, latest) => {
    expect(await run(CALL, { env })).toMatchObject({ code: 0, stderr: '' });
    expect([receiver.total(DURATION), receiver.total('gen_ai.client.inference.duration')]).toEqual([
      Number(old),
      Number(latest),
    ]);
  });
});

it.each([
  [{}, ['baggage', 'traceparent']],
  [{ OTEL_PROPAGATORS: 'tracecontext' }, ['traceparent']],
  [{ OTEL_PROPAGATORS: 'none' }, []],
])('%j lets an application inject %j', async (env: Record<string, string>, headers) => {
  const end = await run(
    `import { context, propagation, trace } from '@opentelemetry/api';
    const baggage = propagation.createBaggage({ a: { value: 'b' } });
    trace.getTracer('mine').startActiveSpan('s', () => {
      const carrier = {};
      propagation.inject(propagation.setBaggage(context.active(), baggage), carrier);
      console.log(JSON.stringify(Object.keys(carrier).filter((key) => key !== 'tracestate').sort()));
    });`,
    { env },
  );
  expect(end).toMatchObject({ stdout: `${JSON.stringify(headers)}\n`, stderr: '' });
});

it('nothing is ever on stdout, whatever the log level', async () => {
  for (const level of ['debug', 'all']) {
    const end = await run(CALL, { env: { OTEL_LOG_LEVEL: level } });
    expect([end.code, end.stdout]).toEqual([0, '']);
    expect(end.stderr).toMatch(/^(gaugeway: [^\n]*\n)+$/);
  }
});
