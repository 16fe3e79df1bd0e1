import { afterAll, beforeAll, expect, test } from 'vitest';
import { runApp } from '../helpers/run-app.ts';
import {
  COLLECTOR_CONFIG,
  type Collector,
  type Jaeger,
  type Prometheus,
  startCollector,
  startJaeger,
  startPrometheus,
} from './servers/index.ts';

let prometheus: Prometheus;
let withoutOtlp: Prometheus;
let jaeger: Jaeger;
let collector: Collector;

beforeAll(async () => {
  [prometheus, withoutOtlp, jaeger] = await Promise.all([
    startPrometheus(),
    startPrometheus({ otlp: false }),
    startJaeger(),
  ]);
  collector = await startCollector(COLLECTOR_CONFIG, {
    PROMETHEUS_OTLP_ENDPOINT: prometheus.otlpUrl,
    JAEGER_ENDPOINT: jaeger.otlpGrpcEndpoint,
  });
});
afterAll(() => Promise.all([collector?.stop(), prometheus?.stop(), withoutOtlp?.stop(), jaeger?.stop()]));

function doctor(endpoint: Record<string, string>, ...args: string[]) {
  return runApp({
    file: 'dist/src/cli/index.js',
    args: ['doctor', '--timeout', '20', ...args],
    env: { OTEL_SERVICE_NAME: 'platform', ...endpoint },
  });
}

test('the doctor finds its metric and its span again, through the Collector, in Prometheus and Jaeger', async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.otlpUrl };
  const { code, stdout } = await doctor(env, '--prometheus', prometheus.url, '--jaeger', jaeger.url);
  expect(stdout).toMatch(/✓ reading back from Prometheus: found after/);
  expect(stdout).toMatch(/✓ reading back from Jaeger: found after/);
  expect(code).toBe(0);
});

test('the doctor names a Prometheus without its OTLP receiver', async () => {
  const env = {
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${withoutOtlp.otlpUrl}/v1/metrics`,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.otlpUrl}/v1/traces`,
  };
  const { code, stdout } = await doctor(env);
  expect(stdout).toContain('✗ sending a metric');
  expect(stdout).toContain('--web.enable-otlp-receiver');
  expect(stdout).toContain('✓ sending a span');
  expect(code).toBe(1);
});
