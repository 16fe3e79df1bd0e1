import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { renderMonitoring } from '../../monitoring/index.ts';
import { runApp } from '../helpers/run-app.ts';
import { type Application, startApplication } from './application.ts';
import { type Providers, startProviders } from './providers.ts';
import {
  type Alertmanager,
  COLLECTOR_CONFIG,
  type Collector,
  type Jaeger,
  type Prometheus,
  type SentAlert,
  startAlertmanager,
  startCollector,
  startJaeger,
  startPrometheus,
  waitFor,
} from './servers/index.ts';

const LATENCY = ['HighAPILatency', 'CriticalAPILatency'];
const TIME_LIMIT_MS = 60_000;

/** The two rules as they are rendered for these limits, but for their patience: minutes are seconds. */
function impatientRules(): string {
  // Far above what a busy machine adds by itself.
  const thresholds = { apiLatencyMs: { warning: 500, critical: 1000 } };
  const file = renderMonitoring({ thresholds }).files.find(({ path }) => path.endsWith('alert-rules.yml'));
  const { groups } = parse(file?.text ?? '') as { groups: { rules: { alert: string; expr: string; for: string }[] }[] };
  const rules = groups
    .flatMap((group) => group.rules)
    .filter(({ alert }) => LATENCY.includes(alert))
    .map((rule) => ({ ...rule, for: rule.for.replace('m', 's'), expr: rule.expr.replaceAll('[5m]', '[10s]') }));
  return stringify({ groups: [{ name: 'latency', interval: '1s', rules }] }, { lineWidth: 0 });
}

describe('a model provider that becomes slow', () => {
  let folder: string;
  let providers: Providers;
  let alertmanager: Alertmanager;
  let jaeger: Jaeger;
  let prometheus: Prometheus;
  let collector: Collector;
  let assistant: Application;

  const told = (name: string, status: SentAlert['status']): SentAlert | undefined =>
    alertmanager.sent.person?.find((alert) => alert.labels.alertname === name && alert.status === status);
  const firing = async () =>
    (await prometheus.query('ALERTS{alertstate="firing"}')).map(({ metric }) => metric.alertname).sort();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gaugeway-fault-'));
    const rules = join(folder, 'rules.yml');
    await writeFile(rules, impatientRules());
    [providers, alertmanager, jaeger] = await Promise.all([startProviders(), startAlertmanager(), startJaeger()]);
    prometheus = await startPrometheus({
      ruleFiles: [rules],
      alertmanagers: [alertmanager.address],
      evaluationInterval: '1s',
    });
    collector = await startCollector(COLLECTOR_CONFIG, {
      PROMETHEUS_OTLP_ENDPOINT: prometheus.otlpUrl,
      JAEGER_ENDPOINT: jaeger.otlpGrpcEndpoint,
    });
    assistant = await startApplication({
      file: 'test/e2e/apps/assistant.mjs',
      env: { ...providers.env, OTEL_SERVICE_NAME: 'assistant', OTEL_EXPORTER_OTLP_ENDPOINT: collector.otlpUrl },
    });
    await assistant.ask('begin');
  });

  afterAll(async () => {
    await assistant?.ask('end').catch(() => undefined);
    await assistant?.stop();
    await collector?.stop();
    await Promise.all([prometheus?.stop(), alertmanager?.stop(), jaeger?.stop(), providers?.close()]);
    await rm(folder, { recursive: true, force: true });
  });

  test('nobody is told of anything while all is well', async () => {
    await waitFor('requests in Prometheus', async () => {
      const counted = await prometheus.query('sum(http_server_request_duration_seconds_count{job="assistant"})');
      return (counted[0]?.value ?? 0) > 60 ? true : undefined;
    });
    expect(await prometheus.query('ALERTS')).toEqual([]);
    expect(alertmanager.sent).toEqual({});
  });

  test('a person is told which route is slow, how bad it is and where to look', async () => {
    await assistant.ask('slowDown', 600);
    const warning = await waitFor('the warning', () => told('HighAPILatency', 'firing'), TIME_LIMIT_MS);
    expect(warning).toMatchObject({
      labels: { severity: 'warning', alert_group: 'api-latency', job: 'assistant', http_route: '/ask/:user' },
      annotations: {
        summary: expect.stringMatching(/^assistant: P95 of \/ask\/:user is [5-9][0-9]{2}(\.\d+)?ms$/),
        runbook_url: 'docs/runbooks.md#highapilatency',
        dashboard_url: 'http://localhost:3000/d/gaugeway-performance?var-service=assistant',
      },
    });
    expect(await firing()).toEqual(['HighAPILatency']);
  });

  test('what is critical is told, and silences the warning of the same route', async () => {
    await assistant.ask('slowDown', 1500);
    const critical = await waitFor('the critical alert', () => told('CriticalAPILatency', 'firing'), TIME_LIMIT_MS);
    expect(critical.labels).toMatchObject({ severity: 'critical', http_route: '/ask/:user' });
    expect(await firing()).toEqual(['CriticalAPILatency', 'HighAPILatency']);
    const response = await fetch(`http://${alertmanager.address}/api/v2/alerts?inhibited=true&active=false`);
    const inhibited = (await response.json()) as { labels: { alertname: string } }[];
    expect(inhibited.map(({ labels }) => labels.alertname)).toEqual(['HighAPILatency']);
  });

  test('the trace that the runbook leads to names the provider as the reason', async () => {
    const slow = await waitFor('a slow trace in Jaeger', async () =>
      (await jaeger.traces('assistant')).find(({ spans }) => spans.some(({ duration }) => duration > 1_500_000)),
    );
    const [server, call] = ['GET /ask/:user', 'chat gpt-4o-mini'].map((name) =>
      slow.spans.find(({ operationName }) => operationName === name),
    );
    expect(call?.references[0]?.spanID).toBe(server?.spanID);
    expect(call?.duration).toBeGreaterThan(1_500_000);
  });

  test('the budget of the service is violated, which a build would fail on', async () => {
    const { code, stdout } = await runApp({
      file: 'dist/src/cli/index.js',
      args: ['budget', '--metrics', assistant.metricsUrl, '--level', 'critical'],
    });
    expect(stdout).toMatch(/✗ requests to \/ask\/:user P9[59]: [\d.]+ ms, budget [\d.]+ ms/);
    expect(code).toBe(1);
  });

  test('when the provider is well again, a person is told so', async () => {
    await assistant.ask('slowDown', 0);
    await waitFor('the end of the critical alert', () => told('CriticalAPILatency', 'resolved'), TIME_LIMIT_MS);
    await waitFor('no alert', async () => ((await firing()).length === 0 ? true : undefined), TIME_LIMIT_MS);
    expect(Object.keys(alertmanager.sent)).toEqual(['person']);
  });
});
