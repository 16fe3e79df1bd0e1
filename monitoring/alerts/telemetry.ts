import { catalogue } from '../../src/catalogue/index.ts';
import type { ResolvedConfig } from '../config.ts';
import { growth, increase, label, rate, series, serverSeries, sumBy } from '../promql.ts';
import { servers } from '../third-party.ts';
import type { Alert } from './alert.ts';
import { pair } from './alert.ts';

const { selfDropped, selfHooks } = catalogue;
const COLLECTOR = { job: 'otel-collector' };
const NO_TRACES = '{ resource.service.name = "<job>" }';

/** Whether what all the other alerts read is there: services, Collector, Prometheus, Alertmanager. */
export function telemetryAlerts(config: ResolvedConfig): Alert[] {
  return [...applications(config), ...collector(config), ...delivery()];
}

function applications({ expectedServices }: ResolvedConfig): Alert[] {
  const hooks = `group by (job) (${series(selfHooks)})`;
  const missing: Omit<Alert, 'expression'> = {
    name: 'TelemetryMissing',
    subject: 'telemetry-missing',
    by: ['job'],
    severity: 'critical',
    for: '5m',
    summary: '{{ $labels.job }} reports nothing any more',
    description: 'No metric of this service arrives. Until it does, none of its alerts can fire.',
    panel: { board: 'telemetry', title: 'Services that report' },
    traces: NO_TRACES,
    steps: [
      'Does the service run? One that was taken away for good falls silent by itself after an hour.',
      'Does it still reach the Collector? Its stderr names the address and the reason when it does not.',
      'Do other services arrive? If none does, go on with CollectorDown.',
      'With a scraped service: see its target at http://localhost:9090/targets.',
    ],
  };
  return [
    {
      ...missing,
      expression: `group by (job) (last_over_time(${series(selfHooks)}[1h] offset 5m)) unless ${hooks}`,
    },
    ...expectedServices.map((service) => ({
      ...missing,
      expression: `absent(${series(selfHooks, undefined, { job: service })})`,
    })),
    {
      name: 'CardinalityOverflow',
      subject: 'cardinality',
      by: ['job'],
      severity: 'warning',
      expression: [
        `${sumBy(['job'], growth(series(selfDropped, undefined, { 'gaugeway.drop.reason': 'series_limit' }), '15m'))} > 0`,
        'count by (job) ({otel_metric_overflow="true"}) > 0',
      ].join('\nor\n'),
      for: '5m',
      summary: '{{ $labels.job }} has more series than are kept',
      description:
        'An attribute has too many values. Totals stay right, but what is beyond the limit is summed up as "other": filters and alerts by that attribute see too little.',
      panel: { board: 'telemetry', title: 'Left out by reason' },
      traces: NO_TRACES,
      steps: [
        'Which attribute grows? `topk(10, count by (__name__) ({job="<job>"}))`, then `count by (<label>)` on that metric.',
        'An id, a URL or a message as a name of a job, model, route or operation? Use its template.',
        'Honest growth: raise GAUGEWAY_MAX_ATTRIBUTE_VALUES, and the memory of Prometheus with it.',
      ],
    },
    {
      name: 'MeasurementsDropped',
      subject: 'measurements-dropped',
      by: ['job', 'gaugeway.drop.reason'],
      severity: 'warning',
      expression: `${sumBy(['job', 'gaugeway.drop.reason'], growth(series(selfDropped, undefined, { 'gaugeway.drop.reason': { not: 'series_limit' } }), '15m'))} >= 20`,
      for: '5m',
      summary: `{{ $labels.job }} left out {{ $value | humanize }} measurements ({{ $labels.${label('gaugeway.drop.reason')} }})`,
      description: 'Something is not in the numbers because it was invalid or could not be read.',
      panel: { board: 'telemetry', title: 'Left out by reason' },
      traces: NO_TRACES,
      steps: [
        'The reason says which: docs/metrics.md names them at `gaugeway.self.dropped`.',
        '`malformed_body`, `undecodable_body`: a provider or proxy answers in a form that is not known.',
        '`hook_failed`, `listener_failed`: the service says more on stderr; please report it.',
      ],
    },
    {
      name: 'HookRefused',
      subject: 'hook-refused',
      by: ['job', 'gaugeway.hook.name'],
      severity: 'warning',
      expression: `max by (job, ${label('gaugeway.hook.name')}) (${series(selfHooks, undefined, { 'gaugeway.hook.state': 'refused' })}) > 0`,
      for: '10m',
      summary: `{{ $labels.job }}: {{ $labels.${label('gaugeway.hook.name')} }} does not fit and is not measured`,
      description: 'A library was found in a version or form that the hook does not know, so it is left alone.',
      panel: { board: 'telemetry', title: 'Hooks' },
      traces: NO_TRACES,
      steps: [
        'Compare the version of the library with the table in the README.',
        'Update gaugeway, or keep the library at a version that is known, or record through the explicit API.',
      ],
    },
  ];
}

function collector({ thresholds }: ResolvedConfig): Alert[] {
  const by = 'sum by (exporter)';
  const lost = [
    servers.collectorFailedPoints,
    servers.collectorFailedSpans,
    servers.collectorUnqueuedPoints,
    servers.collectorUnqueuedSpans,
  ].map((name) => `${by} (${rate(serverSeries(name), '5m')}) > 0`);
  const sent = [servers.collectorSentPoints, servers.collectorSentSpans].map(
    (name) => `${by} (${rate(serverSeries(name), '10m')}) > 0`,
  );
  const refused = [servers.collectorRefusedPoints, servers.collectorRefusedSpans].map(
    (name) => `sum by (receiver) (${rate(serverSeries(name), '5m')}) > 0`,
  );
  const shared = { panel: { board: 'telemetry', title: 'Queues of the Collector' }, traces: NO_TRACES } as const;
  return [
    {
      name: 'CollectorDown',
      subject: 'collector-down',
      by: [],
      severity: 'critical',
      expression: `${serverSeries(servers.up, COLLECTOR)} == 0`,
      for: '2m',
      summary: 'The Collector {{ $labels.instance }} does not answer',
      description:
        'No telemetry arrives. Metrics of services that live on are complete again after it is back; traces are not.',
      panel: { board: 'telemetry', title: 'Servers that answer' },
      traces: NO_TRACES,
      steps: [
        'Is the process there (`docker compose ps`), and why did it end (`docker compose logs otel-collector`)?',
        'Out of memory: raise `mem_limit` and GOMEMLIMIT together.',
        'A wrong configuration: `otelcol validate --config=collector-config.yaml` names the line.',
      ],
    },
    {
      ...shared,
      name: 'CollectorLosesData',
      subject: 'collector-loss',
      by: [],
      severity: 'critical',
      expression: lost.join('\nor\n'),
      for: '5m',
      summary: 'The Collector loses what it should send to {{ $labels.exporter }}',
      description: 'The backend refuses for good, or the queue is full: what is lost now does not come back.',
      steps: [
        'See the log of the Collector for the answer of the backend.',
        'Refused for good: a wrong token, a wrong address, or points that are too old or too large.',
        'A full queue: the backend is too slow or away; see whether it answers, and how full its disk is.',
      ],
    },
    {
      ...shared,
      name: 'CollectorExportStalls',
      subject: 'collector-stall',
      by: [],
      severity: 'critical',
      expression: `${by} (${serverSeries(servers.collectorQueueSize)}) > 0\nunless (${sent.join(' or ')})`,
      for: '10m',
      summary: 'The Collector sends nothing to {{ $labels.exporter }}, and its queue grows',
      description:
        'A backend does not take anything. It waits on disk until the queue is full, and is lost after that.',
      steps: [
        'Does the backend answer: Prometheus at 9090, Tempo at 3200, Jaeger at 16686?',
        'A backend that is not meant to be there: take it out of TRACE_EXPORTERS.',
        'See how long the queue will last on the panel.',
      ],
    },
    ...pair(['CollectorQueueGrows', 'CollectorQueueFull'], ['10m', '5m'], thresholds.queueFillShare, {
      ...shared,
      subject: 'collector-queue',
      by: [],
      expression: (limit) =>
        `max by (exporter) (${serverSeries(servers.collectorQueueSize)} / ${serverSeries(servers.collectorQueueCapacity)}) > ${limit}`,
      summary: 'The queue for {{ $labels.exporter }} is {{ $value | humanizePercentage }} full',
      description: 'More comes in than the backend takes. A full queue loses what comes next.',
      steps: [
        'Is the backend slow, or does more arrive than usual? Both are on the board.',
        'A backend that is slow: memory, disk, or too many series.',
        'More consumers for traces; for metrics one consumer keeps the order, so the backend itself must be faster.',
      ],
    }),
    {
      ...shared,
      name: 'CollectorRefuses',
      subject: 'collector-refusal',
      by: [],
      severity: 'warning',
      expression: refused.join('\nor\n'),
      for: '5m',
      summary: 'The Collector refuses what services send to {{ $labels.receiver }}',
      description: 'Its memory limit is reached: senders keep what they can and lose the rest.',
      panel: { board: 'telemetry', title: 'Taken and refused by the Collector' },
      steps: [
        'Raise `mem_limit` and GOMEMLIMIT together, or start a second Collector.',
        'Which service sends so much? `topk(5, sum by (job) (rate({__name__=~"gen_ai_.*_count|http_.*_count"}[5m])))`.',
      ],
    },
  ];
}

function delivery(): Alert[] {
  const failed = [
    `sum by (integration) (${increase(serverSeries(servers.alertmanagerFailures), '10m')}) > 0`,
    `sum by (alertmanager) (${increase(serverSeries(servers.prometheusNotificationErrors), '10m')}) > 0`,
  ];
  return [
    {
      name: 'AlertsNotDelivered',
      subject: 'alert-delivery',
      by: [],
      severity: 'critical',
      expression: failed.join('\nor\n'),
      for: '5m',
      summary: 'Alerts do not reach {{ or $labels.integration "the Alertmanager" }}',
      description: 'Somebody should have been told of something, and was not.',
      panel: { board: 'telemetry', title: 'Alerts that were not delivered' },
      traces: NO_TRACES,
      steps: [
        'See http://localhost:9093 for what fires now.',
        'The log of the Alertmanager names the receiver and its answer: an address, a token, a limit.',
        'Try a receiver with `amtool alert add test severity=warning --alertmanager.url=http://localhost:9093`.',
      ],
    },
    {
      name: 'RulesFail',
      subject: 'rules-fail',
      by: [],
      severity: 'critical',
      expression: `sum by (rule_group) (${increase(serverSeries(servers.prometheusRuleFailures), '10m')}) > 0`,
      for: '5m',
      summary: 'Rules of {{ $labels.rule_group }} cannot be evaluated',
      description: 'Alerts of this group do not fire, whatever happens.',
      panel: { board: 'telemetry', title: 'Rules that failed' },
      traces: NO_TRACES,
      steps: [
        'http://localhost:9090/rules shows the error beside the rule.',
        'Two series where one is expected: two sources write the same metric; drop one of them.',
      ],
    },
    {
      name: 'Watchdog',
      subject: 'watchdog',
      by: [],
      severity: 'info',
      expression: 'vector(1)',
      for: '0s',
      summary: 'Alerting works',
      description:
        'Fires always. Send it to a service outside of this machine that raises an alarm when it stays away for some minutes.',
      panel: { board: 'telemetry', title: 'Servers that answer' },
      traces: NO_TRACES,
      steps: ['Nothing to do while it fires. If it is missing, see whether Prometheus and the Alertmanager run.'],
    },
  ];
}
