export type { Recommendation } from './advice.ts';
export type { AggregatedStats } from './aggregated-stats.ts';
export type { AnomalyType, OnAnomaly, PerformanceAnomaly } from './anomalies.ts';
export type { Bottleneck, Bottlenecks, ErrorGroup } from './bottlenecks.ts';
export {
  type BudgetAlertRule,
  type BudgetCheckOptions,
  type BudgetViolation,
  PerformanceBudgetMonitor,
} from './budgets.ts';
export type { Clock } from './clock.ts';
export type { RecordDetails } from './core.ts';
export { useDefaultMonitor } from './default-monitor.ts';
export type { EventCollector, PerformanceEvent, PerformanceEventType } from './events.ts';
export type { Histogram, HistogramSnapshot } from './histogram.ts';
export type { LatencyStats } from './latency-stats.ts';
export type { Limits } from './limits.ts';
export type { Logger } from './log.ts';
export type { LongRunningJob, OnLongRunningJob } from './long-running.ts';
export type { RecordedMeasurement } from './measurements.ts';
export type { MemoryMetrics } from './memory.ts';
export type { Metadata } from './metadata.ts';
export type { OperationTiming } from './operation-stats.ts';
export type { ErrorReporter, PerformanceMonitorOptions, PlatformContext } from './options.ts';
export {
  PerformanceCollector,
  type PerformanceSummary,
  type ResourceSamplingOptions,
} from './performance-collector.ts';
export { PerformanceMonitor, type PerformanceMonitorSource } from './performance-monitor.ts';
export { AGGREGATION_WINDOW, type PlatformConfig } from './platform-config.ts';
export { createPerformanceMonitor, type PlatformMonitor, type PlatformMonitorOptions } from './platform-monitor.ts';
export { type GroupStats, METRIC_TYPE, type MetricPoint, type PointQuery, type PointType } from './points.ts';
export { ResourceMetrics, type ResourceSample } from './resource-metrics.ts';
export type { MonitorScope } from './scope.ts';
export type { SlowOperation } from './slow-operations.ts';
export type { MetricStore, StoredMeasurement } from './store.ts';
export type { Tags, TagsGiven } from './tags.ts';
export type { Outcome } from './tally.ts';
export type { ThroughputStats } from './throughput.ts';
export type { TimedOperation } from './timed.ts';
export type { Measurement, MetricType, Timer } from './timer.ts';
export {
  TrackPerformance,
  type TrackPerformanceDecorator,
  type TrackPerformanceOptions,
} from './track-performance.ts';
export type { Change, OperationTrend } from './trend.ts';
