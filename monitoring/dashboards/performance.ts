import { catalogue } from '../../src/catalogue/index.ts';
import type { ResolvedConfig } from '../config.ts';
import { growth, type LabelKey, quantile, rate, series, sumBy, type Where } from '../promql.ts';
import type { Board } from './board.ts';
import { ofSeries, traceLinks } from './links.ts';
import { gauge, heatmap, type Panel, stat, table, timeSeries } from './panels.ts';
import { inSeconds, line, NOW, named, P50_P95_P99, percentiles, RATE, share } from './queries.ts';
import { chosen, type Variable } from './variables.ts';

const { httpServerRequestDuration: requests, httpSlowRequests, gatewayOverhead } = catalogue;
const { dbOperationDuration: queries, dbSlowQueries, appOperationDuration: operations } = catalogue;

const service: Variable = {
  name: 'service',
  title: 'Service',
  key: 'job',
  of: [requests, queries, operations],
  multi: false,
};
const OF_SERVICE: Where = { job: chosen(service) };
const ROUTE: LabelKey[] = ['http.request.method', 'http.route'];
const QUERY: LabelKey[] = ['db.operation.name', 'db.collection.name'];
const OPERATION: LabelKey[] = ['gaugeway.operation.name'];
const NO_REQUESTS = 'No requests. They need a middleware of gaugeway/http or an HTTP instrumentation.';
const NO_QUERIES = 'No queries. They need trackDbQuery, queries.run or a database instrumentation.';
const NO_OPERATIONS = 'No operations. They need operations.run or a monitor.';

const requestRates = (part: 'bucket' | 'count', where: Where = {}, range = RATE) =>
  rate(series(requests, part, { ...OF_SERVICE, ...where }), range);
const queryRates = (part: 'bucket' | 'count', where: Where = {}, range = RATE) =>
  rate(series(queries, part, { ...OF_SERVICE, ...where }), range);
const operationRates = (part: 'bucket' | 'count', where: Where = {}) =>
  rate(series(operations, part, { ...OF_SERVICE, ...where }), RATE);
const failed: Where = { 'http.response.status_code': { matches: '5..' } };
const errorShare = (range: string) =>
  share(
    sumBy([], growth(series(requests, 'count', { ...OF_SERVICE, ...failed }), range)),
    sumBy([], growth(series(requests, 'count', OF_SERVICE), range)),
  );

/** "How fast do we answer, and how fast does the database answer us?" */
export function performanceBoard({ thresholds, budgets }: ResolvedConfig): Board {
  return {
    uid: 'gaugeway-performance',
    file: 'performance-dashboard.json',
    title: 'API and database',
    description: 'How fast requests and queries are, what fails, and which routes and tables are slow.',
    variables: [service],
    sections: [
      { title: 'Now', panels: now(thresholds) },
      { title: 'API', panels: api(thresholds) },
      { title: 'Database', panels: database(thresholds) },
      { title: 'Operations and gateway', panels: others(budgets), collapsed: false },
    ],
  };
}

function now({ apiLatencyMs, errorRate, dbQueryMs }: ResolvedConfig['thresholds']): Panel[] {
  return [
    gauge({
      title: 'API P95',
      description: 'P95 of all requests over five minutes, as the alerts see it.',
      unit: 's',
      limits: inSeconds(apiLatencyMs),
      max: (2 * apiLatencyMs.critical) / 1000,
      queries: [named('P95', quantile(0.95, [], requestRates('bucket', {}, NOW)))],
      needs: NO_REQUESTS,
    }),
    gauge({
      title: 'Error rate',
      description: 'Share of the requests of five minutes that were answered with 5xx.',
      unit: 'percentunit',
      limits: errorRate,
      max: 2 * errorRate.critical,
      queries: [named('Errors', errorShare(NOW))],
      needs: NO_REQUESTS,
    }),
    gauge({
      title: 'Query P95',
      description: 'P95 of all database queries over five minutes.',
      unit: 's',
      limits: inSeconds(dbQueryMs),
      max: (2 * dbQueryMs.critical) / 1000,
      queries: [named('P95', quantile(0.95, [], queryRates('bucket', {}, NOW)))],
      needs: NO_QUERIES,
    }),
    stat({
      title: 'Requests per second',
      description: 'All requests that are answered.',
      unit: 'reqps',
      width: 6,
      height: 8,
      queries: [named('Requests', sumBy([], requestRates('count')))],
      needs: NO_REQUESTS,
    }),
  ];
}

function api({ apiLatencyMs, errorRate }: ResolvedConfig['thresholds']): Panel[] {
  const links = traceLinks({ conditions: ['kind = server'] });
  const ofRoute = traceLinks({
    conditions: [`span.http.route = "${ofSeries('http_route')}"`],
    tags: { 'http.route': ofSeries('http_route') },
  });
  return [
    timeSeries({
      title: 'API latency',
      description:
        'Half, 95 % and 99 % of the requests are answered within these times. Lines: where the alerts begin.',
      unit: 's',
      limits: inSeconds(apiLatencyMs),
      queries: percentiles(P50_P95_P99, requestRates('bucket')),
      needs: NO_REQUESTS,
      links,
    }),
    timeSeries({
      title: 'Requests by status code',
      description: 'Requests per second by the status that they were answered with.',
      unit: 'reqps',
      stacked: true,
      queries: [line(sumBy(['http.response.status_code'], requestRates('count')), 'http.response.status_code')],
      needs: NO_REQUESTS,
      links,
    }),
    timeSeries({
      title: 'P95 by route',
      description: 'P95 of each route: which one is slow?',
      unit: 's',
      limits: inSeconds(apiLatencyMs),
      queries: [line(quantile(0.95, ROUTE, requestRates('bucket')), ...ROUTE)],
      needs: NO_REQUESTS,
      links: ofRoute,
    }),
    timeSeries({
      title: 'Error rate over time',
      description: 'Share of the requests of the last five minutes that were answered with 5xx.',
      unit: 'percentunit',
      limits: errorRate,
      queries: [named('Errors', errorShare(NOW))],
      needs: NO_REQUESTS,
      links: traceLinks({ conditions: ['span.http.response.status_code >= 500'], tags: { error: 'true' } }),
    }),
    timeSeries({
      title: 'Slow requests',
      description: 'Requests per second that took longer than the limit that the service counts by (`apiLatencyMs`).',
      unit: 'reqps',
      queries: [line(sumBy(ROUTE, rate(series(httpSlowRequests, undefined, OF_SERVICE), RATE)), ...ROUTE)],
      needs: 'No slow requests.',
      links: ofRoute,
    }),
    heatmap({
      title: 'Spread of the requests',
      description: 'How many requests took how long: two bands are two kinds of requests, or a cache.',
      unit: 's',
      queries: [named('{{le}}', sumBy(['le'], requestRates('bucket')))],
      needs: NO_REQUESTS,
    }),
  ];
}

function database({ dbQueryMs }: ResolvedConfig['thresholds']): Panel[] {
  const links = traceLinks({
    conditions: [`span.db.operation.name = "${ofSeries('db_operation_name')}"`],
    tags: { 'db.operation.name': ofSeries('db_operation_name') },
  });
  return [
    timeSeries({
      title: 'Database query time',
      description: 'Half, 95 % and 99 % of the queries end within these times. Lines: where the alerts begin.',
      unit: 's',
      limits: inSeconds(dbQueryMs),
      queries: percentiles(P50_P95_P99, queryRates('bucket')),
      needs: NO_QUERIES,
      links: traceLinks({ conditions: ['span.db.system.name != nil'] }),
    }),
    timeSeries({
      title: 'Queries per second',
      description: 'Queries by operation.',
      unit: 'ops',
      stacked: true,
      queries: [line(sumBy(['db.operation.name'], queryRates('count')), 'db.operation.name')],
      needs: NO_QUERIES,
      links,
    }),
    timeSeries({
      title: 'Slow queries',
      description: 'Queries per second that took longer than the limit that the service counts by (`dbQueryMs`).',
      unit: 'ops',
      queries: [line(sumBy(QUERY, rate(series(dbSlowQueries, undefined, OF_SERVICE), RATE)), ...QUERY)],
      needs: 'No slow queries.',
      links,
    }),
    table({
      title: 'Slowest queries',
      description: 'P95 of each operation on each table over five minutes, and how often it runs.',
      unit: 's',
      labels: { db_operation_name: 'Operation', db_collection_name: 'Table' },
      queries: [
        named('P95', `topk(20, ${quantile(0.95, QUERY, queryRates('bucket', {}, NOW))})`),
        { ...named('Per second', sumBy(QUERY, queryRates('count', {}, NOW))), unit: 'ops' },
      ],
      needs: NO_QUERIES,
    }),
  ];
}

function others(budgets: ResolvedConfig['budgets']): Panel[] {
  const agreed = Object.entries(budgets).map(([operation, ms]) => `${operation} ${ms} ms`);
  return [
    timeSeries({
      title: 'Operations',
      description: `P95 of each named operation. Budgets: ${agreed.length === 0 ? 'none' : agreed.join(', ')}.`,
      unit: 's',
      queries: [line(quantile(0.95, OPERATION, operationRates('bucket')), ...OPERATION)],
      needs: NO_OPERATIONS,
    }),
    timeSeries({
      title: 'Failed operations',
      description: 'Operations per second that threw, by operation and kind of error.',
      unit: 'ops',
      queries: [
        line(
          sumBy([...OPERATION, 'error.type'], operationRates('count', { 'error.type': { not: '' } })),
          ...OPERATION,
          'error.type',
        ),
      ],
      needs: 'No operation has failed.',
    }),
    timeSeries({
      title: 'What the gateway adds',
      description: 'Time of an inbound request in which no model provider was being waited for.',
      unit: 's',
      width: 24,
      queries: percentiles(P50_P95_P99, rate(series(gatewayOverhead, 'bucket', OF_SERVICE), RATE)),
      needs: 'No inbound requests with model calls in them.',
    }),
  ];
}
