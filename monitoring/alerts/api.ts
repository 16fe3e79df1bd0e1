import { catalogue } from '../../src/catalogue/index.ts';
import type { ResolvedConfig } from '../config.ts';
import { growth, increase, type LabelKey, quantile, rate, series, sumBy, type Where } from '../promql.ts';
import { type Alert, pair, seconds, withTraffic } from './alert.ts';

const { httpServerRequestDuration: requests, dbOperationDuration: queries } = catalogue;
const ROUTE: LabelKey[] = ['job', 'http.route'];
const QUERY: LabelKey[] = ['job', 'db.system.name', 'db.operation.name'];
const SERVICE: LabelKey[] = ['job'];
const FAILED: Where = { 'http.response.status_code': { matches: '5..' } };

/** Requests that the application answers, and the queries behind them. */
export function apiAlerts(config: ResolvedConfig): Alert[] {
  const { thresholds, minimumTraffic, excludedRoutes } = config;
  const where: Where = excludedRoutes.length === 0 ? {} : { 'http.route': { doesNotMatch: anyOf(excludedRoutes) } };
  return [
    ...pair(['HighAPILatency', 'CriticalAPILatency'], ['5m', '2m'], thresholds.apiLatencyMs, {
      subject: 'api-latency',
      by: ROUTE,
      expression: (limit, name) =>
        withTraffic(
          `${quantile(0.95, ROUTE, rate(series(requests, 'bucket', where), '5m'))} > ${seconds(limit)}`,
          ROUTE,
          increase(series(requests, 'count', where), '5m'),
          minimumTraffic(name),
        ),
      summary: '{{ $labels.job }}: P95 of {{ $labels.http_route }} is {{ $value | humanizeDuration }}',
      description: 'One request in twenty on this route takes longer than the limit: users wait.',
      panel: { board: 'performance', title: 'API latency' },
      traces: `{ resource.service.name = "<job>" && span.http.route = "<http_route>" && duration > ${thresholds.apiLatencyMs.warning}ms }`,
      steps: [
        'Is it one route or all of them? All: look at the Node runtime board for a blocked event loop or a full heap.',
        'Open a slow trace: the longest child span is a query, a model call or time of our own.',
        'A query: go on with SlowDatabaseQueries. A model call: go on with HighModelLatency.',
        'Compare with the last deployment and with the request rate; more requests than usual may need another process.',
      ],
    }),
    ...pair(['HighErrorRate', 'CriticalErrorRate'], ['5m', '2m'], thresholds.errorRate, {
      subject: 'api-errors',
      by: SERVICE,
      expression: (limit, name) =>
        withTraffic(
          `${sumBy(SERVICE, growth(series(requests, 'count', FAILED), '5m'))} / ${sumBy(SERVICE, growth(series(requests, 'count'), '5m'))} > ${limit}`,
          SERVICE,
          growth(series(requests, 'count'), '5m'),
          minimumTraffic(name),
        ),
      summary: '{{ $labels.job }}: {{ $value | humanizePercentage }} of the requests fail',
      description: 'The service answers with 5xx: users get an error in place of what they asked for.',
      panel: { board: 'performance', title: 'Requests by status code' },
      traces: '{ resource.service.name = "<job>" && span.http.response.status_code >= 500 }',
      steps: [
        'Which routes and status codes? 502, 503 and 504 point at something behind the service.',
        'Open a failed trace: the deepest span with an error is where it began.',
        'A database or a model provider that is down shows in its own panels and alerts; then work there.',
        'If it began with a deployment, take that back.',
      ],
    }),
    ...pair(['SlowDatabaseQueries', 'CriticalDatabaseQueries'], ['5m', '2m'], thresholds.dbQueryMs, {
      subject: 'database-latency',
      by: QUERY,
      expression: (limit, name) =>
        withTraffic(
          `${quantile(0.95, QUERY, rate(series(queries, 'bucket'), '5m'))} > ${seconds(limit)}`,
          QUERY,
          increase(series(queries, 'count'), '5m'),
          minimumTraffic(name),
        ),
      summary:
        '{{ $labels.job }}: P95 of {{ $labels.db_operation_name }} in {{ $labels.db_system_name }} is {{ $value | humanizeDuration }}',
      description: 'Queries of this kind are slow, and every request that needs one waits for it.',
      panel: { board: 'performance', title: 'Database query time' },
      traces: `{ resource.service.name = "<job>" && span.db.operation.name = "<db_operation_name>" && duration > ${thresholds.dbQueryMs.warning}ms }`,
      steps: [
        'See under "Slow queries" which operation and table it is.',
        'Ask the database for its plan (EXPLAIN ANALYZE): a missing index or a grown table is the usual reason.',
        'All operations at once: look at load, locks and the pool of connections of the database.',
        'Many fast queries in one trace are slow too: fetch what belongs together at once.',
      ],
    }),
  ];
}

/** Names as a regular expression that matches exactly these. */
function anyOf(names: readonly string[]): string {
  return names.map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|');
}
