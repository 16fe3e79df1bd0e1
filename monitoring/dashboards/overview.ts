import { catalogue } from '../../src/catalogue/index.ts';
import { BURNS, badRatio } from '../alerts/slo.ts';
import type { ResolvedConfig } from '../config.ts';
import { callRates, firstChunkRates, modelCallRows, tokenRates } from '../model-calls.ts';
import { growth, maxBy, quantile, rate, series, serverSeries, sumBy, type Where } from '../promql.ts';
import { servers } from '../third-party.ts';
import type { Board } from './board.ts';
import { traceLinks } from './links.ts';
import { type Panel, stat, table, timeSeries } from './panels.ts';
import { inSeconds, line, NOW, named, RATE, share } from './queries.ts';
import { chosen, type Variable } from './variables.ts';

const { httpServerRequestDuration, jobRunDuration, jobRunActive, jobRunOldestAge, selfHooks, modelCost } = catalogue;
const service: Variable = {
  name: 'service',
  title: 'Service',
  key: 'job',
  of: [selfHooks, httpServerRequestDuration, ...modelCallRows, jobRunDuration],
  multi: false,
};
const OF: Where = { job: chosen(service) };
const requests = (part: 'bucket' | 'count', where: Where = {}) =>
  series(httpServerRequestDuration, part, { ...OF, ...where });

/** "Is it working, is it slow, what does it cost, what broke?" on one screen. */
export function overviewBoard({ thresholds }: ResolvedConfig): Board {
  return {
    uid: 'gaugeway-overview',
    file: 'overview-dashboard.json',
    title: 'Overview',
    description: 'Is it working, is it slow, what does it cost, what broke?',
    variables: [service],
    sections: [
      { title: 'Now', panels: now(thresholds) },
      { title: 'Course', panels: course(thresholds) },
      { title: 'Promises and alerts', panels: promises() },
    ],
  };
}

function now(limits: ResolvedConfig['thresholds']): Panel[] {
  const failed = sumBy([], growth(requests('count', { 'http.response.status_code': { matches: '5..' } }), NOW));
  return [
    stat({
      title: 'API errors',
      description: 'Share of the requests of five minutes that were answered with 5xx.',
      unit: 'percentunit',
      limits: limits.errorRate,
      queries: [named('Errors', share(failed, sumBy([], growth(requests('count'), NOW))))],
      needs: 'No requests.',
    }),
    stat({
      title: 'API P95',
      description: 'P95 of the requests of five minutes.',
      unit: 's',
      limits: inSeconds(limits.apiLatencyMs),
      queries: [named('P95', quantile(0.95, [], rate(requests('bucket'), NOW)))],
      needs: 'No requests.',
    }),
    stat({
      title: 'Model P95',
      description: 'P95 of the model calls of five minutes that succeeded.',
      unit: 's',
      limits: inSeconds(limits.modelLatencyMs),
      queries: [named('P95', quantile(0.95, [], callRates('bucket', NOW, { ...OF, 'error.type': '' })))],
      needs: 'No model calls.',
    }),
    stat({
      title: 'First chunk P95',
      description: 'P95 of the time to the first chunk of streamed calls, over five minutes.',
      unit: 's',
      limits: inSeconds(limits.firstChunkMs),
      queries: [named('P95', quantile(0.95, [], firstChunkRates('bucket', NOW, OF)))],
      needs: 'No streams.',
    }),
    stat({
      title: 'Tokens per second',
      description: 'Input and output tokens of all model calls.',
      unit: 'cps',
      queries: [
        named('Tokens', `${sumBy([], tokenRates('input', NOW, OF))} + ${sumBy([], tokenRates('output', NOW, OF))}`),
      ],
      needs: 'No model calls.',
    }),
    stat({
      title: 'Cost per hour',
      description: 'US dollars per hour, at the rate of the last five minutes. Its limits hold for one service.',
      unit: 'currencyUSD',
      limits: limits.costPerHourUsd,
      queries: [named('Cost', `3600 * ${sumBy([], rate(series(modelCost, undefined, OF), NOW))}`)],
      needs: 'No cost is known.',
    }),
  ];
}

function course(limits: ResolvedConfig['thresholds']): Panel[] {
  return [
    timeSeries({
      title: 'API P95 by service',
      description: 'P95 of the requests of each service. Lines: where the alerts begin.',
      unit: 's',
      width: 8,
      limits: inSeconds(limits.apiLatencyMs),
      queries: [line(quantile(0.95, ['job'], rate(requests('bucket'), RATE)), 'job')],
      needs: 'No requests.',
      links: traceLinks({ conditions: ['kind = server'] }),
    }),
    timeSeries({
      title: 'Model P95 by model',
      description: 'P95 of the calls of each model that succeed. Lines: where the alerts begin.',
      unit: 's',
      width: 8,
      limits: inSeconds(limits.modelLatencyMs),
      queries: [
        line(
          quantile(0.95, ['gen_ai.request.model'], callRates('bucket', RATE, { ...OF, 'error.type': '' })),
          'gen_ai.request.model',
        ),
      ],
      needs: 'No model calls.',
      links: traceLinks({ conditions: ['span.gen_ai.operation.name != nil'] }),
    }),
    timeSeries({
      title: 'Jobs in progress and the oldest',
      description: 'Runs that have begun and not ended, and the age in seconds of the oldest.',
      unit: 'short',
      width: 8,
      queries: [
        named('runs {{job}}', sumBy(['job'], series(jobRunActive, undefined, OF))),
        named('oldest, seconds {{job}}', maxBy(['job'], series(jobRunOldestAge, undefined, OF))),
      ],
      needs: 'No jobs.',
      links: traceLinks({ conditions: ['span.gaugeway.job.name != nil'] }),
    }),
  ];
}

function promises(): Panel[] {
  const ofService = 'job=~"$service"';
  const budget = `(1 - slo:objective:ratio)`;
  const burn = (window: '5m' | '1h') => `${badRatio(window)}{${ofService}} / on (slo) group_left () ${budget}`;
  const [fast] = BURNS.critical;
  return [
    timeSeries({
      title: 'Burn rate of the error budgets',
      description: `How many times faster than allowed each budget is used up, over one hour. At 1 it lasts exactly a month; from ${fast.rate} on somebody is woken.`,
      unit: 'short',
      limits: { warning: 1, critical: fast.rate },
      queries: [named('{{slo}} {{job}}', burn('1h'))],
      needs: 'Nothing that an SLO speaks of has happened.',
    }),
    table({
      title: 'Left of the error budgets',
      description: 'Share of the budget of three days that is left. Below 0 the promise was broken.',
      unit: 'percentunit',
      width: 6,
      labels: { slo: 'SLO', job: 'Service' },
      queries: [named('Left', `1 - ${badRatio('3d')}{${ofService}} / on (slo) group_left () ${budget}`)],
      needs: 'Nothing that an SLO speaks of has happened.',
    }),
    table({
      title: 'Alerts that fire',
      description: 'What fires now. The Alertmanager at http://localhost:9093 knows who was told, and silences.',
      unit: 'none',
      width: 6,
      labels: { alertname: 'Alert', severity: 'Severity', job: 'Service' },
      queries: [
        named(
          'Firing',
          `count by (alertname, severity, job) (${serverSeries(servers.alerts, { alertstate: 'firing', alertname: { not: 'Watchdog' } })})`,
        ),
      ],
      needs: 'Nothing fires.',
    }),
  ];
}
