import { catalogue } from '../../src/catalogue/index.ts';
import type { ResolvedConfig } from '../config.ts';
import { callRates, chunkTimeRates, firstChunkRates } from '../model-calls.ts';
import { either, quantile, rate, series, sumBy } from '../promql.ts';
import type { Board } from './board.ts';
import { attempts } from './model-attempts.ts';
import {
  CHOSEN,
  linksOfModel,
  linksToCalls,
  linksToFailures,
  MODEL,
  model,
  NO_CALLS,
  NO_STREAMS,
  operation,
  provider,
  service,
} from './model-choices.ts';
import { cost, tokens } from './model-tokens.ts';
import { heatmap, type Panel, timeSeries } from './panels.ts';
import { inSeconds, line, named, P50_P90_P99, percentiles, RATE, share } from './queries.ts';

/** "Which models are slow, failing or dear, and is it them or us?" */
export function modelsBoard({ thresholds }: ResolvedConfig): Board {
  return {
    uid: 'gaugeway-models',
    file: 'models-dashboard.json',
    title: 'Model calls',
    description: 'Latency, tokens, errors and retries of model calls, by provider, model and operation.',
    variables: [service, provider, model, operation],
    sections: [
      { title: 'Calls', panels: calls(thresholds) },
      { title: 'Streams', panels: streams(thresholds) },
      { title: 'Cost and limits', panels: cost(thresholds) },
      { title: 'Tokens', panels: tokens(), collapsed: true },
      { title: 'Attempts: retries, backoff, fallbacks', panels: attempts(), collapsed: true },
    ],
  };
}

function calls({ modelLatencyMs, modelErrorRate }: ResolvedConfig['thresholds']): Panel[] {
  const failures = either(
    sumBy(MODEL, rate(series(catalogue.modelErrors, undefined, CHOSEN), RATE)),
    sumBy(MODEL, callRates('count', RATE, { ...CHOSEN, 'error.type': { not: '' } })),
  );
  return [
    timeSeries({
      title: 'Duration of a call',
      description:
        'Half, 90 % and 99 % of the calls that succeed end within these times, retries included. Lines: where the alerts begin.',
      unit: 's',
      limits: inSeconds(modelLatencyMs),
      queries: percentiles(P50_P90_P99, callRates('bucket', RATE, { ...CHOSEN, 'error.type': '' })),
      needs: NO_CALLS,
      links: linksToCalls,
    }),
    timeSeries({
      title: 'P95 by model',
      description: 'P95 of the calls of each model that succeed.',
      unit: 's',
      limits: inSeconds(modelLatencyMs),
      queries: [line(quantile(0.95, MODEL, callRates('bucket', RATE, { ...CHOSEN, 'error.type': '' })), ...MODEL)],
      needs: NO_CALLS,
      links: linksOfModel,
    }),
    timeSeries({
      title: 'Calls by model',
      description: 'Model calls per second, failed ones included.',
      unit: 'reqps',
      stacked: true,
      queries: [line(sumBy(MODEL, callRates('count', RATE, CHOSEN)), ...MODEL)],
      needs: NO_CALLS,
      links: linksOfModel,
    }),
    timeSeries({
      title: 'Failed calls by kind',
      description:
        'Calls per second that did not succeed, by `error.type`; calls that the application gave up are among them.',
      unit: 'reqps',
      stacked: true,
      queries: [
        line(
          sumBy(
            ['gen_ai.provider.name', 'error.type'],
            callRates('count', RATE, { ...CHOSEN, 'error.type': { not: '' } }),
          ),
          'gen_ai.provider.name',
          'error.type',
        ),
      ],
      needs: 'No call has failed.',
      links: linksToFailures,
    }),
    timeSeries({
      title: 'Share of failed calls',
      description: 'Errors and timeouts among the calls of each model, as the alerts count them.',
      unit: 'percentunit',
      limits: modelErrorRate,
      queries: [line(share(`(${failures})`, sumBy(MODEL, callRates('count', RATE, CHOSEN))), ...MODEL)],
      needs: NO_CALLS,
      links: linksOfModel,
    }),
    timeSeries({
      title: 'Calls in flight',
      description: 'Calls that have begun and not ended.',
      unit: 'short',
      stacked: true,
      queries: [line(sumBy(MODEL, series(catalogue.modelActive, undefined, CHOSEN)), ...MODEL)],
      needs: NO_CALLS,
      links: linksOfModel,
    }),
    heatmap({
      title: 'Spread of the calls',
      description: 'How many calls took how long.',
      unit: 's',
      width: 24,
      queries: [named('{{le}}', sumBy(['le'], callRates('bucket', RATE, CHOSEN)))],
      needs: NO_CALLS,
    }),
  ];
}

function streams({ firstChunkMs }: ResolvedConfig['thresholds']): Panel[] {
  const outputSpeed = rate(series(catalogue.modelOutputSpeed, 'bucket', CHOSEN), RATE);
  return [
    timeSeries({
      title: 'Time to the first chunk',
      description: 'From the request to the first streamed chunk. Lines: where the alerts begin.',
      unit: 's',
      limits: inSeconds(firstChunkMs),
      queries: percentiles(P50_P90_P99, firstChunkRates('bucket', RATE, CHOSEN)),
      needs: NO_STREAMS,
      links: linksToCalls,
    }),
    timeSeries({
      title: 'First chunk P95 by model',
      description: 'P95 of the time to the first chunk of each model.',
      unit: 's',
      limits: inSeconds(firstChunkMs),
      queries: [line(quantile(0.95, MODEL, firstChunkRates('bucket', RATE, CHOSEN)), ...MODEL)],
      needs: NO_STREAMS,
      links: linksOfModel,
    }),
    timeSeries({
      title: 'Output speed of a stream',
      description:
        'Output tokens per second after the first chunk. P10 is the slow end here: one stream in ten is slower.',
      unit: 'cps',
      queries: [...percentiles([0.1, 0.5, 0.9], outputSpeed)],
      needs: `${NO_STREAMS} The provider must tell its usage within the stream.`,
      links: linksToCalls,
    }),
    timeSeries({
      title: 'Time between two chunks',
      description: 'How steadily a stream flows: the time from one chunk to the next.',
      unit: 's',
      queries: percentiles(P50_P90_P99, chunkTimeRates('bucket', RATE, CHOSEN)),
      needs: NO_STREAMS,
    }),
    timeSeries({
      title: 'Longest gap in a stream',
      description: 'The longest silence between two chunks of one stream.',
      unit: 's',
      queries: percentiles(P50_P90_P99, rate(series(catalogue.modelStreamStall, 'bucket', CHOSEN), RATE)),
      needs: NO_STREAMS,
      links: linksToCalls,
    }),
  ];
}
