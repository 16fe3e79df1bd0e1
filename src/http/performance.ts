import { defaultMonitor } from '../monitor/default-monitor.ts';
import type { PerformanceMonitor } from '../monitor/index.ts';
import { drop } from '../observe.ts';
import { queries } from '../recorders/queries.ts';
import { thresholds } from '../thresholds.ts';
import { joinedInTurns } from '../turns.ts';
import { createExpressMiddleware, type ExpressMiddleware } from './express.ts';
import { serviceMetrics } from './service-metrics.ts';
import { type MetricNames, serviceText } from './service-text.ts';

/** What `getPerformanceStats()` returns. */
export interface PerformanceStats {
  /** Requests since the start. */
  readonly totalRequests: number;
  /** Failed requests since the start. */
  readonly errorRequests: number;
  /** The share of failed requests since the start, as in `0.05%`. */
  readonly errorRate: string;
  readonly thresholds: {
    /** Milliseconds. */
    readonly API_LATENCY_MS: number;
    /** Milliseconds. */
    readonly DB_QUERY_MS: number;
    /** A share from 0 to 1. */
    readonly ERROR_RATE: number;
  };
}

/** What `trackDbQuery` can be told beside its arguments. */
export interface DbQueryOptions {
  /** `db.system.name`: `postgresql`, `mysql`, ... @default 'other_sql' */
  readonly system?: string;
}

/** What `getMetrics` can be told. */
export interface MetricsTextOptions {
  /** `specification` gives `http_request_duration_ms` and its six sisters, in milliseconds. @default 'standard' */
  readonly names?: MetricNames;
}

let made: { readonly monitor: PerformanceMonitor; readonly middleware: ExpressMiddleware } | undefined;

/** Measures every request of an Express or Connect application: `app.use(performanceMiddleware)`, before everything else. */
export const performanceMiddleware: ExpressMiddleware = (request, response, next) => {
  const monitor = defaultMonitor();
  if (made?.monitor !== monitor) {
    serviceMetrics();
    made = { monitor, middleware: createExpressMiddleware(monitor) };
  }
  made.middleware(request, response, next);
};

/** Records a database query that has ended, by its operation and the model that it was for: few names, no ids. */
export function trackDbQuery(
  operation: string,
  model: string,
  durationMs: number,
  status: 'success' | 'error',
  options?: DbQueryOptions,
): void {
  serviceMetrics();
  defaultMonitor();
  // Whether it failed is not known, and a guess would be a wrong error rate.
  if (status !== 'success' && status !== 'error') return drop('invalid_value');
  queries.record(
    { operation, collection: model, system: options?.system },
    { durationMs, errorType: status === 'error' ? '_OTHER' : undefined },
  );
}

/** Requests and failures of this process since it was first asked about them, and the thresholds that are in force. */
export function getPerformanceStats(): PerformanceStats {
  const { totalRequests, errorRequests } = serviceMetrics();
  const { apiLatencyMs, dbQueryMs, httpErrorRate } = thresholds();
  const share = totalRequests === 0 ? 0 : errorRequests / totalRequests;
  return {
    totalRequests,
    errorRequests,
    errorRate: `${(share * 100).toFixed(2)}%`,
    thresholds: { API_LATENCY_MS: apiLatencyMs, DB_QUERY_MS: dbQueryMs, ERROR_RATE: httpErrorRate },
  };
}

/** The requests and queries of this process in Prometheus's text format; everything else is on gaugeway's own endpoint. */
export async function getMetrics({ names = 'standard' }: MetricsTextOptions = {}): Promise<string> {
  if (names !== 'standard' && names !== 'specification') {
    throw new TypeError('gaugeway: option "names" must be standard or specification');
  }
  return joinedInTurns(serviceText(serviceMetrics(), names));
}
