import { histogramText, labelText, metadataText, numberText, type PrometheusFamily } from '../prometheus-text.ts';
import type { Counted, Durations, Labels, ServiceMetrics } from './service-metrics.ts';

/** Which names the text has: those of the semantic conventions, or the seven of the specification. */
export type MetricNames = 'standard' | 'specification';

interface Table {
  readonly family: PrometheusFamily;
  /** The label of each value; undefined leaves it out, and series that differ in nothing else become one. */
  readonly labels: readonly (string | undefined)[];
  /** What stands for an unknown value; undefined leaves its label out. */
  readonly unknown?: string;
}

interface Names {
  readonly requests: Table;
  readonly queries: Table;
  readonly slowRequests: Table;
  readonly slowQueries: Table;
  readonly errorRate: PrometheusFamily;
}

const histogram = (name: string, help: string): PrometheusFamily => ({ name, type: 'histogram', help });
const counter = (name: string, help: string): PrometheusFamily => ({ name, type: 'counter', help });
const gauge = (name: string, help: string): PrometheusFamily => ({ name, type: 'gauge', help });

/** As a Collector translates the catalogue's rows; a test holds the two together. */
const STANDARD: Names = {
  requests: {
    family: histogram('http_server_request_duration_seconds', 'Duration of a request, to the last byte of its answer.'),
    labels: [
      'http_request_method',
      'url_scheme',
      'http_response_status_code',
      'http_route',
      'error_type',
      'network_protocol_version',
    ],
  },
  queries: {
    family: histogram('db_client_operation_duration_seconds', 'Duration of an operation of a database client.'),
    labels: ['db_system_name', 'db_operation_name', 'db_collection_name', 'db_namespace', 'error_type'],
  },
  slowRequests: {
    family: counter('gaugeway_http_slow_requests_total', 'Requests slower than the threshold.'),
    labels: ['http_request_method', 'http_route'],
  },
  slowQueries: {
    family: counter('gaugeway_db_slow_queries_total', 'Queries slower than the threshold.'),
    labels: ['db_operation_name', 'db_collection_name'],
  },
  errorRate: gauge('gaugeway_http_error_ratio', 'Share of failed requests in the last five minutes.'),
};

/** Every series of a name has the same labels. */
const SPECIFICATION: Names = {
  requests: {
    family: histogram('http_request_duration_ms', 'Duration of a request in milliseconds.'),
    labels: ['method', undefined, 'status', 'route', undefined, undefined],
    unknown: '',
  },
  queries: {
    family: histogram('db_query_duration_ms', 'Duration of a query in milliseconds.'),
    labels: [undefined, 'operation', 'model', undefined, 'status'],
    unknown: '',
  },
  slowRequests: {
    family: counter('slow_requests_total', 'Requests slower than the threshold.'),
    labels: ['method', 'route'],
    unknown: '',
  },
  slowQueries: {
    family: counter('slow_queries_total', 'Queries slower than the threshold.'),
    labels: ['operation', 'model'],
    unknown: '',
  },
  errorRate: gauge('http_error_rate', 'Share of failed requests in the last five minutes.'),
};
const REQUESTS_TOTAL = counter('http_requests_total', 'Requests.');
const QUERIES_TOTAL = counter('db_queries_total', 'Queries.');
/** The specification's own boundaries, milliseconds. */
const REQUEST_BOUNDARIES = [10, 50, 100, 200, 500, 1000, 2000, 5000];
const QUERY_BOUNDARIES = [5, 10, 25, 50, 100, 250, 500, 1000];

/** The requests and queries of this process in Prometheus's text format, series by series: there may be thousands. */
export function* serviceText(metrics: ServiceMetrics, names: MetricNames): Iterable<string> {
  if (names === 'standard') {
    yield* histograms(STANDARD.requests, metrics.requests.all());
    yield* counters(STANDARD.slowRequests, metrics.slowRequests.all());
    yield* ratio(STANDARD.errorRate, metrics);
    yield* histograms(STANDARD.queries, metrics.queries.all());
    yield* counters(STANDARD.slowQueries, metrics.slowQueries.all());
    return;
  }
  const requests = yield* merged(SPECIFICATION.requests, metrics.requests.all(), REQUEST_BOUNDARIES);
  yield* histograms(SPECIFICATION.requests, requests);
  yield* counters({ ...SPECIFICATION.requests, family: REQUESTS_TOTAL }, requests.map(counted));
  yield* ratio(SPECIFICATION.errorRate, metrics);
  yield* counters(SPECIFICATION.slowRequests, metrics.slowRequests.all());
  const queries = yield* merged(SPECIFICATION.queries, metrics.queries.all().map(withStatus), QUERY_BOUNDARIES);
  yield* histograms(SPECIFICATION.queries, queries);
  yield* counters({ ...SPECIFICATION.queries, family: QUERIES_TOTAL }, queries.map(counted));
  yield* counters(SPECIFICATION.slowQueries, metrics.slowQueries.all());
}

function* ratio(family: PrometheusFamily, { errors }: ServiceMetrics): Iterable<string> {
  const value = errors.ratio();
  if (value !== undefined) yield metadataText(family) + numberText(family.name, '', value);
}

function counted({ labels, count }: Durations): Counted {
  return { labels, value: count };
}

/** The specification knows `success` and `error`, where the convention knows the class of the error. */
function withStatus(series: Durations): Durations {
  const labels = [...series.labels];
  labels[4] = labels[4] === undefined ? 'success' : 'error';
  return { ...series, labels };
}

/** Series that look alike under these labels as one, in milliseconds, by boundaries that are among the finer ones. */
function* merged(
  { labels }: Table,
  all: readonly Durations[],
  boundaries: readonly number[],
): Generator<string, Durations[]> {
  const found = new Map<string, Durations>();
  for (const series of all) {
    const kept = series.labels.map((value, at) => (labels[at] === undefined ? undefined : value));
    const key = JSON.stringify(kept);
    let into = found.get(key);
    if (into === undefined) {
      into = { labels: kept, buckets: { boundaries, counts: boundaries.map(() => 0).concat(0) }, sum: 0, count: 0 };
      found.set(key, into);
    }
    for (const [at, count] of series.buckets.counts.entries()) {
      const upper = (series.buckets.boundaries[at] ?? Number.POSITIVE_INFINITY) * 1000;
      const bucket = boundaries.findIndex((boundary) => upper <= boundary);
      const to = bucket < 0 ? boundaries.length : bucket;
      into.buckets.counts[to] = (into.buckets.counts[to] ?? 0) + count;
    }
    into.sum += series.sum * 1000;
    into.count += series.count;
    // No text, but a place to pause.
    yield '';
  }
  return [...found.values()];
}

function* histograms(table: Table, all: readonly Durations[]): Iterable<string> {
  if (all.length > 0) yield metadataText(table.family);
  for (const one of all) yield histogramText(table.family.name, text(table, one.labels), one);
}

function* counters(table: Table, all: readonly Counted[]): Iterable<string> {
  if (all.length > 0) yield metadataText(table.family);
  for (const { labels, value } of all) yield numberText(table.family.name, text(table, labels), value);
}

function text({ labels, unknown }: Table, values: Labels): string {
  const pairs: [string, string][] = [];
  for (const [at, name] of labels.entries()) {
    const value = values[at] ?? unknown;
    if (name !== undefined && value !== undefined) pairs.push([name, value]);
  }
  return labelText(pairs);
}
