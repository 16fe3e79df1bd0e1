import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  COLLECTOR_CONFIG,
  type Collector,
  type Jaeger,
  type JaegerSpan,
  type Prometheus,
  runTool,
  startCollector,
  startJaeger,
  startPrometheus,
  waitFor,
} from './servers/index.ts';
import { integer, metricsRequest, nanoseconds, postOtlp, SERVICE, spanRequest, string } from './servers/otlp.ts';

// Shaped like a key of a model provider and made up; in two pieces, so that no scanner takes it for a real one.
const API_KEY = `sk-${'proj-EXAMPLE0000example1111EXAMPLE2222'}`;
const tagsOf = (span: JaegerSpan) => Object.fromEntries(span.tags.map(({ key, value }) => [key, value]));

describe('the shipped configurations', () => {
  test('are valid for the real servers', async () => {
    const collector = await runTool('otelcol', ['validate', `--config=${COLLECTOR_CONFIG}`]);
    expect(collector).toMatchObject({ code: 0 });
    const prometheus = await runTool('promtool', [
      'check',
      'config',
      '--syntax-only',
      'deploy/prometheus/prometheus.yml',
    ]);
    expect(prometheus).toMatchObject({ code: 0 });
  });

  test('a misspelt component is refused, so the check above means something', async () => {
    const { code, output } = await runTool('otelcol', [
      'validate',
      `--config=${COLLECTOR_CONFIG}`,
      '--set=processors::memory_limitr::x=1',
    ]);
    expect(code).not.toBe(0);
    expect(output).toContain('memory_limitr');
  });
});

describe('a Collector with the shipped configuration', () => {
  let jaeger: Jaeger;
  let prometheus: Prometheus;
  let collector: Collector;

  beforeAll(async () => {
    [jaeger, prometheus] = await Promise.all([startJaeger(), startPrometheus()]);
    // Tempo stays absent: one backend that is down must hold up neither the other nor the metrics.
    collector = await startCollector(COLLECTOR_CONFIG, {
      PROMETHEUS_OTLP_ENDPOINT: prometheus.otlpUrl,
      JAEGER_ENDPOINT: jaeger.otlpGrpcEndpoint,
    });
  });

  afterAll(async () => {
    await collector?.stop();
    await Promise.all([prometheus?.stop(), jaeger?.stop()]);
  });

  test('gives a metric the same names and labels on the scraped path and in Prometheus', async () => {
    await postOtlp(collector.otlpUrl, 'metrics', metricsRequest());

    const names = [
      'gen_ai_client_operation_duration_seconds_bucket',
      'gen_ai_client_operation_duration_seconds_sum',
      'gen_ai_client_operation_duration_seconds_count',
      'gaugeway_jobs_completed_total',
      'gaugeway_cache_hit_ratio',
    ];
    const scraped = await waitFor('the metric on the prometheus exporter', async () => {
      const text = await (await fetch(collector.metricsUrl)).text();
      return text.includes('gaugeway_cache_hit_ratio{') ? text : undefined;
    });
    for (const name of names) expect(scraped).toContain(`${name}{`);

    const series = await waitFor('the metric in Prometheus', async () => {
      const found = await prometheus.series(`{job="${SERVICE}"}`);
      return names.every((name) => found.some(({ __name__ }) => __name__ === name)) ? found : undefined;
    });
    const pushedLabels = series.find(({ __name__ }) => __name__ === 'gaugeway_jobs_completed_total');
    expect(pushedLabels).toMatchObject({
      job: SERVICE,
      instance: 'instance-1',
      gen_ai_request_model: 'model-a',
      otel_scope_name: 'gaugeway',
      service_name: SERVICE,
    });
    const scrapedLine = scraped.split('\n').find((line) => line.startsWith('gaugeway_jobs_completed_total{'));
    for (const label of ['job', 'instance', 'gen_ai_request_model', 'otel_scope_name', 'otel_scope_version']) {
      expect(scrapedLine).toContain(`${label}="${pushedLabels?.[label]}"`);
    }
    expect(await prometheus.query('gaugeway_jobs_completed_total')).toMatchObject([{ value: 7 }]);
  });

  test('keeps one attribute without a name from costing a whole request', async () => {
    const request = metricsRequest();
    const metric = {
      name: 'nameless.attribute',
      gauge: {
        dataPoints: [
          {
            timeUnixNano: nanoseconds(Date.now()),
            asInt: '5',
            attributes: [
              { key: '', value: { stringValue: 'x' } },
              { key: 'kept', value: { stringValue: 'y' } },
            ],
          },
        ],
      },
    };
    const scope = request.resourceMetrics[0]?.scopeMetrics[0];
    scope?.metrics.push(metric as never);
    await postOtlp(collector.otlpUrl, 'metrics', request);
    const found = await waitFor('the metric in Prometheus', async () => {
      const result = await prometheus.query('nameless_attribute');
      return result.length > 0 ? result : undefined;
    });
    expect(found).toMatchObject([{ value: 5, metric: { kept: 'y' } }]);
  });

  test('masks secrets by name and by shape and leaves token counts alone', async () => {
    await postOtlp(
      collector.otlpUrl,
      'traces',
      spanRequest({
        attributes: [
          integer('gen_ai.usage.input_tokens', 1234),
          integer('gen_ai.usage.output_tokens', 56),
          string('gen_ai.token.type', 'input'),
          string('gen_ai.response.id', 'chatcmpl-4532015112830366AbCdEf'),
          { key: 'gaugeway.cost', value: { doubleValue: 0.4532015112830366 } },
          string('error.message', `Incorrect key ${API_KEY} given`),
          string('url.full', 'https://user:hunter2@host.test/v1/models?key=abcdef&alt=sse'),
          string('note', 'card 4111 1111 1111 1111, or 5555555555554444.'),
          string('http.request.header.x-api-key', 'short'),
          {
            key: 'http.request.header.authorization',
            value: { arrayValue: { values: [{ stringValue: 'Custom scheme' }] } },
          },
          { key: 'list', value: { arrayValue: { values: [{ stringValue: API_KEY }] } } },
        ],
        events: [
          {
            timeUnixNano: nanoseconds(Date.now()),
            name: 'exception',
            attributes: [string('exception.message', API_KEY)],
          },
        ],
        status: { code: 2, message: `401 ${API_KEY}` },
      }),
    );
    const span = await waitFor('the span in Jaeger', async () => (await jaeger.traces(SERVICE))[0]?.spans[0]);
    const tags = tagsOf(span);

    expect(tags).toMatchObject({
      'gen_ai.usage.input_tokens': 1234,
      'gen_ai.usage.output_tokens': 56,
      'gen_ai.token.type': 'input',
      'gen_ai.response.id': 'chatcmpl-4532015112830366AbCdEf',
      'gaugeway.cost': 0.4532015112830366,
      'error.message': 'Incorrect key **** given',
      'http.request.header.x-api-key': '****',
      'http.request.header.authorization': '****',
    });
    expect(span.operationName).toBe('chat model-a');
    const everything = JSON.stringify(span);
    for (const secret of [API_KEY, 'hunter2', 'abcdef', 'Custom scheme', '4111', '5555'])
      expect(everything).not.toContain(secret);
    expect(tags['url.full']).toContain('alt=sse');
    expect(span.logs[0]?.fields).toContainEqual({ key: 'exception.message', type: 'string', value: '****' });
  });

  test('cuts a span that is too large', async () => {
    const many = Array.from({ length: 300 }, (_, index) => string(`a${index}`, 'x'));
    await postOtlp(
      collector.otlpUrl,
      'traces',
      spanRequest({
        traceId: '6b8efff798038103d269b633813fc60d',
        attributes: [...many, string('long', 'y'.repeat(100_000)), string('gen_ai.request.model', 'model-a')],
        status: { code: 2, message: 'z'.repeat(10_000) },
      }),
    );
    const span = await waitFor('the large span in Jaeger', async () => {
      const traces = await jaeger.traces(SERVICE);
      return traces.find(({ traceID }) => traceID.startsWith('6b8'))?.spans[0];
    });
    const tags = tagsOf(span);
    expect(tags['gen_ai.request.model']).toBe('model-a');
    // Jaeger adds a few tags of its own (span.kind, status, scope).
    expect(span.tags.length).toBeLessThan(140);
    expect(Math.max(...span.tags.map(({ value }) => String(value).length))).toBeLessThanOrEqual(16_384);
    expect(String(tags['otel.status_description'])).toHaveLength(2048);
  });

  test('refuses a body over the limit', async () => {
    const response = await fetch(`${collector.otlpUrl}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(spanRequest({ attributes: [string('huge', 'x'.repeat(9 * 1024 * 1024))] })),
    });
    expect(response.ok).toBe(false);
  });

  test('is scraped by a real Prometheus, its own page and that of the applications', async () => {
    const target = (url: string) => ({ targets: [new URL(url).host] });
    const scraper = await startPrometheus({
      scrapeConfigs: [
        { job_name: 'otel-collector', scrape_interval: '1s', static_configs: [target(collector.telemetryUrl)] },
        {
          job_name: 'applications',
          scrape_interval: '1s',
          honor_labels: true,
          static_configs: [target(collector.metricsUrl)],
        },
      ],
    });
    try {
      const queues = await waitFor('the queues of the Collector', async () => {
        const found = await scraper.query('otelcol_exporter_queue_size');
        return found.length > 0 ? found : undefined;
      });
      const named = queues.map(({ metric }) => metric.exporter).sort();
      expect(named).toEqual(['otlp_grpc/jaeger', 'otlp_grpc/tempo', 'otlp_http/prometheus']);
      await waitFor('the applications', async () => (await scraper.series(`{job="${SERVICE}"}`))[0]);
      const targets = await scraper.targets();
      expect(targets.map(({ health, lastError }) => ({ health, lastError }))).toEqual([
        { health: 'up', lastError: '' },
        { health: 'up', lastError: '' },
      ]);
    } finally {
      await scraper.stop();
    }
  });

  test('keeps what waits for a backend over a restart', async () => {
    const queue = await mkdtemp(join(tmpdir(), 'gaugeway-queue-'));
    const traceId = '7b8efff798038103d269b633813fc60e';
    try {
      const before = await startCollector(COLLECTOR_CONFIG, { QUEUE_DIRECTORY: queue });
      await postOtlp(before.otlpUrl, 'traces', spanRequest({ traceId }));
      await before.stop();
      const after = await startCollector(COLLECTOR_CONFIG, {
        QUEUE_DIRECTORY: queue,
        JAEGER_ENDPOINT: jaeger.otlpGrpcEndpoint,
      });
      try {
        await waitFor('the span from before the restart', async () =>
          (await jaeger.traces(SERVICE)).find(({ traceID }) => traceID === traceId),
        );
      } finally {
        await after.stop();
      }
    } finally {
      await rm(queue, { recursive: true, force: true });
    }
  });
});
