import { catalogue, type InstrumentSpec } from '../src/catalogue/index.ts';

/** From where on something is worth a look, and from where on somebody has to get up. */
export interface Limits {
  readonly warning: number;
  readonly critical: number;
}

interface ThresholdSpec extends Limits {
  readonly meaning: string;
  /** The histograms that it is compared with: a percentile is exact only where a boundary is. */
  readonly of?: readonly InstrumentSpec[];
  /** Less is worse. */
  readonly falling?: true;
}

/** Every limit that alerts compare with and boards draw, by its name in the configuration, with its default. */
export const thresholds = {
  apiLatencyMs: {
    warning: 100,
    critical: 200,
    meaning: 'P95 of the requests of one route, in ms',
    of: [catalogue.httpServerRequestDuration],
  },
  dbQueryMs: {
    warning: 50,
    critical: 100,
    meaning: 'P95 of the queries of one operation, in ms',
    of: [catalogue.dbOperationDuration],
  },
  errorRate: { warning: 0.001, critical: 0.01, meaning: 'share of the requests of one service that fail with 5xx' },
  modelLatencyMs: {
    warning: 20_480,
    critical: 40_960,
    meaning: 'P95 of the successful calls of one model, in ms',
    of: [catalogue.operationDuration, catalogue.inferenceDuration, catalogue.embeddingsDuration],
  },
  firstChunkMs: {
    warning: 2560,
    critical: 10_240,
    meaning: 'P95 of the time to the first chunk of one model, in ms',
    of: [catalogue.operationTimeToFirstChunk, catalogue.inferenceTimeToFirstChunk],
  },
  modelErrorRate: { warning: 0.05, critical: 0.2, meaning: 'share of the calls of one model that fail' },
  throughputShare: {
    warning: 0.5,
    critical: 0.25,
    falling: true,
    meaning: 'output tokens per second of a call, as a share of what the model gave over the last 6 hours',
  },
  rateLimitShare: {
    warning: 0.1,
    critical: 0.02,
    falling: true,
    meaning: 'share of a rate limit of a provider that is left',
  },
  costPerHourUsd: { warning: 10, critical: 50, meaning: 'cost of the model calls of one service, in USD per hour' },
  jobAgeMs: { warning: 300_000, critical: 1_800_000, meaning: 'age of the oldest run of a job in progress, in ms' },
  queueWaitMs: {
    warning: 60_000,
    critical: 300_000,
    meaning: 'P95 of the time that the jobs of one queue wait, in ms',
    of: [catalogue.jobWaitTime],
  },
  jobFailureRate: { warning: 0.05, critical: 0.2, meaning: 'share of the runs of one job that fail' },
  budgetShare: {
    warning: 1,
    critical: 2,
    meaning: 'P95 of an operation, as a multiple of its budget',
  },
  eventLoopDelayMs: { warning: 100, critical: 500, meaning: 'P99 of the delay of the event loop, in ms' },
  queueFillShare: { warning: 0.5, critical: 0.8, meaning: 'share of a queue of the Collector that is taken' },
} as const satisfies Record<string, ThresholdSpec>;

export type ThresholdName = keyof typeof thresholds;
export type Thresholds = { readonly [Name in ThresholdName]: Limits };

/** All thresholds, by what a configuration says and else by default; a wrong name or number throws, naming it. */
export function resolveThresholds(given: { readonly [Name in ThresholdName]?: Partial<Limits> } = {}): Thresholds {
  const names = Object.keys(thresholds) as ThresholdName[];
  for (const name of Object.keys(given)) {
    if (!names.includes(name as ThresholdName)) {
      throw new TypeError(`gaugeway: unknown threshold "${name}"; the thresholds are ${names.join(', ')}`);
    }
  }
  return Object.fromEntries(names.map((name) => [name, resolveLimits(name, given[name])])) as unknown as Thresholds;
}

function resolveLimits(name: ThresholdName, given: Partial<Limits> = {}): Limits {
  const spec: ThresholdSpec = thresholds[name];
  const wrong = (problem: string) => new TypeError(`gaugeway: threshold "${name}" ${problem}`);
  if (typeof given !== 'object' || given === null) throw wrong('must be an object, as in { warning: 1, critical: 2 }');
  for (const key of Object.keys(given)) {
    if (key !== 'warning' && key !== 'critical') throw wrong(`has "warning" and "critical", not "${key}"`);
  }
  const { warning = spec.warning, critical = spec.critical } = given;
  for (const value of [warning, critical]) {
    if (!(Number.isFinite(value) && value > 0)) throw wrong(`must be numbers above 0, not ${value}`);
  }
  if (spec.falling ? warning <= critical : warning >= critical) {
    throw wrong(
      `warns at ${warning} and is critical at ${critical}: critical must be ${spec.falling ? 'below' : 'above'} warning`,
    );
  }
  return { warning, critical };
}
