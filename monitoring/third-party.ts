import type { InstrumentSpec } from '../src/catalogue/index.ts';

const gauge = { kind: 'gauge', description: '', attributes: [] } as const;

/** Instruments of the packages that measure Node itself: what a board shows of them, as rows like our own. */
export const runtime = {
  eventLoopDelayP50: { ...gauge, name: 'nodejs.eventloop.delay.p50', unit: 's' },
  eventLoopDelayP90: { ...gauge, name: 'nodejs.eventloop.delay.p90', unit: 's' },
  eventLoopDelayP99: { ...gauge, name: 'nodejs.eventloop.delay.p99', unit: 's' },
  eventLoopUtilization: { ...gauge, name: 'nodejs.eventloop.utilization', unit: '1' },
  garbageCollection: {
    name: 'v8js.gc.duration',
    kind: 'histogram',
    unit: 's',
    description: '',
    attributes: ['v8js.gc.type'],
  },
  heapUsed: {
    ...gauge,
    kind: 'updown',
    name: 'v8js.memory.heap.used',
    unit: 'By',
    attributes: ['v8js.heap.space.name'],
  },
  heapSize: {
    ...gauge,
    kind: 'updown',
    name: 'v8js.memory.heap.space.size',
    unit: 'By',
    attributes: ['v8js.heap.space.name'],
  },
  activeResources: { ...gauge, name: 'v8js.resource.active', unit: '{resource}', attributes: ['v8js.resource.type'] },
} as const satisfies Record<string, InstrumentSpec>;

/** Series of the servers of the stack about themselves, as Prometheus scrapes them. */
export const servers = {
  up: 'up',
  processes: 'target_info',
  alerts: 'ALERTS',
  collectorAcceptedPoints: 'otelcol_receiver_accepted_metric_points_total',
  collectorAcceptedSpans: 'otelcol_receiver_accepted_spans_total',
  collectorRefusedPoints: 'otelcol_receiver_refused_metric_points_total',
  collectorRefusedSpans: 'otelcol_receiver_refused_spans_total',
  collectorSentPoints: 'otelcol_exporter_sent_metric_points_total',
  collectorSentSpans: 'otelcol_exporter_sent_spans_total',
  collectorFailedPoints: 'otelcol_exporter_send_failed_metric_points_total',
  collectorFailedSpans: 'otelcol_exporter_send_failed_spans_total',
  collectorUnqueuedPoints: 'otelcol_exporter_enqueue_failed_metric_points_total',
  collectorUnqueuedSpans: 'otelcol_exporter_enqueue_failed_spans_total',
  collectorQueueSize: 'otelcol_exporter_queue_size',
  collectorQueueCapacity: 'otelcol_exporter_queue_capacity',
  collectorMemory: 'otelcol_process_memory_rss_bytes',
  collectorUptime: 'otelcol_process_uptime_seconds_total',
  prometheusSeries: 'prometheus_tsdb_head_series',
  prometheusSamples: 'prometheus_tsdb_head_samples_appended_total',
  prometheusRuleFailures: 'prometheus_rule_evaluation_failures_total',
  prometheusNotificationErrors: 'prometheus_notifications_errors_total',
  alertmanagerFailures: 'alertmanager_notifications_failed_total',
} as const;
