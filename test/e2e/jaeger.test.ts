import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Application, startApplication } from './application.ts';
import { type Providers, startProviders } from './providers.ts';
import {
  COLLECTOR_CONFIG,
  type Collector,
  freePorts,
  type Jaeger,
  type JaegerSpan,
  type JaegerTrace,
  startCollector,
  startJaeger,
  waitFor,
} from './servers/index.ts';

const PROMPT = 'The recipe is secret';
const ANSWER = 'classified ';

const tagsOf = (span: JaegerSpan) => Object.fromEntries(span.tags.map(({ key, value }) => [key, value]));

describe('a job whose steps ask a gateway in another service', () => {
  let providers: Providers;
  let jaeger: Jaeger;
  let collector: Collector;
  let gateway: Application;
  let orchestrator: Application;

  beforeAll(async () => {
    [providers, jaeger] = await Promise.all([startProviders(), startJaeger()]);
    collector = await startCollector(COLLECTOR_CONFIG, { JAEGER_ENDPOINT: jaeger.otlpGrpcEndpoint });
    const { port } = await freePorts(['port']);
    const env = { ...providers.env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.otlpUrl };
    gateway = await startApplication({
      file: 'test/e2e/apps/gateway.mjs',
      env: { ...env, OTEL_SERVICE_NAME: 'gateway', PORT: String(port) },
      readyUrl: `http://127.0.0.1:${port}/`,
    });
    orchestrator = await startApplication({
      file: 'test/e2e/apps/orchestrator.mjs',
      env: { ...env, OTEL_SERVICE_NAME: 'orchestrator', GATEWAY_URL: `http://127.0.0.1:${port}` },
    });
  });

  afterAll(async () => {
    await Promise.all([orchestrator?.stop(), gateway?.stop()]);
    await collector?.stop();
    await Promise.all([jaeger?.stop(), providers?.close()]);
  });

  /** Runs a job and reads its trace back, with its three spans by what they are. */
  async function runJob(id: string, behaviour: object) {
    const result = await orchestrator.ask('run', { id, text: PROMPT, behaviour: { deltaText: ANSWER, ...behaviour } });
    const isOfJob = (span: JaegerSpan) => tagsOf(span)['gaugeway.job.id'] === id;
    const trace = await waitFor('the whole trace in Jaeger', async () => {
      const found = (await jaeger.traces('orchestrator')).find(({ spans }) => spans.some(isOfJob));
      return found && found.spans.length >= 3 ? found : undefined;
    });
    const spanNamed = (name: string) => trace.spans.find(({ operationName }) => operationName === name) as JaegerSpan;
    return {
      result,
      trace,
      job: spanNamed('process summaries'),
      step: spanNamed('agent summarise'),
      call: spanNamed('chat gpt-4o-mini'),
    };
  }

  const serviceOf = ({ processes }: JaegerTrace, { processID }: JaegerSpan) => processes[processID]?.serviceName;
  const childOf = (parent: JaegerSpan) => [{ refType: 'CHILD_OF', traceID: parent.traceID, spanID: parent.spanID }];

  test('is one trace: the job, its step, and the model call of the other service', async () => {
    const { result, trace, job, step, call } = await runJob('job-1', { promptTokens: 21, completionTokens: 5 });
    expect(result).toEqual({ summary: ANSWER.repeat(5) });
    expect(trace.spans).toHaveLength(3);
    expect(job.references).toEqual([]);
    expect(step.references).toEqual(childOf(job));
    expect(call.references).toEqual(childOf(step));
    expect([job, step, call].map((span) => serviceOf(trace, span))).toEqual([
      'orchestrator',
      'orchestrator',
      'gateway',
    ]);
    expect(tagsOf(job)).toMatchObject({ 'span.kind': 'consumer', 'gaugeway.job.result': 'success' });
    expect(tagsOf(step)).toMatchObject({ 'gen_ai.agent.name': 'writer' });
    expect(tagsOf(call)).toMatchObject({
      'span.kind': 'client',
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o-mini',
      'gen_ai.response.model': 'gpt-4o-mini-2024-07-18',
      'gen_ai.usage.input_tokens': 21,
      'gen_ai.usage.output_tokens': 5,
      'http.response.status_code': 200,
      'gaugeway.outcome': 'success',
    });
    for (const span of trace.spans) expect(tagsOf(span)).not.toHaveProperty('error.type');
    // Times of two processes of one machine: each span lies within its parent.
    for (const [inner, outer] of [
      [call, step],
      [step, job],
    ] as const) {
      expect(inner.startTime).toBeGreaterThanOrEqual(outer.startTime - 50_000);
      expect(inner.duration).toBeLessThanOrEqual(outer.duration + 50_000);
    }
  });

  test('shows a failure at each level, by its class', async () => {
    const { result, job, step, call } = await runJob('job-2', { status: 500 });
    expect(result).toEqual({ error: 'TypeError' });
    expect(tagsOf(call)).toMatchObject({
      'error.type': 'server_error',
      'gaugeway.outcome': 'error',
      'http.response.status_code': 500,
      'otel.status_code': 'ERROR',
    });
    expect(tagsOf(step)).toMatchObject({ 'error.type': 'TypeError', 'otel.status_code': 'ERROR' });
    expect(tagsOf(job)).toMatchObject({
      'error.type': 'TypeError',
      'gaugeway.job.result': 'failure',
      'otel.status_code': 'ERROR',
    });
    expect(step.references).toEqual(childOf(job));
    expect(call.references).toEqual(childOf(step));
  });

  test('nothing of a prompt or an answer is in any span, and the provider gets no trace context', async () => {
    const traces = (await Promise.all(['orchestrator', 'gateway'].map((service) => jaeger.traces(service)))).flat();
    const everything = JSON.stringify(traces);
    expect(everything).toContain('gpt-4o-mini');
    for (const text of ['secret', 'recipe', ANSWER.trim()]) expect(everything).not.toContain(text);
    expect(providers.openai.requests).toHaveLength(2);
    for (const { headers } of providers.openai.requests) {
      expect(headers).not.toHaveProperty('traceparent');
      expect(headers).not.toHaveProperty('baggage');
    }
  });
});
