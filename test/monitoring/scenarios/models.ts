import { catalogue, type InstrumentSpec } from '../../../src/catalogue/index.ts';
import { asLabels, type Scenario } from './scenario.ts';
import { counter, type Events, gauge, histogram, type Series } from './timeline.ts';

const model = {
  job: 'gateway',
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o',
};
const labels = asLabels(model);
const answered = { ...model, 'gen_ai.response.model': 'gpt-4o-2024-08-06', 'server.address': 'api.openai.com' };

const limited = {
  job: model.job,
  'gen_ai.provider.name': model['gen_ai.provider.name'],
  'gen_ai.request.model': model['gen_ai.request.model'],
  'server.address': 'api.openai.com',
  'gaugeway.ratelimit.resource': 'tokens',
};

/** In which names the application tells of its calls. */
type Generation = 'v1.41' | 'latest' | 'both';
type Rows = readonly [older: InstrumentSpec, latest: InstrumentSpec];
const DURATION: Rows = [catalogue.operationDuration, catalogue.inferenceDuration];
const FIRST_CHUNK: Rows = [catalogue.operationTimeToFirstChunk, catalogue.inferenceTimeToFirstChunk];

const written = (generation: Generation, rows: Rows, of: (row: InstrumentSpec) => Series[]) =>
  rows.filter((_, index) => generation === 'both' || (generation === 'v1.41') === (index === 0)).flatMap(of);

const outputTokens = (generation: Generation, values: Events) => [
  ...(generation === 'latest'
    ? []
    : [counter(catalogue.tokenUsage, { ...answered, 'gen_ai.token.type': 'output' }, values, 'sum')]),
  ...(generation === 'v1.41'
    ? []
    : [counter(catalogue.usageOutputTokens, { ...answered, 'gen_ai.token.modality': 'unknown' }, values)]),
];

/** The alerts of model calls, for applications that write these names. */
export const models = (generation: Generation): Scenario[] => [
  {
    rules: ['HighModelLatency', 'CriticalModelLatency'],
    levels: { fine: 2, bad: 25, critical: 60 },
    series: (seconds, events) => written(generation, DURATION, (row) => histogram(row, answered, seconds, events)),
    labels,
    summary: 'gateway: gpt-4o at openai: P95 of a call is 39.94s',
    criticalSummary: 'gateway: gpt-4o at openai: P95 of a call is 1m 19s',
    minutes: 20,
    loneLevel: 80,
  },
  {
    rules: ['SlowFirstToken', 'CriticalFirstToken'],
    levels: { fine: 0.5, bad: 4, critical: 15 },
    series: (seconds, events) => written(generation, FIRST_CHUNK, (row) => histogram(row, answered, seconds, events)),
    labels,
    summary: 'gateway: gpt-4o at openai: P95 of the time to the first chunk is 4.992s',
    criticalSummary: 'gateway: gpt-4o at openai: P95 of the time to the first chunk is 19.97s',
    minutes: 20,
    loneLevel: 15,
  },
  {
    rules: ['TokenThroughputDrop', 'TokenThroughputCollapse'],
    levels: { fine: 0.9, bad: 0.4, critical: 0.1 },
    // Three hours as usual, then a share of it; each call takes two seconds and had 200 tokens.
    series(share, events) {
      const turn = Math.floor(events.length * 0.85);
      const tokens = events.map((count, index) => {
        const usual = events[Math.min(index, turn)] ?? 0;
        return 200 * (usual + (count - usual) * share);
      });
      return [
        ...written(generation, DURATION, (row) => histogram(row, answered, 2, events)),
        ...outputTokens(generation, tokens),
      ];
    },
    labels,
    summary: 'gateway: gpt-4o at openai: 43.96% of its usual output tokens per second',
    criticalSummary: 'gateway: gpt-4o at openai: 11.56% of its usual output tokens per second',
    minutes: 200,
    loneLevel: 0.1,
  },
  {
    rules: ['ModelErrorSpike', 'CriticalModelErrors'],
    levels: { fine: 0.01, bad: 0.1, critical: 0.4 },
    series: (share, events) => [
      ...written(generation, DURATION, (row) => [
        counter(row, { ...model, 'error.type': '429' }, scaled(events, share), 'count'),
        counter(row, answered, scaled(events, 1 - share), 'count'),
      ]),
      counter(catalogue.modelErrors, model, scaled(events, share)),
    ],
    labels,
    summary: 'gateway: gpt-4o at openai: 10% of the calls fail',
    criticalSummary: 'gateway: gpt-4o at openai: 40% of the calls fail',
    minutes: 15,
    loneLevel: 1,
  },
  {
    rules: ['RateLimitNear', 'RateLimitReached'],
    levels: { fine: 0.5, bad: 0.05, critical: 0.01 },
    series: (share, events) => [
      gauge(catalogue.modelRateLimitRemaining, limited, 10_000 * share, events.length),
      gauge(catalogue.modelRateLimitLimit, limited, 10_000, events.length),
    ],
    labels: asLabels({
      job: model.job,
      'gen_ai.provider.name': model['gen_ai.provider.name'],
      'gen_ai.request.model': model['gen_ai.request.model'],
      'gaugeway.ratelimit.resource': 'tokens',
    }),
    summary: 'gateway: gpt-4o at openai: 5% of its tokens are left',
    criticalSummary: 'gateway: gpt-4o at openai: 1% of its tokens are left',
    minutes: 10,
    loneLevel: undefined,
  },
  {
    rules: ['HighModelCost', 'CriticalModelCost'],
    levels: { fine: 0.001, bad: 0.005, critical: 0.05 },
    series: (dollars, events) => [counter(catalogue.modelCost, answered, scaled(events, dollars))],
    labels: { job: 'gateway' },
    summary: 'gateway has spent 18.00 USD on model calls in an hour',
    criticalSummary: 'gateway has spent 180.00 USD on model calls in an hour',
    minutes: 90,
    loneLevel: 2,
  },
];

const scaled = (events: Events, share: number): Events => events.map((count) => count * share);
