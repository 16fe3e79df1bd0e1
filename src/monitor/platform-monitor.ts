import { type EventBus, observeEventBus } from '../event-bus.ts';
import { drop, isObservedOutside, publish } from '../observe.ts';
import { Turns } from '../turns.ts';
import type { AggregatedStats } from './aggregated-stats.ts';
import type { PerformanceMonitorOptions } from './options.ts';
import { PerformanceMonitor } from './performance-monitor.ts';
import { type PlatformConfig, resolvePlatformConfig } from './platform-config.ts';
import { listenForPoints } from './point-stream.ts';
import { type GroupStats, METRIC_TYPE, type MetricPoint, type PointQuery, Points, type PointType } from './points.ts';
import { isCountable } from './sketch.ts';
import { listenToBus } from './stream.ts';
import { type TagsGiven, tagsOf } from './tags.ts';

/** What `createPerformanceMonitor` takes: the options of a monitor, and those of its points. */
export interface PlatformMonitorOptions extends PerformanceMonitorOptions {
  /** Shares the numbers and options of this monitor. @default one of its own */
  readonly monitor?: PerformanceMonitor;
  readonly config?: PlatformConfig;
  /** Jobs on this bus are recorded, as by `observeEventBus(eventBus)`. */
  readonly eventBus?: EventBus;
}

/** A monitor that also keeps points by type and tags, and logs their statistics from time to time. */
export class PlatformMonitor extends PerformanceMonitor {
  readonly #windowsMs: readonly number[];
  readonly #points: Points;
  readonly #stops: (() => void)[] = [];
  #isFlushing = false;

  constructor({ config, eventBus, monitor, ...options }: PlatformMonitorOptions) {
    const { ofMonitor, ofPoints } = resolvePlatformConfig(config);
    super(monitor === undefined ? { ...ofMonitor, ...options } : { monitor, ...ofMonitor, ...options });
    this.#windowsMs = ofPoints.aggregationWindowsMs;
    this.#points = new Points(this.core, ofPoints.maxBufferSize);
    const { enabled, observe } = this.core.options;
    if (!enabled) return;
    if (observe) this.#stops.push(listenForPoints(this.#points));
    if (eventBus !== undefined) {
      if (!observe) this.#stops.push(listenForPoints(this.#points, eventBus), listenToBus(this.core, eventBus));
      this.#stops.push(observeEventBus(eventBus));
    }
    const timer = setInterval(() => void this.#flushInTurns(), ofPoints.flushIntervalMs);
    // A number where there is no Node.
    (timer as { unref?: () => void }).unref?.();
    this.#stops.push(() => clearInterval(timer));
  }

  /** Records how long a call took, in milliseconds. */
  recordLatency(durationMs: number, tags?: TagsGiven): void {
    const { timeline, throughput } = this.core;
    if (this.#record(METRIC_TYPE.LATENCY, durationMs, tags)) throughput.requests.add(timeline.now(), 1);
  }

  /** Records the tokens per second of a call; one that took no time has none, which is counted. */
  recordThroughput(tokenCount: number, durationMs: number, tags?: TagsGiven): void {
    if (!isCountable(tokenCount) || !isCountable(durationMs) || durationMs === 0) return drop('invalid_value');
    const { timeline, throughput } = this.core;
    if (this.#record(METRIC_TYPE.TOKEN_THROUGHPUT, tokenCount / (durationMs / 1000), tags)) {
      throughput.tokens.add(timeline.now(), tokenCount);
    }
  }

  /** Records that a call failed. */
  recordError(tags?: TagsGiven): void {
    this.#record(METRIC_TYPE.ERROR_RATE, 1, tags);
  }

  /** Records how long a job ran, in milliseconds, and warns of a long one. */
  recordJobDuration(jobId: string, durationMs: number, tags?: TagsGiven): void {
    // Code without types may hand in anything; numbers are usual.
    const id = typeof jobId === 'object' || typeof jobId === 'function' ? 'unknown' : String(jobId);
    if (!this.#record(METRIC_TYPE.JOB_DURATION, durationMs, tags, id)) return;
    this.core.longRunning.judge(id, durationMs, tagsOf(tags));
  }

  /** A copy of the points since the last flush, from the oldest to the newest. */
  getBuffer(): MetricPoint[] {
    return this.#points.buffer.points();
  }

  /** Empties the buffer; the statistics of the windows keep its points. */
  clearBuffer(): void {
    this.#points.buffer.clear();
  }

  /** The statistics of one type of points over the last milliseconds; undefined where there were none. */
  getAggregatedStats(query: PointQuery): AggregatedStats | undefined {
    return this.#points.stats(query);
  }

  /**
   * Logs the statistics of every group and empties the buffer; nothing where it is empty already. Of a thousand groups it
   * takes tens of milliseconds at once; the flush from time to time takes them in turns.
   */
  flush(): void {
    if (this.#points.buffer.size > 0) this.#log([...this.#points.all(this.#windowsMs)]);
  }

  override clear(): void {
    super.clear();
    this.#points.clear();
  }

  override stop(): void {
    super.stop();
    for (const stop of this.#stops.splice(0)) stop();
  }

  #record(type: PointType, value: number, given: TagsGiven | undefined, jobId?: string): boolean {
    const { options } = this.core;
    if (!options.enabled) return false;
    const time = options.clock.unix();
    const tags = this.#points.add(type, value, time, given, jobId);
    if (tags === undefined) return false;
    if (isObservedOutside()) publish(Object.freeze({ kind: 'point', type, value, tags, time }));
    return true;
  }

  /** Thousands of groups take their time, which is not taken from the application at once. */
  async #flushInTurns(): Promise<void> {
    if (this.#isFlushing || this.#points.buffer.size === 0) return;
    this.#isFlushing = true;
    const stats: GroupStats[] = [];
    const turns = new Turns();
    for (const group of this.#points.all(this.#windowsMs)) {
      stats.push(group);
      if (turns.isOver()) await turns.next();
    }
    this.#isFlushing = false;
    this.#log(stats);
  }

  /** A logger that throws gets the same points again with the next flush. */
  #log(stats: GroupStats[]): void {
    if (!this.core.options.log.info('Performance Metrics Flushed', { stats })) return;
    const { buffer } = this.#points;
    if (buffer.overflowed > 0) drop('buffer_full', buffer.overflowed);
    buffer.overflowed = 0;
    buffer.clear();
  }
}

/** Creates a monitor of an AI platform: latency, tokens per second, errors and jobs by tags. */
export function createPerformanceMonitor(options: PlatformMonitorOptions = {}): PlatformMonitor {
  return new PlatformMonitor(options);
}
