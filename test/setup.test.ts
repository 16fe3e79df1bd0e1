import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { catalogue } from '../src/catalogue/index.ts';
import { startReceiver } from './helpers/receiver.ts';
import { type AppEnd, type AppOptions, REGISTER, ROOT, runApp } from './helpers/run-app.ts';

const receiver = await startReceiver();
const folder = mkdtempSync(join(tmpdir(), 'gaugeway-'));
afterEach(() => receiver.reset());
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await receiver.close();
});

const CALL = `
  import { modelCalls } from 'gaugeway';
  await modelCalls.run({ provider: 'custom', model: 'm' }, async (call) => {
    call.end({ usage: { input: 3, output: 4 } });
  });
`;
const DURATION = 'gen_ai.client.operation.duration';

const run = (source: string, options: Omit<AppOptions, 'source'> = {}): Promise<AppEnd> =>
  runApp({ flags: REGISTER, source, ...options, env: { ...receiver.env, ...options.env } });

const bare = (source: string, env: Record<string, string> = {}): Promise<AppEnd> => run(source, { flags: [], env });

describe('OTEL_CONFIG_FILE', () => {
  const write = (text: string): string => {
    const file = join(folder, 'otel.yaml');
    writeFileSync(file, text);
    return file;
  };

  it('decides about exporters, and our metrics and spans arrive with exact boundaries, nothing on stdout', async () => {
    const file = write(`file_format: "1.0"
resource:
  attributes:
    - { name: service.name, value: from-file }
meter_provider:
  readers:
    - periodic:
        exporter:
          otlp_http: { endpoint: "${receiver.url}/v1/metrics", encoding: json }
tracer_provider:
  processors:
    - batch:
        exporter:
          otlp_http: { endpoint: "${receiver.url}/v1/traces", encoding: json }
`);
    const end = await run(
      `${CALL}
      import { metrics } from '@opentelemetry/api';
      metrics.getMeter('my-gateway').createCounter('requests').add(1);`,
      {
        env: { OTEL_CONFIG_FILE: file },
      },
    );
    expect(end).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(receiver.points(DURATION)[0]).toMatchObject({
      count: 1,
      bounds: catalogue.operationDuration.buckets,
      resource: expect.objectContaining({ 'service.name': 'from-file' }),
    });
    expect(receiver.total('requests')).toBe(1);
    expect(receiver.spans.map(({ name }) => name)).toEqual(['chat m']);
  });

  it('leaves to an application at the end what that had registered before', async () => {
    const file = write(`file_format: "1.0"
propagator: { composite: [{ tracecontext: }] }
tracer_provider:
  processors:
    - batch: { exporter: { otlp_http: { endpoint: "${receiver.url}/v1/traces", encoding: json } } }
`);
    const end = await bare(
      `import { propagation, trace } from '@opentelemetry/api';
      import { setup } from 'gaugeway/setup';
      propagation.setGlobalPropagator({ inject() {}, extract: (context) => context, fields: () => ['mine'] });
      const handle = setup();
      const isTraced = () => trace.getTracer('mine').startSpan('one').isRecording();
      const [before] = [isTraced()];
      await handle.shutdown();
      console.log(JSON.stringify([before, isTraced(), propagation.fields()]));`,
      { OTEL_CONFIG_FILE: file },
    );
    expect(end).toMatchObject({ code: 0, stdout: '[true,false,["mine"]]\n' });
  });

  it.each([
    ['is no YAML', 'a: [', undefined],
    ['says nonsense', 'file_format: "1.0"\nmeter_provider: 7\n', undefined],
    ['is not there', undefined, '/nowhere/otel.yaml'],
  ])('that %s is one line, and the application runs as ever', async (_, text, path) => {
    const end = await run(`${CALL} console.log('mine');`, {
      env: { OTEL_CONFIG_FILE: path ?? write(text ?? '') },
    });
    expect(end).toMatchObject({ code: 0, stdout: 'mine\n' });
    expect(end.stderr).toMatch(/^gaugeway: Could not load OpenTelemetry configuration[^\n]*\n$/);
  });
});

describe('set up more than once', () => {
  it('a second setup() and a second copy of the package give the first handle, and count nothing twice', async () => {
    const end = await bare(`
      import { cpSync, symlinkSync } from 'node:fs';
      import { setup } from 'gaugeway/setup';
      const one = setup();
      const copy = new URL('./copy/', import.meta.url);
      cpSync('${ROOT}dist/src', new URL('src', copy), { recursive: true });
      cpSync('${ROOT}dist/instrumentations', new URL('instrumentations', copy), { recursive: true });
      const second = await import(new URL('src/setup.js', copy));
      console.log(setup() === one, second.setup() === one, second.setup !== setup);
      setup({ serviceName: 'late' });
      ${CALL}`);
    expect(end).toMatchObject({ code: 0, stdout: 'true true true\n' });
    expect(end.stderr).toBe('gaugeway: setup() was called twice; the options of the second call are ignored\n');
    expect([receiver.total(DURATION), receiver.spans.length]).toEqual([1, 1]);
  });

  it('after a shutdown nothing is recorded, and setup() starts anew', async () => {
    const end = await bare(`
      import { setup } from 'gaugeway/setup';
      import { modelCalls } from 'gaugeway';
      const call = (model) => modelCalls.run({ provider: 'custom', model }, async (call) => call.end({}));
      const first = setup();
      await call('one');
      await first.shutdown();
      await first.shutdown();
      await call('lost');
      const second = setup({ serviceName: 'again' });
      console.log(second !== first);
      await call('two');
      await second.shutdown();`);
    expect(end).toMatchObject({ code: 0, stdout: 'true\n', stderr: '' });
    const models = receiver.points(DURATION).map((point) => point.attributes['gen_ai.request.model']);
    expect(models.sort()).toEqual(['one', 'two']);
    expect(receiver.points(DURATION, { 'gen_ai.request.model': 'two' })[0]?.resource['service.name']).toBe('again');
  });

  it('a wrong option throws before anything is set up', async () => {
    const end = await bare(`
      import { setup } from 'gaugeway/setup';
      for (const options of [{ port: 1 }, { prometheusPort: 'x' }, { disabledInstrumentations: ['wires'] }]) {
        try { setup(options); } catch (error) { console.log(error.name + ': ' + error.message.slice(0, 90)); }
      }`);
    expect(end.stdout.split('\n')).toEqual([
      expect.stringMatching(/^TypeError: gaugeway: unknown option "port"; the options are disabled/),
      'TypeError: gaugeway: option "prometheusPort" must be a port from 0 to 65535',
      expect.stringMatching(
        /^TypeError: gaugeway: option "disabledInstrumentations" names no known wires to disable; /,
      ),
      '',
    ]);
    expect(receiver.requests).toEqual([]);
  });

  it('an unknown instrumentation in the variable is one line that names the known ones', async () => {
    const end = await run(CALL, { env: { GAUGEWAY_DISABLED_INSTRUMENTATIONS: 'wires,pg-boss' } });
    expect(end.stderr).toMatch(
      /^gaugeway: GAUGEWAY_DISABLED_INSTRUMENTATIONS: there is no wires to disable; the instrumentations are wire, [^\n]*pg-boss[^\n]*\n$/,
    );
    expect(receiver.total(DURATION)).toBe(1);
  });

  it('another SDK that was first keeps everything, which one line tells, and gets our metrics if it can', async () => {
    const end = await bare(`
      import { metrics } from '@opentelemetry/api';
      import { ConsoleMetricExporter, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
      import { setup } from 'gaugeway/setup';
      const exporter = new InMemoryMetricExporter(1);
      const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60000 })] });
      metrics.setGlobalMeterProvider(provider);
      const handle = setup();
      ${CALL}
      await handle.shutdown();
      await provider.forceFlush();
      const names = exporter.getMetrics()[0].scopeMetrics.flatMap(({ metrics }) => metrics.map(({ descriptor }) => descriptor.name));
      console.log(names.includes('${DURATION}'), metrics.getMeterProvider() === provider);`);
    expect(end).toMatchObject({ code: 0, stdout: 'true true\n' });
    expect(end.stderr).toMatch(/^gaugeway: another OpenTelemetry SDK or another copy [^\n]*preset\(\)[^\n]*\n$/);
    expect(receiver.requests).toEqual([]);
  });

  it('another version of the API that registered first is one line, and nothing is opened', async () => {
    const end = await bare(
      `globalThis[Symbol.for('opentelemetry.js.api.1')] = { version: '1.4.0', trace: {} };
      const { setup } = await import('gaugeway/setup');
      setup();
      ${CALL.replace('import { modelCalls } from', 'const { modelCalls } = await import(').replace(`'gaugeway';`, `'gaugeway');`)}
      console.log(process.getActiveResourcesInfo().includes('TCPServerWrap'));`,
      { OTEL_METRICS_EXPORTER: 'otlp,prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: '0' },
    );
    expect(end).toMatchObject({ code: 0, stdout: 'false\n' });
    expect(end.stderr).toMatch(/^gaugeway: another OpenTelemetry SDK or another copy [^\n]*\n$/);
    expect(receiver.requests).toEqual([]);
  });

  it('an SDK that the application registers after us is one line with the remedy', async () => {
    const end = await run(`
      import { metrics, trace } from '@opentelemetry/api';
      import { MeterProvider } from '@opentelemetry/sdk-metrics';
      import { TracerProvider } from '@opentelemetry/sdk-trace';
      console.log(metrics.setGlobalMeterProvider(new MeterProvider()), trace.setGlobalTracerProvider(new TracerProvider()));
      ${CALL}`);
    expect(end).toMatchObject({ code: 0, stdout: 'false false\n' });
    expect(end.stderr).toMatch(
      /^gaugeway: the application registers an OpenTelemetry SDK of its own[^\n]*preset\(\)[^\n]*\n$/,
    );
    expect(receiver.total(DURATION)).toBe(1);
  });
});
