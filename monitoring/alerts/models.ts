import { catalogue } from '../../src/catalogue/index.ts';
import type { ResolvedConfig } from '../config.ts';
import {
  callGrowth,
  callIncrease,
  callRates,
  firstChunkIncrease,
  firstChunkRates,
  rateLimitLeft,
  tokenRates,
} from '../model-calls.ts';
import { either, growth, type LabelKey, quantile, series, sumBy } from '../promql.ts';
import { type Alert, pair, seconds, withTraffic } from './alert.ts';

const MODEL: LabelKey[] = ['job', 'gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model'];
const NAMED = '{{ $labels.job }}: {{ $labels.gen_ai_request_model }} at {{ $labels.gen_ai_provider_name }}';
const TRACES = 'resource.service.name = "<job>" && span.gen_ai.request.model = "<gen_ai_request_model>"';
const SUCCEEDED = { 'error.type': '' } as const;

/** Model calls; each expression reads both generations of the GenAI names. */
export function modelAlerts(config: ResolvedConfig): Alert[] {
  return [...latency(config), ...throughput(config), ...errors(config), ...rateLimits(config), ...cost(config)];
}

function latency({ thresholds, minimumTraffic }: ResolvedConfig): Alert[] {
  return [
    ...pair(['HighModelLatency', 'CriticalModelLatency'], ['5m', '5m'], thresholds.modelLatencyMs, {
      subject: 'model-latency',
      by: MODEL,
      expression: (limit, name) =>
        withTraffic(
          `${quantile(0.95, MODEL, callRates('bucket', '10m', SUCCEEDED))} > ${seconds(limit)}`,
          MODEL,
          callIncrease('10m', SUCCEEDED),
          minimumTraffic(name),
        ),
      summary: `${NAMED}: P95 of a call is {{ $value | humanizeDuration }}`,
      description: 'Calls that succeed take too long, from the request to the last byte.',
      panel: { board: 'models', title: 'Duration of a call' },
      traces: `{ ${TRACES} && duration > ${thresholds.modelLatencyMs.warning}ms }`,
      steps: [
        'Is the first chunk late as well (SlowFirstToken)? Then the provider is slow to begin; look at its status page.',
        'Is it the answers that have grown? See "Tokens of a call": more output tokens take longer at the same speed.',
        'Look at retries and time lost in backoff: an operation of three attempts lasts as long as all of them.',
        'Route to another model or provider, lower the limit of output tokens, or stream to the user.',
      ],
    }),
    ...pair(['SlowFirstToken', 'CriticalFirstToken'], ['5m', '5m'], thresholds.firstChunkMs, {
      subject: 'model-first-chunk',
      by: MODEL,
      expression: (limit, name) =>
        withTraffic(
          `${quantile(0.95, MODEL, firstChunkRates('bucket', '10m'))} > ${seconds(limit)}`,
          MODEL,
          firstChunkIncrease('10m'),
          minimumTraffic(name),
        ),
      summary: `${NAMED}: P95 of the time to the first chunk is {{ $value | humanizeDuration }}`,
      description: 'Users look at an empty answer for longer than they will accept.',
      panel: { board: 'models', title: 'Time to the first chunk' },
      traces: `{ ${TRACES} && span.gen_ai.request.stream = true }`,
      steps: [
        'One provider or all? All: look at our own side, the event loop and the network.',
        'Have the prompts grown? More input tokens, or fewer read from the cache, begin later.',
        'Near a rate limit providers queue requests: see "Rate limit left".',
        'Route streams to another model or provider until it is over.',
      ],
    }),
  ];
}

function throughput({ thresholds, minimumTraffic }: ResolvedConfig): Alert[] {
  const speed = (range: string) =>
    `${sumBy(MODEL, tokenRates('output', range))} / ${sumBy(MODEL, callRates('sum', range, SUCCEEDED))}`;
  return pair(['TokenThroughputDrop', 'TokenThroughputCollapse'], ['5m', '5m'], thresholds.throughputShare, {
    subject: 'model-throughput',
    by: MODEL,
    expression: (limit, name) =>
      withTraffic(
        `(${speed('10m')}) / (${speed('6h')}) < ${limit}`,
        MODEL,
        callIncrease('10m', SUCCEEDED),
        minimumTraffic(name),
      ),
    summary: `${NAMED}: {{ $value | humanizePercentage }} of its usual output tokens per second`,
    description: 'A call yields far fewer tokens per second than it did over the last six hours.',
    panel: { board: 'models', title: 'Output tokens per second of a call' },
    traces: `{ ${TRACES} }`,
    steps: [
      'Has the kind of calls changed? Short answers have fewer tokens per second, because the start counts as much.',
      'Look at "Longest gap in a stream": long gaps are the provider, or the network between.',
      'Is the model another one? Providers move names to new versions: compare the model that answered.',
      'Route to another model or provider, and tell the provider.',
    ],
  });
}

function errors({ thresholds, minimumTraffic }: ResolvedConfig): Alert[] {
  // The counter is there at 0 before the first error. Emitters other than gaugeway lack it: then failed durations count.
  const failed = either(
    sumBy(MODEL, growth(series(catalogue.modelErrors), '5m')),
    sumBy(MODEL, callGrowth('count', '5m', { 'error.type': { not: '' } })),
  );
  return pair(['ModelErrorSpike', 'CriticalModelErrors'], ['2m', '2m'], thresholds.modelErrorRate, {
    subject: 'model-errors',
    by: MODEL,
    expression: (limit, name) =>
      withTraffic(
        `(${failed}) / ${sumBy(MODEL, callGrowth('count', '5m'))} > ${limit}`,
        MODEL,
        callGrowth('count', '5m'),
        minimumTraffic(name),
      ),
    summary: `${NAMED}: {{ $value | humanizePercentage }} of the calls fail`,
    description: 'Calls fail after all their retries: what depends on them fails, or falls back.',
    panel: { board: 'models', title: 'Failed calls by kind' },
    traces: `{ ${TRACES} && status = error }`,
    steps: [
      'Which `error.type`? 429 and rate_limit_exceeded: slow down or ask for more. 5xx and overloaded: the provider.',
      '401 or 403: a key was revoked or has run out of credit.',
      'timeout, ECONNREFUSED, ENOTFOUND: the network, or our own time limit.',
      'incomplete_stream: the connection was cut within an answer, often by a proxy between.',
      'Route to another model or provider until it is over.',
    ],
  });
}

function rateLimits({ thresholds }: ResolvedConfig): Alert[] {
  const by: LabelKey[] = ['job', 'gen_ai.provider.name', 'gen_ai.request.model', 'gaugeway.ratelimit.resource'];
  return pair(['RateLimitNear', 'RateLimitReached'], ['2m', '1m'], thresholds.rateLimitShare, {
    subject: 'rate-limit',
    by,
    expression: (limit) => `${rateLimitLeft(by)} < ${limit}`,
    summary: `${NAMED}: {{ $value | humanizePercentage }} of its {{ $labels.gaugeway_ratelimit_resource }} are left`,
    description: 'The provider will soon refuse calls with 429: they are retried, which takes time, or they fail.',
    panel: { board: 'models', title: 'Rate limit left' },
    traces: `{ ${TRACES} && span.error.type = "rate_limit_exceeded" }`,
    steps: [
      'Requests or tokens? For tokens look at "Tokens of a call": longer prompts use up the limit with no more calls.',
      'Which service asks so much? A loop of an agent or a job that is retried without an end shows on their boards.',
      'Spread the load: a queue with fewer workers, another model or another provider, requests in a batch.',
      'Ask the provider for a higher limit, with the figures of the board.',
    ],
  });
}

function cost({ thresholds }: ResolvedConfig): Alert[] {
  return pair(['HighModelCost', 'CriticalModelCost'], ['5m', '5m'], thresholds.costPerHourUsd, {
    subject: 'model-cost',
    by: ['job'],
    // Money needs no minimum of traffic: one call can cost as much as a thousand.
    expression: (limit) => `${sumBy(['job'], growth(series(catalogue.modelCost), '1h'))} > ${limit}`,
    summary: '{{ $labels.job }} has spent {{ $value | printf "%.2f" }} USD on model calls in an hour',
    description: 'The service spends more than was agreed. Set `costPerHourUsd` to what is usual for you.',
    panel: { board: 'models', title: 'Cost per hour by model' },
    traces: '{ resource.service.name = "<job>" && span.gen_ai.usage.input_tokens > 50000 }',
    steps: [
      'Which model, and is it more calls or larger ones? "Calls by model" and "Tokens of a call" show it.',
      'A loop of an agent, or retries without an end? See the steps of the jobs and "Retries".',
      'Has the share of input read from the cache fallen? A changed prompt prefix is read anew.',
      'Set a limit at the provider until the reason is known.',
    ],
  });
}
