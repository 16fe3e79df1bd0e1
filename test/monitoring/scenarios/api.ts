import { catalogue } from '../../../src/catalogue/index.ts';
import { asLabels, type Scenario } from './scenario.ts';
import { counter, histogram } from './timeline.ts';

const { httpServerRequestDuration: requests, dbOperationDuration: queries, appOperationDuration } = catalogue;
const route = { job: 'gateway', 'http.route': '/items/:id' };
const query = { job: 'gateway', 'db.system.name': 'postgresql', 'db.operation.name': 'SELECT' };
const operation = { job: 'gateway', 'gaugeway.operation.name': 'load' };

export const api: Scenario[] = [
  {
    rules: ['HighAPILatency', 'CriticalAPILatency'],
    levels: { fine: 0.09, bad: 0.11, critical: 0.22 },
    series: (seconds, events) =>
      histogram(
        requests,
        { ...route, 'http.request.method': 'GET', 'http.response.status_code': '200' },
        seconds,
        events,
      ),
    labels: asLabels(route),
    summary: 'gateway: P95 of /items/:id is 147.5ms',
    criticalSummary: 'gateway: P95 of /items/:id is 247.5ms',
    minutes: 15,
    loneLevel: 9,
  },
  {
    rules: ['HighErrorRate', 'CriticalErrorRate'],
    levels: { fine: 0.0005, bad: 0.005, critical: 0.05 },
    series: (share, events) =>
      [share, 1 - share].map((part, index) =>
        counter(
          requests,
          { ...route, 'http.response.status_code': index === 0 ? '500' : '200' },
          events.map((count) => count * part),
          'count',
        ),
      ),
    labels: { job: 'gateway' },
    summary: 'gateway: 0.5% of the requests fail',
    criticalSummary: 'gateway: 5% of the requests fail',
    minutes: 15,
    perMinute: 6000,
    loneLevel: 1,
  },
  {
    rules: ['SlowDatabaseQueries', 'CriticalDatabaseQueries'],
    levels: { fine: 0.04, bad: 0.06, critical: 0.12 },
    series: (seconds, events) => histogram(queries, { ...query, 'db.collection.name': 'items' }, seconds, events),
    labels: asLabels(query),
    summary: 'gateway: P95 of SELECT in postgresql is 73.75ms',
    criticalSummary: 'gateway: P95 of SELECT in postgresql is 147.5ms',
    minutes: 15,
    loneLevel: 9,
  },
  {
    rules: ['OperationOverBudget', 'OperationFarOverBudget'],
    levels: { fine: 0.4, bad: 0.9, critical: 1.5 },
    series: (seconds, events) => histogram(appOperationDuration, operation, seconds, events),
    labels: asLabels(operation),
    summary: 'gateway: P95 of load is 1.95 times its budget of 500 ms',
    criticalSummary: 'gateway: P95 of load is 3.9 times its budget of 500 ms',
    minutes: 15,
    loneLevel: 9,
    budgets: { load: 500 },
  },
];
