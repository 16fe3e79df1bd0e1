import { catalogue } from '../../src/catalogue/index.ts';
import { rate, series, sumBy, type Where } from '../promql.ts';
import { CHOSEN, linksToCalls, linksToFailures, NO_CALLS } from './model-choices.ts';
import { type Panel, timeSeries } from './panels.ts';
import { line, P50_P90_P99, percentiles, RATE } from './queries.ts';

/** What happens within a call: exchanges, retries, backoff, fallbacks. */
export function attempts(): Panel[] {
  const { modelAttemptDuration, modelRetries, modelBackoffTime, modelFallbacks } = catalogue;
  const attemptRates = (part: 'bucket' | 'count', where: Where = {}) =>
    rate(series(modelAttemptDuration, part, { ...CHOSEN, ...where }), RATE);
  return [
    timeSeries({
      title: 'Duration of an attempt',
      description: 'One HTTP exchange with a provider: without retries and backoff.',
      unit: 's',
      queries: percentiles(P50_P90_P99, attemptRates('bucket')),
      needs: NO_CALLS,
      links: linksToCalls,
    }),
    timeSeries({
      title: 'Attempts by outcome',
      description: 'Exchanges per second: success, error, timeout, aborted by us, abandoned half-read.',
      unit: 'reqps',
      stacked: true,
      queries: [line(sumBy(['gaugeway.outcome'], attemptRates('count')), 'gaugeway.outcome')],
      needs: NO_CALLS,
      links: linksToCalls,
    }),
    timeSeries({
      title: 'Retries',
      description: 'Attempts per second that repeated a failed one, by the failure that they followed.',
      unit: 'reqps',
      stacked: true,
      queries: [
        line(
          sumBy(['gen_ai.provider.name', 'error.type'], rate(series(modelRetries, undefined, CHOSEN), RATE)),
          'gen_ai.provider.name',
          'error.type',
        ),
      ],
      needs: 'No call was retried.',
      links: linksToFailures,
    }),
    timeSeries({
      title: 'Time lost in backoff',
      description: 'Between a failed attempt and its retry, in which nothing was asked.',
      unit: 's',
      queries: percentiles(P50_P90_P99, rate(series(modelBackoffTime, 'bucket', CHOSEN), RATE)),
      needs: 'No call was retried.',
    }),
    timeSeries({
      title: 'Fallbacks',
      description: 'Turns per second to another model or provider after a failure.',
      unit: 'reqps',
      queries: [
        line(
          sumBy(
            ['gaugeway.fallback.from', 'gaugeway.fallback.to'],
            rate(series(modelFallbacks, undefined, CHOSEN), RATE),
          ),
          'gaugeway.fallback.from',
          'gaugeway.fallback.to',
        ),
      ],
      needs: 'No fallbacks.',
    }),
  ];
}
