import type { Core } from './core.ts';
import type { ModelFacts } from './model-facts.ts';
import { type OperationTiming, timingOf } from './operation-stats.ts';
import type { ResourceMetrics } from './resource-metrics.ts';

/** Something that could be done better, and the numbers that show it. */
export interface Recommendation {
  /** Names the rule. */
  readonly id: string;
  readonly title: string;
  readonly evidence: string;
  readonly severity: 'info' | 'warning' | 'critical';
  /** The operation or model that it is about. */
  readonly operation?: string;
}

/** A rule applies where it finds evidence. */
interface Rule<Facts> extends Omit<Recommendation, 'evidence' | 'operation'> {
  readonly evidence: (facts: Facts) => string | undefined;
}

interface OperationFacts extends OperationTiming {
  /** Milliseconds. */
  readonly slowMs: number;
  readonly errorRateLimit: number;
  /** How many of its runs were measured, each of which may stand for several. */
  readonly measured: number;
  /** Its part of the time of all operations, and how many there are. */
  readonly shareOfTime: number;
  readonly operations: number;
}

/** Less says nothing. */
const MIN_RUNS = 100;
const MIN_CALLS = 20;
/** Nobody minds a shorter tail. */
const FELT_MS = 10;
/** Shorter inputs are not cached by providers. */
const CACHEABLE_TOKENS = 1024;

const ms = (value: number): string => `${value.toPrecision(3)} ms`;
const percent = (share: number): string => `${(share * 100).toPrecision(3)} %`;

const ofOperations: readonly Rule<OperationFacts>[] = [
  {
    id: 'long_tail',
    title: 'A few runs take many times as long as most: look for locks, cold caches, retries and large inputs',
    severity: 'warning',
    evidence: ({ measured, count, p50, p99 }) =>
      measured >= MIN_RUNS && p50 > 0 && p99 >= Math.max(10 * p50, FELT_MS)
        ? `P99 ${ms(p99)} is ${(p99 / p50).toFixed(0)} times P50 ${ms(p50)} over ${count} runs`
        : undefined,
  },
  {
    id: 'usually_slow',
    title: 'Not an outlier but the rule: one run of twenty or more is slow',
    severity: 'warning',
    evidence: ({ measured, count, p95, slowMs }) =>
      measured >= MIN_RUNS && p95 > slowMs ? `P95 ${ms(p95)} is above ${ms(slowMs)} over ${count} runs` : undefined,
  },
  {
    id: 'fails_often',
    title: 'It fails often: see its error types before its speed',
    severity: 'critical',
    evidence: ({ measured, count, errorCount, errorRateLimit }) =>
      measured >= MIN_CALLS && errorCount / count > errorRateLimit
        ? `${errorCount} of ${count} runs failed, above ${percent(errorRateLimit)}`
        : undefined,
  },
  {
    id: 'takes_most_time',
    title: 'Most of the measured time goes here: what it gains, all gain',
    severity: 'info',
    evidence: ({ measured, operations, shareOfTime }) =>
      measured >= MIN_RUNS && operations >= 3 && shareOfTime > 0.5
        ? `${percent(shareOfTime)} of the time of ${operations} operations`
        : undefined,
  },
];

const ofModels: readonly Rule<ModelFacts>[] = [
  {
    id: 'retry_storm',
    title: 'Many attempts are retries: lower the rate of requests, lengthen the backoff, or ask for a higher limit',
    severity: 'critical',
    evidence: ({ attempts, retries }) =>
      attempts >= MIN_CALLS && retries / attempts >= 0.2
        ? `${retries} of ${attempts} attempts were retries`
        : undefined,
  },
  {
    id: 'prompt_cache_unused',
    title: 'Long inputs are never read from the cache: put what is the same in every prompt first',
    severity: 'info',
    evidence: ({ cacheable, input, cacheRead }) =>
      cacheable >= MIN_CALLS && input / cacheable >= CACHEABLE_TOKENS && cacheRead / input < 0.01
        ? `${percent(cacheRead / input)} of ${input} input tokens came from the cache, over ${cacheable} calls`
        : undefined,
  },
  {
    id: 'rate_limit_near',
    title: 'A rate limit is nearly used up: spread the requests, or ask for a higher limit',
    severity: 'warning',
    evidence: ({ headroom, headroomOf }) =>
      headroom < 0.1 ? `${percent(headroom)} of its limit of ${headroomOf} was left` : undefined,
  },
  {
    id: 'answers_cut',
    title: 'Answers end at the limit of output tokens: raise it, or ask for shorter answers',
    severity: 'warning',
    evidence: ({ calls, cut }) =>
      calls >= MIN_CALLS && cut / calls >= 0.05 ? `${cut} of ${calls} answers were cut` : undefined,
  },
];

interface ProcessFacts {
  /** Share of the time that the event loop was busy; undefined where nobody knows. */
  readonly utilization: number | undefined;
  readonly resources: ResourceMetrics | undefined;
}

const ofProcess: readonly Rule<ProcessFacts>[] = [
  {
    id: 'event_loop_saturated',
    title: 'The event loop has no time left: move computation to workers, or run more processes',
    severity: 'critical',
    evidence: ({ utilization }) =>
      utilization !== undefined && utilization > 0.9 ? `It was busy ${percent(utilization)} of the time` : undefined,
  },
  {
    id: 'memory_nearly_full',
    title: 'Memory is nearly used up: look for growth, or raise the limit',
    severity: 'warning',
    evidence: ({ resources }) =>
      resources !== undefined && resources.memoryUtilization() > 0.8
        ? `${percent(resources.memoryUtilization())} of ${resources.memoryTotalBytes} bytes are used`
        : undefined,
  },
];

/** What the numbers of a monitor advise, operations first. */
export function recommendationsOf(core: Core): Recommendation[] {
  const timings = core.operations.all().map((operation) => ({ operation, timing: timingOf(operation) }));
  const totalTime = timings.reduce((sum, { timing }) => sum + timing.avgDuration * timing.count, 0);
  const limits = { slowMs: core.slowThresholdMs, errorRateLimit: core.options.errorRateThreshold };
  const found = timings.flatMap(({ operation: { name, weight }, timing }) => {
    const shareOfTime = totalTime === 0 ? 0 : (timing.avgDuration * timing.count) / totalTime;
    return apply(
      ofOperations,
      { ...timing, ...limits, measured: timing.count / weight, shareOfTime, operations: timings.length },
      name,
    );
  });
  for (const [model, facts] of core.models.all(core.timeline.now())) found.push(...apply(ofModels, facts, model));
  const process = { utilization: core.eventLoop.utilization(), resources: core.resources.latest };
  return [...found, ...apply(ofProcess, process)];
}

function apply<Facts>(rules: readonly Rule<Facts>[], facts: Facts, operation?: string): Recommendation[] {
  return rules.flatMap(({ evidence: find, ...rule }) => {
    const evidence = find(facts);
    if (evidence === undefined) return [];
    return [{ ...rule, evidence, ...(operation === undefined ? {} : { operation }) }];
  });
}
