import { drop, guarded } from '../observe.ts';
import { milliseconds } from '../parsers.ts';
import { CustomInstruments } from './custom-instruments.ts';
import { distributionOf, lastMs } from './distribution.ts';
import { type EventCollector, Events } from './events.ts';
import type { HistogramSnapshot } from './histogram.ts';
import { type LatencyStats, latencyStatsOf } from './latency-stats.ts';
import { PerformanceMonitor, type PerformanceMonitorSource } from './performance-monitor.ts';
import { isPossibleSample, ResourceMetrics, type ResourceSample } from './resource-metrics.ts';
import { sampleResources } from './resource-sampling.ts';
import { NO_TAGS, type TagsGiven, tagsOf } from './tags.ts';
import { Timer } from './timer.ts';
import { LONGEST_WINDOW_MS } from './windows.ts';

/** Everything a collector knows at one time. */
export interface PerformanceSummary {
  readonly counters: Readonly<Record<string, number>>;
  readonly gauges: Readonly<Record<string, number>>;
  readonly histograms: Readonly<Record<string, HistogramSnapshot>>;
  /** The latest sample. */
  readonly resources: ResourceMetrics | undefined;
  /** Unix milliseconds. */
  readonly collectedAt: number;
}

/** How resources are sampled. */
export interface ResourceSamplingOptions {
  /** @default 10000 */
  readonly intervalMs?: number;
}

/** A monitor with counters, gauges, histograms and resources, that hands each measurement to a collector of events. */
export class PerformanceCollector extends PerformanceMonitor {
  readonly #instruments = new CustomInstruments();
  readonly #events: Events;
  #stopSampling: () => void = () => undefined;

  constructor(eventCollector?: EventCollector, options?: PerformanceMonitorSource) {
    super(options);
    this.#events = new Events(eventCollector);
  }

  /** Starts a timer that records its name's timing when it is finished. */
  override startTimer(name?: string): Timer {
    const { clock } = this.core.options;
    return new Timer(clock, name, (measured) => this.recordTiming(measured.name, measured.value, measured.tags));
  }

  /** Records how long something took, in milliseconds, and observes the histogram of that name if there is one. */
  recordTiming(name: string, durationMs: number, tags?: TagsGiven): void {
    const { options } = this.core;
    if (!options.enabled) return;
    const timestamp = options.clock.unix();
    if (!this.core.record(name, durationMs, { tags, timestamp })) return;
    if (this.#instruments.histograms.has(name)) this.#instruments.observe(name, durationMs);
    this.#events.emit('response_latency', name, durationMs, 'ms', tagsOf(tags), timestamp);
  }

  /** Adds to a counter. */
  increment(name: string, by = 1): void {
    if (this.core.options.enabled) this.#instruments.increment(name, by);
  }

  /** 0 for a counter that is unknown. */
  getCounter(name: string): number {
    return this.#instruments.counters.get(name) ?? 0;
  }

  /** Sets a gauge. */
  gauge(name: string, value: number): void {
    const { enabled, clock } = this.core.options;
    if (!enabled || !this.#instruments.gauge(name, value)) return;
    const type = /cpu/i.test(name) ? 'cpu_usage' : 'memory_usage';
    this.#events.emit(type, name, value, '', NO_TAGS, clock.unix());
  }

  /** 0 for a gauge that is unknown. */
  getGauge(name: string): number {
    return this.#instruments.gauges.get(name) ?? 0;
  }

  /** Declares a histogram by its ascending upper boundaries. */
  registerHistogram(name: string, buckets: readonly number[]): void {
    this.#instruments.register(name, buckets);
  }

  /** Adds a value to a histogram; one that was not declared is counted and ignored. */
  observe(name: string, value: number): void {
    if (this.core.options.enabled) this.#instruments.observe(name, value);
  }

  /** Undefined for a histogram that was not declared. */
  getHistogram(name: string): HistogramSnapshot | undefined {
    return this.#instruments.histograms.get(name)?.snapshot();
  }

  /** The last hour of a timing or operation over all of its tags; undefined where there was none. */
  getLatencyStats(name: string): LatencyStats | undefined {
    const { operations, timeline } = this.core;
    const series = operations.get(name)?.series.all ?? [];
    const lastHour = distributionOf(series, lastMs(timeline.now(), LONGEST_WINDOW_MS));
    return lastHour.count === 0 ? undefined : latencyStatsOf(lastHour);
  }

  /** Keeps a sample of resources for an hour and judges it; one with impossible numbers is counted and left out. */
  recordResources(sample: ResourceSample): void {
    if (this.core.options.enabled) guarded('a monitor', () => this.#recordResources(sample));
  }

  #recordResources(sample: ResourceSample): void {
    const { options, resources, timeline } = this.core;
    if (!isPossibleSample(sample)) return drop('invalid_value');
    const metrics = new ResourceMetrics({ ...sample, timestamp: sample.timestamp ?? options.clock.unix() });
    resources.add(metrics, timeline.now());
    const { memoryUsedBytes, cpuUsagePercent, timestamp } = metrics;
    this.#events.emit('memory_usage', 'memory_used', memoryUsedBytes, 'bytes', NO_TAGS, timestamp);
    if (cpuUsagePercent === undefined) return;
    this.#events.emit('cpu_usage', 'cpu_usage', cpuUsagePercent, 'percent', NO_TAGS, timestamp);
  }

  /**
   * Records the resources of this process now and from time to time, never keeping it alive. Returns the function that
   * ends it; starting again takes the place of the one before. Does nothing on a runtime that is not Node.
   */
  startResourceSampling({ intervalMs = 10_000 }: ResourceSamplingOptions = {}): () => void {
    if (!milliseconds.accepts(intervalMs))
      throw new TypeError(`gaugeway: "intervalMs" must be ${milliseconds.expects}`);
    this.#stopSampling();
    if (!this.core.options.enabled) return () => undefined;
    this.#stopSampling = sampleResources(intervalMs, (sample) => this.recordResources(sample));
    return this.#stopSampling;
  }

  /** The resources of the last hour, at most 3600 samples, from the oldest to the newest. */
  getResourceHistory(): ResourceMetrics[] {
    return this.core.resources.history(this.core.timeline.now());
  }

  /** What a dashboard needs at one look. */
  getSummary(): PerformanceSummary {
    const { counters, gauges, histograms } = this.#instruments;
    return {
      // fromEntries defines `__proto__` as a key like any other.
      counters: Object.fromEntries(counters),
      gauges: Object.fromEntries(gauges),
      histograms: Object.fromEntries([...histograms].map(([name, histogram]) => [name, histogram.snapshot()])),
      resources: this.core.resources.latest,
      collectedAt: this.core.options.clock.unix(),
    };
  }

  override clear(): void {
    super.clear();
    this.#instruments.clear();
  }

  override stop(): void {
    this.#stopSampling();
    super.stop();
  }
}
