import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { catalogue } from '../src/catalogue/index.ts';
import { startReceiver } from './helpers/receiver.ts';
import { type AppEnd, REGISTER, runApp } from './helpers/run-app.ts';

const receiver = await startReceiver();
afterEach(() => receiver.reset());
afterAll(() => receiver.close());

const DURATION = 'gen_ai.client.operation.duration';
const CALL = `await modelCalls.run({ provider: 'custom', model: 'm' }, async (call) => { call.end({ usage: { input: 3 } }); });`;
const IMPORTS = `
  import { metrics, trace, context, propagation } from '@opentelemetry/api';
  import { modelCalls } from 'gaugeway';
  import { preset, setup } from 'gaugeway/setup';
  import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
  import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
  import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
  import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
  import { registerInstrumentations } from '@opentelemetry/instrumentation';
  const reader = () => new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(), exportIntervalMillis: 60000 });
  const processor = () => new SimpleSpanProcessor({ exporter: new OTLPTraceExporter() });
`;

const run = (source: string, flags: readonly string[] = [], env: Record<string, string> = {}): Promise<AppEnd> =>
  runApp({ source: IMPORTS + source, flags, env: { ...receiver.env, ...env } });

const summary = () => ({
  counts: receiver.points(DURATION).map(({ count }) => count),
  bounds: receiver.points(DURATION)[0]?.bounds,
  spans: receiver.spans.map(({ name }) => name),
});
const ONCE = { counts: [1], bounds: catalogue.operationDuration.buckets, spans: ['chat m'] };

describe('preset()', () => {
  it('gives a NodeSDK our views and instrumentations: its metrics and spans, through its own providers', async () => {
    const end = await run(`
      import { NodeSDK } from '@opentelemetry/sdk-node';
      const { views, instrumentations } = preset();
      const sdk = new NodeSDK({
        serviceName: 'theirs', views, instrumentations, metricReaders: [reader()], spanProcessors: [processor()], logRecordProcessors: [],
      });
      sdk.start();
      ${CALL}
      await sdk.shutdown();`);
    expect(end).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(summary()).toEqual(ONCE);
    expect(receiver.points(DURATION)[0]?.resource['service.name']).toBe('theirs');
    expect(receiver.spans[0]?.resource['service.name']).toBe('theirs');
  });

  it('gives a NodeSDK the jobs of orchestrators with spans of their own, though it samples none of these', async () => {
    const end = await run(`
      import { NodeSDK } from '@opentelemetry/sdk-node';
      import { AlwaysOffSampler } from '@opentelemetry/sdk-trace';
      import { recordJobSpans } from 'gaugeway/setup';
      const { views, instrumentations, spanProcessors } = preset();
      const sdk = new NodeSDK({
        views, instrumentations, metricReaders: [reader()], logRecordProcessors: [],
        sampler: recordJobSpans(new AlwaysOffSampler()), spanProcessors: [...spanProcessors, processor()],
      });
      sdk.start();
      const attributes = { operationType: 'workflow', operationName: 'order', operationUUID: 'wf-1' };
      trace.getTracer('dbos-tracer').startSpan('order', { attributes }).setStatus({ code: 1 }).end();
      trace.getTracer('theirs').startSpan('other').end();
      await sdk.shutdown();`);
    expect(end).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(receiver.points('gaugeway.job.run.duration')).toMatchObject([
      { count: 1, attributes: { 'gaugeway.job.system.name': 'dbos', 'gaugeway.job.name': 'order' } },
    ]);
    expect(receiver.spans).toEqual([]);
  });

  it('gives a bare MeterProvider that is global its metrics, also with providers set after the first call', async () => {
    const end = await run(`
      const { views, instrumentations } = preset();
      registerInstrumentations({ instrumentations });
      await modelCalls.run({ provider: 'custom', model: 'early' }, async () => undefined);
      const meterProvider = new MeterProvider({ views, readers: [reader()] });
      const tracerProvider = new TracerProvider({ spanProcessors: [processor()] });
      metrics.setGlobalMeterProvider(meterProvider);
      trace.setGlobalTracerProvider(tracerProvider);
      ${CALL}
      await Promise.all([meterProvider.shutdown(), tracerProvider.shutdown()]);`);
    expect(end).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(summary()).toEqual(ONCE);
  });

  it("follows providers that are nobody's global ones, and registers nothing global itself", async () => {
    const end = await run(`
      const { views, instrumentations } = preset();
      const meterProvider = new MeterProvider({ views, readers: [reader()] });
      const tracerProvider = new TracerProvider({ spanProcessors: [processor()] });
      registerInstrumentations({ instrumentations, meterProvider, tracerProvider });
      ${CALL}
      await Promise.all([meterProvider.shutdown(), tracerProvider.shutdown()]);
      const globals = globalThis[Symbol.for('opentelemetry.js.api.1')] ?? {};
      console.log(Object.keys(globals).filter((key) => key !== 'version'), process.listenerCount('SIGTERM'));`);
    expect(end).toMatchObject({ code: 0, stdout: '[] 0\n', stderr: '' });
    expect(summary()).toEqual(ONCE);
  });

  it('has one instrumentation for each library', async () => {
    const end = await run(`
      const names = preset().instrumentations.map(({ instrumentationName }) => instrumentationName);
      console.log(names.length > 10, names.filter((name, at) => names.indexOf(name) !== at).join());`);
    expect(end).toMatchObject({ code: 0, stdout: 'true \n', stderr: '' });
  });

  it('measures a call on the wire once, and no more after stop()', async () => {
    const end = await run(
      `import { createServer } from 'node:http';
      const server = createServer((request, response) => {
        request.resume();
        response.setHeader('content-type', 'application/json').end('{"model":"m","choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}');
      }).listen(0);
      const url = 'http://127.0.0.1:' + server.address().port + '/v1';
      const made = preset({ modelEndpoints: [{ provider: 'mine', url }] });
      console.log(preset() === made);
      const meterProvider = new MeterProvider({ views: made.views, readers: [reader()] });
      metrics.setGlobalMeterProvider(meterProvider);
      registerInstrumentations({ instrumentations: made.instrumentations });
      const call = () => fetch(url + '/chat/completions', { method: 'POST', body: '{"model":"m"}' }).then((r) => r.text());
      await call();
      made.stop();
      made.stop();
      await call();
      server.close();
      await meterProvider.shutdown();`,
    );
    expect(end).toMatchObject({ code: 0, stdout: 'true\n', stderr: '' });
    expect(
      receiver.points(DURATION).map(({ count, attributes }) => [count, attributes['gen_ai.provider.name']]),
    ).toEqual([[1, 'mine']]);
  });

  it('does nothing but say so when gaugeway/register already exports, and nothing is counted twice', async () => {
    const end = await run(
      `const made = preset();
      console.log(made.views.length, made.instrumentations.length);
      ${CALL}`,
      REGISTER,
    );
    expect(end).toMatchObject({ code: 0, stdout: '0 0\n' });
    expect(end.stderr).toMatch(/^gaugeway: preset\(\) is ignored: [^\n]*\n$/);
    expect(summary()).toEqual(ONCE);
  });

  it('keeps setup() from exporting a second time', async () => {
    const end = await run(`
      const { views, instrumentations } = preset();
      const meterProvider = new MeterProvider({ views, readers: [reader()] });
      metrics.setGlobalMeterProvider(meterProvider);
      registerInstrumentations({ instrumentations });
      const handle = setup();
      ${CALL}
      await handle.flush();
      await handle.shutdown();
      await meterProvider.shutdown();`);
    expect(end).toMatchObject({ code: 0, stdout: '' });
    expect(end.stderr).toMatch(/^gaugeway: setup\(\) and gaugeway\/register are ignored: [^\n]*\n$/);
    expect(receiver.total(DURATION)).toBe(1);
  });

  it('is empty with OTEL_SDK_DISABLED=true', async () => {
    const end = await run(
      `const made = preset();
      const handle = setup();
      await handle.flush();
      console.log(made.views.length, made.instrumentations.length);
      made.stop();
      ${CALL}`,
      REGISTER,
      { OTEL_SDK_DISABLED: 'true' },
    );
    expect(end).toMatchObject({ code: 0, stdout: '0 0\n', stderr: '' });
    expect(receiver.requests).toEqual([]);
  });
});
