import { servers } from '../../../monitoring/third-party.ts';
import { catalogue } from '../../../src/catalogue/index.ts';
import type { Scenario } from './scenario.ts';
import { counter, type Events, gauge, type Series } from './timeline.ts';

const ofServer = (name: string, labels: Record<string, string>, values: Series['values'], isGauge = false): Series => ({
  name,
  labels,
  values,
  isGauge,
});
const flat = (value: number, { length }: Events) => Array.from({ length }, () => value);
const hook = { job: 'gateway', 'gaugeway.hook.name': 'wire' };
const collector = { job: 'otel-collector', instance: 'otel-collector:8888' };
const exporter = { ...collector, exporter: 'otlp_http/prometheus' };

const dropped = (reason: string, share: number, events: Events) =>
  counter(
    catalogue.selfDropped,
    { job: 'gateway', 'gaugeway.drop.reason': reason },
    events.map((count) => Math.floor(count * share)),
  );

export const telemetry: Scenario[] = [
  {
    rules: ['TelemetryMissing'],
    // 1: it reports to the end; 0: it stops in the middle.
    levels: { fine: 1, bad: 0 },
    series(level, events) {
      const reports = gauge(catalogue.selfHooks, { ...hook, 'gaugeway.hook.state': 'active' }, 1, events.length);
      if (level === 1) return [reports];
      return [{ ...reports, values: reports.values.map((value, at) => (at < events.length / 2 ? value : undefined)) }];
    },
    labels: { job: 'gateway' },
    summary: 'gateway reports nothing any more',
    minutes: 40,
    loneLevel: undefined,
  },
  {
    rules: ['CardinalityOverflow'],
    levels: { fine: 0, bad: 1 },
    series: (share, events) => [dropped('series_limit', share, events)],
    labels: { job: 'gateway' },
    summary: 'gateway has more series than are kept',
    minutes: 15,
    loneLevel: undefined,
  },
  {
    rules: ['MeasurementsDropped'],
    levels: { fine: 0.01, bad: 0.5 },
    series: (share, events) => [dropped('malformed_body', share, events)],
    labels: { job: 'gateway', gaugeway_drop_reason: 'malformed_body' },
    summary: 'gateway left out 450 measurements (malformed_body)',
    minutes: 30,
    loneLevel: 1,
  },
  {
    rules: ['HookRefused'],
    levels: { fine: 0, bad: 1 },
    series: (level, events) => [
      gauge(catalogue.selfHooks, { ...hook, 'gaugeway.hook.state': 'refused' }, level, events.length),
    ],
    labels: { job: 'gateway', gaugeway_hook_name: 'wire' },
    summary: 'gateway: wire does not fit and is not measured',
    minutes: 15,
    loneLevel: undefined,
  },
  {
    rules: ['CollectorDown'],
    levels: { fine: 1, bad: 0 },
    series: (level, events) => [ofServer(servers.up, collector, flat(level, events), true)],
    labels: collector,
    summary: 'The Collector otel-collector:8888 does not answer',
    minutes: 5,
    loneLevel: undefined,
  },
  {
    rules: ['CollectorLosesData'],
    levels: { fine: 0, bad: 1 },
    series: (share, events) => [
      ofServer(
        servers.collectorFailedPoints,
        exporter,
        events.map((count) => count * share),
      ),
      ofServer(servers.collectorUnqueuedSpans, exporter, flat(0, events)),
    ],
    labels: { exporter: 'otlp_http/prometheus' },
    summary: 'The Collector loses what it should send to otlp_http/prometheus',
    minutes: 15,
    // A single refusal lies in the window for less than it has to last.
    loneLevel: 1,
  },
  {
    rules: ['CollectorExportStalls'],
    // Items sent for each that waits.
    levels: { fine: 1, bad: 0 },
    series: (share, events) => [
      ofServer(servers.collectorQueueSize, exporter, flat(500, events), true),
      ofServer(
        servers.collectorSentPoints,
        exporter,
        events.map((count) => count * share),
      ),
    ],
    labels: { exporter: 'otlp_http/prometheus' },
    summary: 'The Collector sends nothing to otlp_http/prometheus, and its queue grows',
    minutes: 20,
    loneLevel: undefined,
  },
  {
    rules: ['CollectorQueueGrows', 'CollectorQueueFull'],
    levels: { fine: 0.2, bad: 0.6, critical: 0.9 },
    series: (share, events) => [
      ofServer(servers.collectorQueueSize, exporter, flat(1000 * share, events), true),
      ofServer(servers.collectorQueueCapacity, exporter, flat(1000, events), true),
      ofServer(servers.collectorSentPoints, exporter, [...events]),
    ],
    labels: { exporter: 'otlp_http/prometheus' },
    summary: 'The queue for otlp_http/prometheus is 60% full',
    criticalSummary: 'The queue for otlp_http/prometheus is 90% full',
    minutes: 20,
    loneLevel: undefined,
  },
  {
    rules: ['CollectorRefuses'],
    levels: { fine: 0, bad: 1 },
    series: (share, events) => [
      ofServer(
        servers.collectorRefusedSpans,
        { ...collector, receiver: 'otlp' },
        events.map((count) => count * share),
      ),
    ],
    labels: { receiver: 'otlp' },
    summary: 'The Collector refuses what services send to otlp',
    minutes: 15,
    loneLevel: 1,
  },
  {
    rules: ['AlertsNotDelivered'],
    levels: { fine: 0, bad: 1 },
    series: (share, events) => [
      ofServer(
        servers.alertmanagerFailures,
        { job: 'alertmanager', integration: 'slack', reason: 'clientError' },
        events.map((count) => count * share),
      ),
    ],
    labels: { integration: 'slack' },
    summary: 'Alerts do not reach slack',
    minutes: 15,
    loneLevel: undefined,
  },
  {
    rules: ['RulesFail'],
    levels: { fine: 0, bad: 1 },
    series: (share, events) => [
      ofServer(
        servers.prometheusRuleFailures,
        { job: 'prometheus', rule_group: 'alert-rules.yml;api' },
        events.map((count) => count * share),
      ),
    ],
    labels: { rule_group: 'alert-rules.yml;api' },
    summary: 'Rules of alert-rules.yml;api cannot be evaluated',
    minutes: 15,
    loneLevel: undefined,
  },
];
