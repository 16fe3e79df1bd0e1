import { catalogue, type InstrumentSpec } from '../../src/catalogue/index.ts';
import type { ResolvedConfig } from '../config.ts';
import { callRates, rateLimitLeft, tokenRates } from '../model-calls.ts';
import { type Expression, either, type LabelKey, rate, series, sumBy } from '../promql.ts';
import { CHOSEN, linksOfModel, MODEL, NO_CALLS } from './model-choices.ts';
import { type Panel, timeSeries } from './panels.ts';
import { line, named, P50_P90_P99, percentiles, RATE } from './queries.ts';

const LIMIT: LabelKey[] = ['gen_ai.provider.name', 'gen_ai.request.model', 'gaugeway.ratelimit.resource'];
/** A limit belongs to no operation. */
const { 'gen_ai.operation.name': _, ...OF_LIMIT } = CHOSEN;
const LATEST_ONLY = 'Needs GAUGEWAY_GENAI_NAMES=latest or both, and a provider that tells it.';

/** How many tokens, at what speed. */
export function tokens(): Panel[] {
  const { usageCacheReadTokens, usageCacheWriteTokens, usageReasoningTokens } = catalogue;
  const { usageInputTokens, usageOutputTokens } = catalogue;
  const perCall = (
    kind: 'input' | 'output',
    latest: typeof catalogue.inferenceInputTokens | typeof catalogue.inferenceOutputTokens,
  ) =>
    either(
      `sum without (gen_ai_token_type) (${rate(series(catalogue.tokenUsage, 'bucket', { ...CHOSEN, 'gen_ai.token.type': kind }), RATE)})`,
      rate(series(latest, 'bucket', CHOSEN), RATE),
    );
  const counter = (row: InstrumentSpec): Expression => sumBy(MODEL, rate(series(row, undefined, CHOSEN), RATE));
  return [
    timeSeries({
      title: 'Tokens per second',
      description: 'Input and output tokens of all calls, as the providers billed them.',
      unit: 'cps',
      stacked: true,
      queries: [
        named('input', sumBy([], tokenRates('input', RATE, CHOSEN))),
        named('output', sumBy([], tokenRates('output', RATE, CHOSEN))),
      ],
      needs: `${NO_CALLS} Usage that a provider does not tell is unknown, not zero.`,
    }),
    timeSeries({
      title: 'Output tokens per second of a call',
      description:
        'Output tokens over the time that the calls took: what the alert of throughput compares with the last six hours.',
      unit: 'cps',
      queries: [
        line(
          `${sumBy(MODEL, tokenRates('output', RATE, CHOSEN))} / ${sumBy(MODEL, callRates('sum', RATE, { ...CHOSEN, 'error.type': '' }))}`,
          ...MODEL,
        ),
      ],
      needs: NO_CALLS,
      links: linksOfModel,
    }),
    timeSeries({
      title: 'Tokens of a call',
      description: 'How large inputs and outputs are: half of the calls, and the largest tenth and hundredth.',
      unit: 'short',
      queries: [
        ...percentiles(P50_P90_P99, perCall('input', catalogue.inferenceInputTokens)).map((query) => ({
          ...query,
          legend: `input ${query.legend}`,
        })),
        ...percentiles(P50_P90_P99, perCall('output', catalogue.inferenceOutputTokens)).map((query) => ({
          ...query,
          legend: `output ${query.legend}`,
        })),
      ],
      needs: NO_CALLS,
    }),
    timeSeries({
      title: 'Throughput of a call',
      description: 'Input and output tokens over the duration of a successful call.',
      unit: 'cps',
      queries: percentiles([0.1, 0.5, 0.9], rate(series(catalogue.modelTokenThroughput, 'bucket', CHOSEN), RATE)),
      needs: NO_CALLS,
    }),
    timeSeries({
      title: 'Share of input read from the cache',
      description: 'Input tokens that the provider had in its prompt cache: cheaper, and sooner begun.',
      unit: 'percentunit',
      queries: [line(`${counter(usageCacheReadTokens)} / ${counter(usageInputTokens)}`, ...MODEL)],
      needs: LATEST_ONLY,
    }),
    timeSeries({
      title: 'Share of input written to the cache',
      description:
        'Input tokens that the provider put into its prompt cache: dearer now, cheaper if they are read again.',
      unit: 'percentunit',
      queries: [line(`${counter(usageCacheWriteTokens)} / ${counter(usageInputTokens)}`, ...MODEL)],
      needs: LATEST_ONLY,
    }),
    timeSeries({
      title: 'Share of output spent on reasoning',
      description: 'Output tokens that nobody reads.',
      unit: 'percentunit',
      queries: [line(`${counter(usageReasoningTokens)} / ${counter(usageOutputTokens)}`, ...MODEL)],
      needs: LATEST_ONLY,
    }),
  ];
}

/** What they cost. */
export function cost({ costPerHourUsd, rateLimitShare }: ResolvedConfig['thresholds']): Panel[] {
  const perHour = (by: readonly LabelKey[]) =>
    `3600 * ${sumBy(by, rate(series(catalogue.modelCost, undefined, CHOSEN), RATE))}`;
  const unpriced = line(sumBy(MODEL, rate(series(catalogue.modelUnpriced, undefined, CHOSEN), RATE)), ...MODEL);
  return [
    timeSeries({
      title: 'Cost per hour by model',
      description: 'US dollars per hour, at the rate of this moment. Lines: where the alerts begin, for one service.',
      unit: 'currencyUSD',
      stacked: true,
      limits: costPerHourUsd,
      queries: [line(perHour(MODEL), ...MODEL)],
      needs: 'No cost. It needs prices of the models and usage from their providers.',
      links: linksOfModel,
    }),
    timeSeries({
      title: 'Cost of a call',
      description: 'US dollars per call, on average: prices are per token, so the larger half of the calls costs most.',
      unit: 'currencyUSD',
      queries: [line(`${perHour(MODEL)} / (3600 * ${sumBy(MODEL, callRates('count', RATE, CHOSEN))})`, ...MODEL)],
      needs: 'No cost. It needs prices of the models and usage from their providers.',
      links: linksOfModel,
    }),
    timeSeries({
      title: 'Calls without a price',
      description: 'Calls per second whose tokens are known and whose price is not: the cost above lacks them.',
      unit: 'reqps',
      queries: [unpriced],
      needs: 'Every call has a price.',
    }),
    timeSeries({
      title: 'Rate limit left',
      description:
        'Share of the limits of the providers that is left, as their last answers told; the least of all processes.',
      unit: 'percentunit',
      min: 0,
      max: 1,
      limits: rateLimitShare,
      queries: [line(rateLimitLeft(LIMIT, OF_LIMIT), ...LIMIT)],
      needs: 'No provider has told a limit and what is left of it.',
      links: linksOfModel,
    }),
    timeSeries({
      title: 'Answers from a cache of our own',
      description: 'Look-ups per second in the response cache of the application: a hit is a call that was not made.',
      unit: 'reqps',
      stacked: true,
      queries: [
        line(
          sumBy(['gaugeway.cache.result'], rate(series(catalogue.modelCache, undefined, CHOSEN), RATE)),
          'gaugeway.cache.result',
        ),
      ],
      needs: 'No look-ups. The application tells them by modelCalls.cache.',
    }),
  ];
}
