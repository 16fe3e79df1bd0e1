import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { GrafanaDashboard } from '../../monitoring/dashboards/grafana.ts';
import { renderMonitoring } from '../../monitoring/index.ts';
import { panelsOf } from '../monitoring/panels.ts';
import { type Application, startApplication } from './application.ts';
import { type Providers, startProviders } from './providers.ts';
import {
  type Alertmanager,
  COLLECTOR_CONFIG,
  type Collector,
  endProcess,
  type Jaeger,
  type Prometheus,
  startAlertmanager,
  startCollector,
  startJaeger,
  startPrometheus,
  waitFor,
} from './servers/index.ts';
import { type Redis, startRedis } from './servers/redis.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SECONDS = 30;
const { files } = renderMonitoring();
const boards: GrafanaDashboard[] = files
  .filter(({ path }) => path.endsWith('.json'))
  .map(({ text }) => JSON.parse(text));

/**
 * Queries that find nothing while all is well, because what they count does not begin before the first of its kind, and
 * those of a monitor, which neither application has.
 */
const NOTHING_WRONG: readonly string[] = [
  'gaugeway-telemetry, Found by monitors',
  'gaugeway-telemetry, Storage of monitors',
  'gaugeway-telemetry, Values beyond the limit of series',
  'gaugeway-telemetry, Lost by the Collector, points without room, {{exporter}}',
  'gaugeway-telemetry, Lost by the Collector, spans without room, {{exporter}}',
  'gaugeway-telemetry, Lost by the Collector, points refused, {{exporter}}',
  'gaugeway-telemetry, Lost by the Collector, spans refused, {{exporter}}',
  'gaugeway-telemetry, Alerts that were not delivered, to {{integration}}',
];

/** As Grafana would fill it in on a board that shows everything of the last minute. */
const filledIn = (expression: string) =>
  expression.replaceAll('$__rate_interval', '20s').replaceAll('$__range', '1m').replace(/\$\w+/g, '.*');

interface RuleState {
  name: string;
  health: 'ok' | 'err' | 'unknown';
  lastError?: string;
}

let folder: string;
let redis: Redis;
let providers: Providers;
let alertmanager: Alertmanager;
let jaeger: Jaeger;
let prometheus: Prometheus;
let collector: Collector;
let application: Application;

/** The rules that ship, with no need to wait for them. */
async function impatientRules(): Promise<string[]> {
  return Promise.all(
    files
      .filter(({ path }) => path.endsWith('.yml'))
      .map(async ({ path, text }, index) => {
        const { groups } = parse(text) as { groups: { rules: object[] }[] };
        const hurried = groups.map(({ rules, ...group }) => ({
          ...group,
          interval: '2s',
          rules: rules.map((rule) => ('alert' in rule ? { ...rule, for: '0s' } : rule)),
        }));
        const file = join(folder, `${index}-${path.replaceAll('/', '-')}`);
        await writeFile(file, stringify({ groups: hurried }, { lineWidth: 0 }));
        return file;
      }),
  );
}

/** The demo as its README says, to its end; rejects with what it said where that is a bad one. */
async function runDemo(): Promise<void> {
  const child = spawn(process.execPath, ['examples/demo/start.ts'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      GAUGEWAY_DEMO_SECONDS: String(SECONDS),
      GAUGEWAY_DEMO_COLLECTOR: collector.otlpUrl,
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  try {
    await waitFor('the end of the demo', () => child.exitCode ?? undefined, 120_000);
  } finally {
    await endProcess(child);
  }
  if (child.exitCode !== 0) throw new Error(output);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gaugeway-boards-'));
  const targets = join(folder, 'targets.json');
  await writeFile(targets, '[]');
  [redis, providers, alertmanager, jaeger] = await Promise.all([
    startRedis(),
    startProviders(),
    startAlertmanager(),
    startJaeger(),
  ]);
  prometheus = await startPrometheus({
    ruleFiles: await impatientRules(),
    alertmanagers: [alertmanager.address],
    evaluationInterval: '2s',
    scrapeConfigs: [{ job_name: 'servers', scrape_interval: '1s', file_sd_configs: [{ files: [targets] }] }],
  });
  collector = await startCollector(COLLECTOR_CONFIG, {
    PROMETHEUS_OTLP_ENDPOINT: prometheus.otlpUrl,
    JAEGER_ENDPOINT: jaeger.otlpGrpcEndpoint,
  });
  const addresses = {
    'otel-collector': new URL(collector.telemetryUrl).host,
    prometheus: new URL(prometheus.url).host,
    alertmanager: alertmanager.address,
  };
  const discovered = Object.entries(addresses).map(([job, address]) => ({ targets: [address], labels: { job } }));
  await writeFile(targets, JSON.stringify(discovered));
  application = await startApplication({
    file: 'test/e2e/apps/features.mjs',
    env: {
      ...providers.env,
      REDIS_PORT: String(redis.port),
      OTEL_SERVICE_NAME: 'features',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.otlpUrl,
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
      GAUGEWAY_GENAI_NAMES: 'both',
      GAUGEWAY_QUEUE_POLL_INTERVAL_MS: '1000',
    },
  });
  await application.ask('begin');
  await runDemo();
}, 240_000);

afterAll(async () => {
  await application?.ask('end').catch(() => undefined);
  await application?.stop();
  await collector?.stop();
  await Promise.all([prometheus?.stop(), alertmanager?.stop(), jaeger?.stop(), redis?.stop(), providers?.close()]);
  await rm(folder, { recursive: true, force: true });
});

describe.each(boards.map((board) => [board.uid, board] as const))('%s', (uid, board) => {
  test.each(panelsOf(board).map((panel) => [panel.title, panel] as const))(
    '%s has data',
    async (title, { targets }) => {
      for (const { expr, legendFormat } of targets) {
        const samples = await prometheus.query(filledIn(expr));
        const hasData = samples.some(({ value }) => Number.isFinite(value));
        const isExpected = ![`${uid}, ${title}`, `${uid}, ${title}, ${legendFormat}`].some((known) =>
          NOTHING_WRONG.includes(known),
        );
        expect(hasData, `${legendFormat}: ${expr}`).toBe(isExpected);
      }
    },
  );
});

test('every choice of a variable finds something to choose', async () => {
  for (const { uid, templating } of boards) {
    for (const { name, type, query } of templating.list) {
      if (type !== 'query') continue;
      const [, selector, label] = /^label_values\((\{.*\}), (\w+)\)$/.exec((query as { query: string }).query) ?? [];
      const found = await prometheus.series(filledIn(selector ?? ''));
      expect(
        found.some((series) => series[label as string]),
        `${uid} ${name}`,
      ).toBe(true);
    }
  }
});

test('Prometheus evaluates every alert and every recording without an error, and what is wrong fires', async () => {
  const response = await fetch(`${prometheus.url}/api/v1/rules`);
  const { data } = (await response.json()) as { data: { groups: { rules: RuleState[] }[] } };
  const rules = data.groups.flatMap((group) => group.rules);
  expect(rules.length).toBeGreaterThan(60);
  expect(rules.filter(({ health, lastError }) => health !== 'ok' || lastError)).toEqual([]);
  const firing = await prometheus.query('count by (alertname) (ALERTS{alertstate="firing", job="features"})');
  const names = firing.map(({ metric }) => metric.alertname);
  expect(names).toEqual(expect.arrayContaining(['CriticalErrorRate', 'CriticalAPILatency', 'SlowDatabaseQueries']));
});
