import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';

export type Attributes = Readonly<Record<string, unknown>>;

/** The last state of one series, as exported. */
export interface MetricPoint {
  readonly name: string;
  readonly unit: string;
  readonly type: 'histogram' | 'sum' | 'gauge';
  readonly scope: string;
  readonly resource: Attributes;
  readonly attributes: Attributes;
  /** Of a sum or a gauge. */
  readonly value?: number | undefined;
  /** Of a histogram. */
  readonly count?: number | undefined;
  readonly sum?: number | undefined;
  readonly bounds?: readonly number[] | undefined;
  readonly bucketCounts?: readonly number[] | undefined;
}

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  readonly name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly scope: string;
  readonly resource: Attributes;
  readonly attributes: Attributes;
  /** 0 unset, 1 ok, 2 error. */
  readonly status: number;
  readonly startTimeMs: number;
  readonly endTimeMs: number;
}

/** A Collector for tests: takes OTLP/HTTP in JSON and keeps everything. */
export interface Receiver {
  readonly url: string;
  /** Variables that make a process with `gaugeway/register` export here, in JSON. */
  readonly env: Readonly<Record<string, string>>;
  readonly spans: readonly ReceivedSpan[];
  /** Requests so far, by path. */
  readonly requests: readonly {
    readonly path: string;
    readonly encoding: string | undefined;
    readonly body: unknown;
  }[];
  /** The last state of every series (cumulative exports replace earlier ones) with these attributes among its own. */
  points(name?: string, attributes?: Attributes): MetricPoint[];
  /** Sum of the values, or of the histogram counts, of those points; 0 where there is none. */
  total(name: string, attributes?: Attributes): number;
  /** Answers with this status from now on; 200 keeps what comes. */
  respondWith(status: number): void;
  reset(): void;
  close(): Promise<void>;
}

/** Starts a receiver on a free loopback port. */
export async function startReceiver(): Promise<Receiver> {
  const series = new Map<string, MetricPoint>();
  const spans: ReceivedSpan[] = [];
  const requests: { path: string; encoding: string | undefined; body: unknown }[] = [];
  const sockets = new Set<Socket>();
  let status = 200;

  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const raw = Buffer.concat(pieces);
    const encoding = request.headers['content-encoding'];
    const path = request.url ?? '/';
    const isJson = request.headers['content-type']?.startsWith('application/json') === true;
    const body: unknown = isJson ? JSON.parse(String(encoding === 'gzip' ? gunzipSync(raw) : raw)) : raw;
    requests.push({ path, encoding, body });
    if (status === 200 && isJson && path === '/v1/metrics') {
      for (const point of readMetrics(body as OtlpMetrics)) {
        const { name, scope, resource, attributes } = point;
        series.set(JSON.stringify([name, scope, sorted(resource), sorted(attributes)]), point);
      }
    }
    if (status === 200 && isJson && path === '/v1/traces') spans.push(...readSpans(body as OtlpTraces));
    // In protobuf, what is empty is nothing.
    response
      .writeHead(status, { 'content-type': request.headers['content-type'] ?? 'application/json' })
      .end(isJson ? '{}' : '');
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const points = (name?: string, attributes: Attributes = {}): MetricPoint[] =>
    [...series.values()].filter(
      (point) =>
        (name === undefined || point.name === name) &&
        Object.entries(attributes).every(([key, value]) => point.attributes[key] === value),
    );
  return {
    url,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_TRACES_EXPORTER: 'otlp',
    },
    spans,
    requests,
    points,
    total: (name, attributes) =>
      points(name, attributes).reduce((sum, { value, count }) => sum + (value ?? count ?? 0), 0),
    respondWith: (next) => {
      status = next;
    },
    reset: () => {
      series.clear();
      spans.length = 0;
      requests.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

type OtlpValue = Readonly<Record<string, unknown>>;
interface OtlpAttribute {
  readonly key: string;
  readonly value: OtlpValue;
}
interface OtlpResource {
  readonly resource?: { readonly attributes?: readonly OtlpAttribute[] };
}
interface OtlpPoint {
  readonly attributes?: readonly OtlpAttribute[];
  readonly asInt?: string | number;
  readonly asDouble?: number;
  readonly count?: string | number;
  readonly sum?: number;
  readonly explicitBounds?: readonly number[];
  readonly bucketCounts?: readonly (string | number)[];
}
interface OtlpMetric {
  readonly name: string;
  readonly unit?: string;
  readonly histogram?: { readonly dataPoints: readonly OtlpPoint[] };
  readonly sum?: { readonly dataPoints: readonly OtlpPoint[] };
  readonly gauge?: { readonly dataPoints: readonly OtlpPoint[] };
}
interface OtlpMetrics {
  readonly resourceMetrics?: readonly (OtlpResource & {
    readonly scopeMetrics?: readonly { readonly scope?: { readonly name?: string }; readonly metrics?: OtlpMetric[] }[];
  })[];
}
interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes?: readonly OtlpAttribute[];
  readonly status?: { readonly code?: number };
  readonly startTimeUnixNano: string | number;
  readonly endTimeUnixNano: string | number;
}
interface OtlpTraces {
  readonly resourceSpans?: readonly (OtlpResource & {
    readonly scopeSpans?: readonly { readonly scope?: { readonly name?: string }; readonly spans?: OtlpSpan[] }[];
  })[];
}

function* readMetrics({ resourceMetrics = [] }: OtlpMetrics): Generator<MetricPoint> {
  for (const { resource, scopeMetrics = [] } of resourceMetrics) {
    for (const { scope, metrics = [] } of scopeMetrics) {
      for (const metric of metrics) {
        for (const type of ['histogram', 'sum', 'gauge'] as const) {
          for (const point of metric[type]?.dataPoints ?? []) {
            const value = point.asInt ?? point.asDouble;
            yield {
              name: metric.name,
              unit: metric.unit ?? '',
              type,
              scope: scope?.name ?? '',
              resource: readAttributes(resource?.attributes),
              attributes: readAttributes(point.attributes),
              value: value === undefined ? undefined : Number(value),
              count: point.count === undefined ? undefined : Number(point.count),
              sum: point.sum,
              bounds: point.explicitBounds,
              bucketCounts: point.bucketCounts?.map(Number),
            };
          }
        }
      }
    }
  }
}

function* readSpans({ resourceSpans = [] }: OtlpTraces): Generator<ReceivedSpan> {
  for (const { resource, scopeSpans = [] } of resourceSpans) {
    for (const { scope, spans = [] } of scopeSpans) {
      for (const span of spans) {
        yield {
          traceId: span.traceId,
          spanId: span.spanId,
          parentSpanId: span.parentSpanId,
          name: span.name,
          kind: span.kind,
          scope: scope?.name ?? '',
          resource: readAttributes(resource?.attributes),
          attributes: readAttributes(span.attributes),
          status: span.status?.code ?? 0,
          startTimeMs: Number(span.startTimeUnixNano) / 1e6,
          endTimeMs: Number(span.endTimeUnixNano) / 1e6,
        };
      }
    }
  }
}

function readAttributes(list: readonly OtlpAttribute[] = []): Attributes {
  return Object.fromEntries(list.map(({ key, value }) => [key, readValue(value)]));
}

function readValue(value: OtlpValue): unknown {
  if ('intValue' in value) return Number(value.intValue);
  if ('arrayValue' in value) {
    return ((value.arrayValue as { values?: OtlpValue[] }).values ?? []).map(readValue);
  }
  return value.stringValue ?? value.doubleValue ?? value.boolValue;
}

function sorted(attributes: Attributes): unknown[] {
  return Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
}
