import type { PerformanceMonitor } from '../monitor/index.ts';
import { joinedInTurns } from '../turns.ts';
import { createHandler, type HandlerFramework, type Handlers } from './handlers.ts';
import { serviceMetrics } from './service-metrics.ts';
import { type MetricNames, serviceText } from './service-text.ts';
import { checkToken } from './token.ts';

/** Options of a handler; all optional. */
export interface HandlerOptions<Name extends HandlerFramework = HandlerFramework> {
  /** In whose shape the handler is: `express` (also Connect and node:http), `hono`, `koa`, `fastify`. @default 'express' */
  readonly framework?: Name;
  /** Only requests with `Authorization: Bearer <token>` are answered; anybody else gets 401. @default none */
  readonly token?: string;
}

/** Options of `createMetricsHandler`. */
export interface MetricsHandlerOptions<Name extends HandlerFramework = HandlerFramework> extends HandlerOptions<Name> {
  /** `specification` gives `http_request_duration_ms` and its six sisters. @default 'standard' */
  readonly names?: MetricNames;
}

/**
 * Answers with the statistics of every operation of the monitor as JSON, `{ "GET /users/:id": { "count": 3, ... } }`, for
 * a route such as `/stats`.
 */
export function createStatsHandler<Name extends HandlerFramework = 'express'>(
  monitor: Pick<PerformanceMonitor, 'getStats'> & Partial<Pick<PerformanceMonitor, 'getStatsInTurns'>>,
  { framework, token }: HandlerOptions<Name> = {},
): Handlers[Name] {
  checkToken(token);
  return createHandler(framework ?? ('express' as Name), token, 'application/json; charset=utf-8', async () =>
    joinedInTurns(asJson((await monitor.getStatsInTurns?.()) ?? monitor.getStats())),
  );
}

/** Answers with what `getMetrics()` gives, for a route such as `/metrics` that Prometheus scrapes. */
export function createMetricsHandler<Name extends HandlerFramework = 'express'>({
  framework,
  token,
  names = 'standard',
}: MetricsHandlerOptions<Name> = {}): Handlers[Name] {
  checkToken(token);
  // Counts from now on, not from the first scrape.
  const metrics = serviceMetrics();
  return createHandler(framework ?? ('express' as Name), token, 'text/plain; version=0.0.4; charset=utf-8', () =>
    joinedInTurns(serviceText(metrics, names)),
  );
}

/** An object, property by property: of a thousand operations it is a long text. */
function* asJson(values: ReadonlyMap<string, unknown>): Iterable<string> {
  yield '{';
  let separator = '';
  for (const [name, value] of values) {
    yield `${separator}${JSON.stringify(name)}:${JSON.stringify(value)}`;
    separator = ',';
  }
  yield '}';
}
