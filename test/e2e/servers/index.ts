import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { type RunningServer, requireBinary, startServer } from './process.ts';

export { ALERTMANAGER_CONFIG, type Alertmanager, type SentAlert, startAlertmanager } from './alertmanager.ts';
export { endProcess, freePorts, waitFor } from './process.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PROMETHEUS_CONFIG = join(ROOT, 'deploy/prometheus/prometheus.yml');
const JAEGER_CONFIG = join(ROOT, 'deploy/jaeger/jaeger.yaml');

/** The Collector's configuration that ships. */
export const COLLECTOR_CONFIG = join(ROOT, 'collector-config.yaml');

async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

const TOOLS = { otelcol: 'collector', promtool: 'prometheus', amtool: 'alertmanager' } as const;

/** Runs a binary to its end, as `otelcol validate` or `promtool check`; the result carries its output. */
export async function runTool(
  tool: keyof typeof TOOLS,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; output: string }> {
  const path = requireBinary(TOOLS[tool], tool);
  try {
    const { stdout, stderr } = await promisify(execFile)(path, args, {
      env: { ...process.env, ...env },
      timeout: 60_000,
    });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout?: string; stderr?: string };
    if (typeof code !== 'number') throw error;
    return { code, output: `${stdout}${stderr}` };
  }
}

/** A Collector that runs. */
export interface Collector
  extends RunningServer<'otlpGrpc' | 'otlpHttp' | 'health' | 'prometheusExporter' | 'telemetry'> {
  /** Base URL for OTLP over HTTP, without `/v1/...`. */
  otlpUrl: string;
  /** `host:port` for OTLP over gRPC. */
  otlpGrpcEndpoint: string;
  /** What the `prometheus` exporter publishes. */
  metricsUrl: string;
  /** The Collector's metrics about itself. */
  telemetryUrl: string;
}

/**
 * Starts a Collector with a configuration: a path, or the YAML itself; of several, later ones overlay earlier ones. It
 * must listen where the variables of `collector-config.yaml` say (`${env:OTLP_HTTP_ENDPOINT}`,
 * `${env:HEALTH_CHECK_ENDPOINT}`, ...); `env` adds or replaces some.
 */
export async function startCollector(
  config: string | readonly string[],
  env: Record<string, string> = {},
): Promise<Collector> {
  const running = await startServer({
    server: 'collector',
    binary: 'otelcol',
    ports: ['otlpGrpc', 'otlpHttp', 'health', 'prometheusExporter', 'telemetry'],
    async prepare(ports, folder) {
      const paths = await Promise.all(
        [config].flat().map(async (given, index) => {
          if (!given.includes('\n')) return resolve(given);
          const path = join(folder, `config-${index}.yaml`);
          await writeFile(path, given);
          return path;
        }),
      );
      const variables = {
        OTLP_GRPC_ENDPOINT: `127.0.0.1:${ports.otlpGrpc}`,
        OTLP_HTTP_ENDPOINT: `127.0.0.1:${ports.otlpHttp}`,
        HEALTH_CHECK_ENDPOINT: `127.0.0.1:${ports.health}`,
        PROMETHEUS_EXPORTER_ENDPOINT: `127.0.0.1:${ports.prometheusExporter}`,
        TELEMETRY_HOST: '127.0.0.1',
        TELEMETRY_PORT: String(ports.telemetry),
        QUEUE_DIRECTORY: join(folder, 'queue'),
        // Discard: a backend that a test does not name is absent, not looked for by its name in the compose network.
        PROMETHEUS_OTLP_ENDPOINT: 'http://127.0.0.1:9',
        TEMPO_ENDPOINT: '127.0.0.1:9',
        JAEGER_ENDPOINT: '127.0.0.1:9',
        ...env,
      };
      return {
        args: paths.map((path) => `--config=${path}`),
        env: variables,
        readyUrl: `http://127.0.0.1:${ports.health}/`,
      };
    },
  });
  const { ports } = running;
  return {
    ...running,
    otlpUrl: `http://${env.OTLP_HTTP_ENDPOINT ?? `127.0.0.1:${ports.otlpHttp}`}`,
    otlpGrpcEndpoint: `127.0.0.1:${ports.otlpGrpc}`,
    metricsUrl: `http://127.0.0.1:${ports.prometheusExporter}/metrics`,
    telemetryUrl: `http://127.0.0.1:${ports.telemetry}/metrics`,
  };
}

/** One series of an instant query. */
export interface QueryResult {
  metric: Record<string, string>;
  value: number;
}

/** One scrape target as Prometheus sees it. */
export interface Target {
  health: 'up' | 'down' | 'unknown';
  lastError: string;
  scrapePool: string;
  scrapeUrl: string;
  labels: Record<string, string>;
}

/** A Prometheus that runs. */
export interface Prometheus extends RunningServer<'http'> {
  url: string;
  /** For `PROMETHEUS_OTLP_ENDPOINT`: OTLP over HTTP without `/v1/metrics`. */
  otlpUrl: string;
  query(promql: string): Promise<QueryResult[]>;
  series(match: string): Promise<Record<string, string>[]>;
  targets(): Promise<Target[]>;
}

/** What a Prometheus is started with; the rest is the configuration that ships. */
export interface PrometheusOptions {
  /** In place of the shipped scrape jobs. @default none */
  scrapeConfigs?: Record<string, unknown>[];
  /** Paths of rule files. @default none */
  ruleFiles?: string[];
  /** Receive OTLP. @default true */
  otlp?: boolean;
  /** Alertmanagers that hear of alerts, as `host:port`. @default none */
  alertmanagers?: string[];
  /** Time between two evaluations of the rules. @default as shipped */
  evaluationInterval?: string;
}

/** Starts a Prometheus 3 with the shipped configuration, other scrape jobs and an empty database. */
export async function startPrometheus(options: PrometheusOptions = {}): Promise<Prometheus> {
  const { scrapeConfigs = [], ruleFiles = [], otlp = true, alertmanagers = [], evaluationInterval } = options;
  const running = await startServer({
    server: 'prometheus',
    binary: 'prometheus',
    ports: ['http'],
    async prepare(ports, folder) {
      const shipped = parse(await readFile(PROMETHEUS_CONFIG, 'utf8')) as Record<string, unknown>;
      const config = {
        ...shipped,
        ...(evaluationInterval && { global: { evaluation_interval: evaluationInterval } }),
        alerting: { alertmanagers: [{ static_configs: [{ targets: alertmanagers }] }] },
        scrape_configs: scrapeConfigs,
        rule_files: ruleFiles.map((path) => resolve(path)),
      };
      await writeFile(join(folder, 'prometheus.yml'), stringify(config));
      return {
        args: [
          '--config.file=prometheus.yml',
          '--storage.tsdb.path=data',
          `--web.listen-address=127.0.0.1:${ports.http}`,
          ...(otlp ? ['--web.enable-otlp-receiver'] : []),
        ],
        readyUrl: `http://127.0.0.1:${ports.http}/-/ready`,
      };
    },
  });
  const url = `http://127.0.0.1:${running.ports.http}`;
  const api = async <T>(path: string, parameters: Record<string, string>) =>
    (await getJson<{ data: T }>(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`)).data;
  return {
    ...running,
    url,
    otlpUrl: `${url}/api/v1/otlp`,
    async query(promql) {
      const { result } = await api<{ result: { metric: Record<string, string>; value: [number, string] }[] }>('query', {
        query: promql,
      });
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1].replace('Inf', 'Infinity')) }));
    },
    series: (match) => api('series', { 'match[]': match }),
    targets: async () => (await api<{ activeTargets: Target[] }>('targets', { state: 'active' })).activeTargets,
  };
}

/** A trace as Jaeger's query API gives it. */
export interface JaegerTrace {
  traceID: string;
  spans: JaegerSpan[];
  processes: Record<string, { serviceName: string; tags: JaegerTag[] }>;
}

/** A span as Jaeger's query API gives it: attributes are tags, events are logs, times are in microseconds. */
export interface JaegerSpan {
  traceID: string;
  spanID: string;
  operationName: string;
  references: { refType: string; traceID: string; spanID: string }[];
  startTime: number;
  duration: number;
  tags: JaegerTag[];
  logs: { timestamp: number; fields: JaegerTag[] }[];
  processID: string;
}

/** An attribute as Jaeger's query API gives it. */
export interface JaegerTag {
  key: string;
  type: string;
  value: unknown;
}

/** A Jaeger that runs, with its storage in memory. */
export interface Jaeger
  extends RunningServer<'otlpGrpc' | 'otlpHttp' | 'query' | 'queryGrpc' | 'health' | 'telemetry'> {
  /** The query API and the page. */
  url: string;
  /** Base URL for OTLP over HTTP, without `/v1/traces`. */
  otlpUrl: string;
  /** For `JAEGER_ENDPOINT`: `host:port` for OTLP over gRPC. */
  otlpGrpcEndpoint: string;
  services(): Promise<string[]>;
  traces(service: string): Promise<JaegerTrace[]>;
}

/** Starts a Jaeger 2 with the shipped configuration. */
export async function startJaeger(): Promise<Jaeger> {
  const running = await startServer({
    server: 'jaeger',
    binary: 'jaeger',
    ports: ['otlpGrpc', 'otlpHttp', 'query', 'queryGrpc', 'health', 'telemetry'],
    async prepare(ports) {
      return {
        args: [`--config=${JAEGER_CONFIG}`],
        env: {
          OTLP_GRPC_ENDPOINT: `127.0.0.1:${ports.otlpGrpc}`,
          OTLP_HTTP_ENDPOINT: `127.0.0.1:${ports.otlpHttp}`,
          QUERY_HTTP_ENDPOINT: `127.0.0.1:${ports.query}`,
          QUERY_GRPC_ENDPOINT: `127.0.0.1:${ports.queryGrpc}`,
          HEALTH_CHECK_ENDPOINT: `127.0.0.1:${ports.health}`,
          TELEMETRY_HOST: '127.0.0.1',
          TELEMETRY_PORT: String(ports.telemetry),
        },
        readyUrl: `http://127.0.0.1:${ports.health}/status`,
      };
    },
  });
  const url = `http://127.0.0.1:${running.ports.query}`;
  const api = async <T>(path: string) => (await getJson<{ data: T | null }>(`${url}/api/${path}`)).data ?? ([] as T);
  return {
    ...running,
    url,
    otlpUrl: `http://127.0.0.1:${running.ports.otlpHttp}`,
    otlpGrpcEndpoint: `127.0.0.1:${running.ports.otlpGrpc}`,
    services: () => api<string[]>('services'),
    traces: (service) => api<JaegerTrace[]>(`traces?${new URLSearchParams({ service, limit: '100' })}`),
  };
}
