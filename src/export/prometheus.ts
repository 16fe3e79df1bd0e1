import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { diag } from '@opentelemetry/api';
import { type CollectionResult, type MetricProducer, MetricReader } from '@opentelemetry/sdk-metrics';
import { createPrometheusWriter } from './prometheus-families.ts';
import { temporalityOf } from './temporality.ts';

/** What `createPrometheusReader` is given. */
export interface PrometheusReaderOptions {
  /** Address to listen on. */
  host: string;
  /** Port to listen on; 0 lets the system choose. */
  port: number;
  /** Path of the metrics. @default '/metrics' */
  path?: string;
  /** How many ports are tried, from `port` upwards, while they are taken. @default 10 */
  portAttempts?: number;
  /** Receives one line for each thing that did not go as asked. */
  warn: (message: string) => void;
  /** Further sources of metrics, shown beside those of the SDK. @default none */
  metricProducers?: MetricProducer[];
}

/** A metric reader behind an HTTP endpoint that Prometheus scrapes. */
export interface PrometheusEndpoint {
  reader: MetricReader;
  /** Resolves to where the endpoint listens, or to `undefined` if it does not; never rejects. */
  whenListening: Promise<{ port: number } | undefined>;
}

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const LAST_PORT = 65_535;

/** The application waits for no more of a scrape than this at a time. */
const MAX_SLICE_MS = 2;

/**
 * An instrument matched by a view keeps, for each reader, a copy of every interval that this reader has not collected:
 * without a scrape the heap grows with every export of another reader.
 */
const IDLE_LIMIT_MS = 60_000;

// The SDK's PrometheusExporter is this with a server that cannot take port 0, prints its own errors, names no
// version in its content type and, when serializing throws, ends the process by an unhandled rejection.
class PrometheusReader extends MetricReader {
  readonly whenListening: Promise<{ port: number } | undefined>;
  readonly #options: PrometheusReaderOptions;
  readonly #path: string;
  readonly #server: Server;
  readonly #write: ReturnType<typeof createPrometheusWriter>;
  #idleTimer: NodeJS.Timeout | undefined;
  #shutdown: Promise<void> | undefined;

  constructor(options: PrometheusReaderOptions) {
    super({
      aggregationTemporalitySelector: temporalityOf(),
      metricProducers: options.metricProducers ?? [],
      otelComponentType: 'prometheus_http_text_metric_exporter',
    });
    const { path = '/metrics' } = options;
    this.#options = options;
    this.#path = path.startsWith('/') ? path : `/${path}`;
    this.#write = createPrometheusWriter(options.warn);
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.unref();
    // A connection that a scraper keeps open would hold the process as the server itself would.
    this.#server.on('connection', (socket) => socket.unref());
    this.#server.on('error', (error) => diag.debug('Prometheus endpoint', error));
    this.whenListening = this.#listen();
  }

  override async collect(...options: Parameters<MetricReader['collect']>): Promise<CollectionResult> {
    this.#idleTimer?.refresh();
    return super.collect(...options);
  }

  override shutdown(...options: Parameters<MetricReader['shutdown']>): Promise<void> {
    this.#shutdown ??= super.shutdown(...options);
    return this.#shutdown;
  }

  protected override onInitialized(): void {
    const discard = () => {
      this.collect().catch((error) => diag.debug('Prometheus: an idle collection failed', error));
    };
    this.#idleTimer = setTimeout(discard, IDLE_LIMIT_MS).unref();
  }

  protected override async onForceFlush(): Promise<void> {
    // Nothing waits here: a scrape takes what there is.
  }

  protected override async onShutdown(): Promise<void> {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = undefined;
    await this.whenListening;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #listen(): Promise<{ port: number } | undefined> {
    const { host, port: first, portAttempts = 10, warn } = this.#options;
    const last = first === 0 ? 0 : Math.max(first, Math.min(first + portAttempts - 1, LAST_PORT));
    for (let port = first; port <= last; port++) {
      try {
        // Exclusive, or the workers of a cluster share the port and each scrape meets another one of them.
        this.#server.listen({ host, port, exclusive: true });
        await once(this.#server, 'listening');
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EADDRINUSE') continue;
        warn(`Prometheus: cannot listen on ${host}:${port} (${code ?? error}), so there is no metrics endpoint.`);
        return undefined;
      }
      const listening = { port: (this.#server.address() as AddressInfo).port };
      if (port !== first) {
        const origin = `http://${host.includes(':') ? `[${host}]` : host}:${listening.port}`;
        warn(`Prometheus: port ${first} is taken, so the metrics are at ${origin}${this.#path}.`);
      }
      return listening;
    }
    const tried = first === last ? `port ${first} is` : `ports ${first} to ${last} are`;
    warn(`Prometheus: ${tried} taken, so there is no metrics endpoint.`);
    return undefined;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (URL.parse(request.url ?? '', 'http://localhost')?.pathname !== this.#path) {
      response.writeHead(404).end();
    } else if (request.method !== 'GET') {
      response.writeHead(405, { allow: 'GET' }).end();
    } else {
      try {
        await this.#scrape(response);
      } catch (error) {
        diag.error('Prometheus: a scrape failed', error);
        // Half of a scrape must not look like a whole one.
        if (response.headersSent) response.destroy();
        else response.writeHead(500).end();
      }
    }
  }

  async #scrape(response: ServerResponse): Promise<void> {
    const { resourceMetrics, errors } = await this.collect();
    if (errors.length > 0) diag.warn('Prometheus: some metrics could not be collected', ...errors);
    const { resource } = resourceMetrics;
    if (resource.asyncAttributesPending) await resource.waitForAsyncAttributes?.();
    // What the SDK collects, it collects in one go.
    await nextTurn();
    let text = '';
    let sliceStart = performance.now();
    for (const piece of this.#write(resourceMetrics)) {
      text += piece;
      if (performance.now() - sliceStart < MAX_SLICE_MS) continue;
      if (!response.headersSent) response.writeHead(200, { 'content-type': CONTENT_TYPE });
      response.write(text);
      text = '';
      await nextTurn();
      if (response.destroyed) return;
      sliceStart = performance.now();
    }
    if (!response.headersSent) response.writeHead(200, { 'content-type': CONTENT_TYPE });
    response.end(text);
  }
}

/** Starts an endpoint that Prometheus scrapes, with the names a Collector would give; hand its reader to a `MeterProvider`. */
export function createPrometheusReader(options: PrometheusReaderOptions): PrometheusEndpoint {
  const reader = new PrometheusReader(options);
  return { reader, whenListening: reader.whenListening };
}
