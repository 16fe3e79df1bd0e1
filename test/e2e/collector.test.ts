import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Application, startApplication } from './application.ts';
import { bySeries, rounded, type Sample, scrape } from './exposition.ts';
import { type Providers, startProviders } from './providers.ts';
import {
  COLLECTOR_CONFIG,
  type Collector,
  type Prometheus,
  startCollector,
  startPrometheus,
  waitFor,
} from './servers/index.ts';

/** Rewrite it with `npm run test:e2e -- -u test/e2e/collector.test.ts`, and review the difference. */
const GOLDEN = 'golden/metrics.golden.json';

const FILE_OVERLAY = `
exporters:
  file/metrics:
    path: \${env:METRICS_FILE}
    flush_interval: 100ms
service:
  pipelines:
    metrics:
      exporters: [otlp_http/prometheus, prometheus, file/metrics]
`;

type Value = { stringValue?: string; intValue?: string; boolValue?: boolean; arrayValue?: unknown };
interface Point {
  attributes?: { key: string; value: Value }[];
  asInt?: string;
  asDouble?: number;
  count?: string;
  sum?: number;
  explicitBounds?: number[];
  bucketCounts?: string[];
}
interface Metric {
  name: string;
  unit?: string;
  description?: string;
  sum?: { aggregationTemporality: number; isMonotonic?: boolean; dataPoints: Point[] };
  gauge?: { dataPoints: Point[] };
  histogram?: { aggregationTemporality: number; dataPoints: Point[] };
}
interface Export {
  resourceMetrics: {
    resource: { attributes: { key: string; value: Value }[] };
    scopeMetrics: { scope: { name: string }; metrics: Metric[] }[];
  }[];
}

/** What was exported, with all that time and the system decide left out: it is the same at every run. */
function stable({ name, unit = '', description = '', ...metric }: Metric) {
  const isTimed = unit === 's' || unit.endsWith('/s');
  // How many pieces a stream arrives in is up to the network.
  const isCounted = !name.endsWith('time_per_output_chunk');
  const point = ({ attributes = [], asInt, asDouble, count, sum, bucketCounts }: Point) => ({
    attributes: Object.fromEntries(
      attributes
        .map(({ key, value }) => [key, key === 'server.port' ? 'a port' : Object.values(value)[0]])
        .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    ),
    ...(asInt !== undefined && { value: Number(asInt) }),
    ...(asDouble !== undefined && { value: isTimed ? 'a time' : rounded(asDouble) }),
    ...(count !== undefined && isCounted && { count: Number(count) }),
    ...(count !== undefined && !isTimed && { sum, bucketCounts: bucketCounts?.map(Number).join(' ') }),
  });
  const { sum, gauge, histogram } = metric;
  const shape = sum ? (sum.isMonotonic ? 'counter' : 'up-down counter') : gauge ? 'gauge' : 'histogram';
  const { dataPoints = [] } = sum ?? gauge ?? histogram ?? {};
  const bounds = new Set(dataPoints.map(({ explicitBounds }) => explicitBounds?.join(' ')));
  if (bounds.size > 1) throw new Error(`${name} has several sets of boundaries`);
  return {
    name,
    shape,
    unit,
    description,
    ...(histogram && { boundaries: [...bounds][0] }),
    ...(!gauge && { cumulative: (sum ?? histogram)?.aggregationTemporality === 2 }),
    points: dataPoints.map(point).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  };
}

const namesOf = (samples: readonly Sample[]) => [...new Set(samples.map(({ name }) => name))].sort();
/** The only series whose value moves while nothing happens. */
const isMoving = (series: string) => series.startsWith('gaugeway_job_run_oldest_age_seconds');
const still = (series: Record<string, number>) =>
  Object.fromEntries(Object.entries(series).map(([key, value]) => [key, isMoving(key) ? value > 0 : value]));
/** Resource attributes that identify the process; a Collector turns them into `job` and `instance`. */
const IDENTITY = ['service_name', 'service_instance_id'];

describe('an application through the shipped Collector configuration', () => {
  let folder: string;
  let providers: Providers;
  let prometheus: Prometheus;
  let collector: Collector;
  const applications: Application[] = [];

  async function run(service: string, genAiNames: string): Promise<Application> {
    const application = await startApplication({
      file: 'test/e2e/apps/platform.mjs',
      env: {
        ...providers.env,
        OTEL_SERVICE_NAME: service,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.otlpUrl,
        GAUGEWAY_GENAI_NAMES: genAiNames,
      },
    });
    applications.push(application);
    await application.ask('run');
    await application.ask('flush');
    return application;
  }

  const collected = async (service: string) =>
    (await scrape(collector.metricsUrl)).filter(({ labels }) => labels.job === service);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gaugeway-collected-'));
    [providers, prometheus] = await Promise.all([startProviders(), startPrometheus()]);
    collector = await startCollector([COLLECTOR_CONFIG, FILE_OVERLAY], {
      PROMETHEUS_OTLP_ENDPOINT: prometheus.otlpUrl,
      METRICS_FILE: join(folder, 'metrics.json'),
    });
    await run('platform', 'both');
  });

  afterAll(async () => {
    await Promise.all(applications.map((application) => application.stop()));
    await collector?.stop();
    await Promise.all([prometheus?.stop(), providers?.close()]);
    await rm(folder, { recursive: true, force: true });
  });

  test('every name, unit, attribute, boundary and value is the reviewed one', async () => {
    const metrics = await waitFor('the exported metrics', async () => {
      const lines = (await readFile(join(folder, 'metrics.json'), 'utf8')).trimEnd().split('\n');
      const scopes = (JSON.parse(lines.at(-1) ?? '') as Export).resourceMetrics[0]?.scopeMetrics;
      return scopes?.some(({ scope }) => scope.name === 'my-gateway') ? scopes : undefined;
    });
    const shown = Object.fromEntries(
      [...new Set(metrics.map(({ scope }) => scope.name))].map((name) => [
        name,
        metrics
          .filter(({ scope }) => scope.name === name)
          .flatMap(({ metrics }) => metrics.map(stable))
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
      ]),
    );
    await expect(`${JSON.stringify(shown, null, 2)}\n`).toMatchFileSnapshot(GOLDEN);
  });

  test('tokens and calls are those which the providers served', async () => {
    const counts: Record<string, Record<string, number>> = {};
    for (const { name, labels, value } of await collected('platform')) {
      const model = labels.gen_ai_request_model ?? '';
      counts[model] ??= {};
      const add = (key: string) => {
        (counts[model] as Record<string, number>)[key] = (counts[model]?.[key] ?? 0) + value;
      };
      if (name === 'gen_ai_client_token_usage_sum') add(`${labels.gen_ai_token_type}`);
      if (name === 'gen_ai_client_operation_duration_seconds_count') add('calls');
      if (name === 'gaugeway_model_attempt_duration_seconds_count') add('attempts');
      if (name === 'gaugeway_model_errors_total') add('errors');
    }
    const ledgers = { ...providers.openai.ledger, ...providers.anthropic.ledger, ...providers.gemini.ledger };
    expect(Object.keys(ledgers)).toHaveLength(5);
    for (const [model, entry] of Object.entries(ledgers)) {
      // An answer whose body is no JSON is no success to anybody, though it was sent whole.
      const unreadable = model === 'gpt-4o' ? 1 : 0;
      const refused = Object.values(entry.errors).reduce((sum, count) => sum + count, 0);
      expect({ model, output: 0, ...counts[model] }).toEqual({
        model,
        calls: entry.requests,
        attempts: entry.requests,
        errors: refused + entry.dropped + unreadable,
        input: entry.reportedInputTokens,
        output: entry.reportedOutputTokens,
      });
    }
  });

  test('the metrics endpoint of the process has the same series, labels and values', async () => {
    const [application] = applications as [Application];
    const [own, through] = await Promise.all([scrape(application.metricsUrl), collected('platform')]);
    expect(Object.keys(own).length).toBeGreaterThan(1000);
    expect(still(bySeries(own, IDENTITY))).toEqual(still(bySeries(through)));
    const scopes = (samples: Sample[]) =>
      [...new Set(samples.map(({ labels }) => `${labels.otel_scope_name} ${labels.otel_scope_version}`))].sort();
    expect(scopes(own)).toEqual(scopes(through));
  });

  test('a Prometheus that receives them by OTLP has the same series, labels and values', async () => {
    const expected = still(bySeries(await collected('platform')));
    const received = await waitFor('the metrics in Prometheus', async () => {
      const found = await prometheus.query('{job="platform"}');
      return found.some(({ metric }) => metric.__name__ === 'my_requests_total') ? found : undefined;
    });
    const samples = received.map(({ metric, value }) => ({ name: `${metric.__name__}`, labels: metric, value }));
    expect(still(bySeries(samples, IDENTITY))).toEqual(expected);
  });

  test('each generation of the GenAI names can be had alone', async () => {
    const genAi = async (service: string) =>
      namesOf(await collected(service)).filter((name) => name.startsWith('gen_ai_'));
    const others = async (service: string) =>
      namesOf(await collected(service)).filter((name) => !name.startsWith('gen_ai_'));
    await run('old', 'v1.41');
    await run('new', 'latest');
    const [both, old, latest] = await Promise.all([genAi('platform'), genAi('old'), genAi('new')]);
    expect(old.filter((name) => latest.includes(name))).toEqual([]);
    expect([...old, ...latest].sort()).toEqual(both);
    expect(old).toContain('gen_ai_client_operation_duration_seconds_bucket');
    expect(latest).toContain('gen_ai_client_inference_duration_seconds_bucket');
    expect(await others('old')).toEqual(await others('platform'));
    expect(await others('new')).toEqual(await others('platform'));
  });

  test('no word of a prompt and no warning leaves the process', async () => {
    expect(await readFile(join(folder, 'metrics.json'), 'utf8')).not.toContain('secret recipe');
    expect(await (await fetch(collector.metricsUrl)).text()).not.toContain('secret recipe');
    for (const application of applications) expect(application.stderr()).not.toMatch(/gaugeway|otel/i);
  });
});
