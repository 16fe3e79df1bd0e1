import { catalogue } from '../../src/catalogue/index.ts';
import type { ResolvedConfig } from '../config.ts';
import { increase, rate, series, serverSeries, sumBy } from '../promql.ts';
import { servers } from '../third-party.ts';
import type { Board } from './board.ts';
import { type Panel, stat, table, timeSeries } from './panels.ts';
import { line, named, RATE } from './queries.ts';

const { selfDropped, selfHooks, monitorAnomalies, monitorStorageSize } = catalogue;
const NO_SERVERS = 'The servers of the stack are not scraped. See http://localhost:9090/targets.';
const perExporter = (name: string) => `sum by (exporter) (${rate(serverSeries(name), RATE)})`;
const perReceiver = (name: string) => `sum by (receiver) (${rate(serverSeries(name), RATE)})`;

/** "Can the other boards be believed?" */
export function telemetryBoard({ thresholds }: ResolvedConfig): Board {
  return {
    uid: 'gaugeway-telemetry',
    file: 'telemetry-dashboard.json',
    title: 'Telemetry pipeline',
    description:
      'What services report, what is left out of it, and whether Collector, Prometheus and Alertmanager are well.',
    variables: [],
    sections: [
      { title: 'Services', panels: services() },
      { title: 'Collector', panels: collector(thresholds) },
      { title: 'Prometheus and Alertmanager', panels: backends() },
    ],
  };
}

function services(): Panel[] {
  return [
    stat({
      title: 'Services that report',
      description: 'Services whose gaugeway has reported in the last five minutes.',
      unit: 'none',
      width: 6,
      height: 8,
      queries: [named('Services', `count(group by (job) (${series(selfHooks)}))`)],
      needs: 'Nothing reports.',
    }),
    table({
      title: 'Hooks',
      description: 'What is hooked in each service. `idle`: the library was not seen yet. `refused`: it does not fit.',
      unit: 'none',
      width: 18,
      labels: { job: 'Service', gaugeway_hook_name: 'Hook', gaugeway_hook_state: 'State' },
      queries: [
        named('Processes', `${sumBy(['job', 'gaugeway.hook.name', 'gaugeway.hook.state'], series(selfHooks))} > 0`),
      ],
      needs: 'Nothing reports.',
    }),
    timeSeries({
      title: 'Left out by reason',
      description: 'What is not in the numbers, per second: invalid, unreadable, or too many.',
      unit: 'cps',
      stacked: true,
      width: 24,
      queries: [
        line(sumBy(['job', 'gaugeway.drop.reason'], rate(series(selfDropped), RATE)), 'job', 'gaugeway.drop.reason'),
      ],
      needs: 'Nothing was left out.',
    }),
    timeSeries({
      title: 'Found by monitors',
      description: 'Anomalies per second that the monitors of the applications have found, by type and severity.',
      unit: 'cps',
      stacked: true,
      queries: [
        line(
          sumBy(
            ['gaugeway.monitor.anomaly.type', 'gaugeway.monitor.anomaly.severity'],
            rate(series(monitorAnomalies), RATE),
          ),
          'gaugeway.monitor.anomaly.type',
          'gaugeway.monitor.anomaly.severity',
        ),
      ],
      needs: 'No monitor has found anything.',
    }),
    timeSeries({
      title: 'Storage of monitors',
      description: 'Size of the files in which monitors keep their measurements; bounded by age and by size.',
      unit: 'bytes',
      queries: [line(sumBy(['job', 'instance'], series(monitorStorageSize)), 'job', 'instance')],
      needs: 'No monitor has a storage.',
    }),
  ];
}

function collector({ queueFillShare }: ResolvedConfig['thresholds']): Panel[] {
  return [
    timeSeries({
      title: 'Taken and refused by the Collector',
      description: 'Points and spans per second. What is refused is lost unless its sender keeps it.',
      unit: 'cps',
      queries: [
        named('points taken, {{receiver}}', perReceiver(servers.collectorAcceptedPoints)),
        named('spans taken, {{receiver}}', perReceiver(servers.collectorAcceptedSpans)),
        named('points refused, {{receiver}}', perReceiver(servers.collectorRefusedPoints)),
        named('spans refused, {{receiver}}', perReceiver(servers.collectorRefusedSpans)),
      ],
      needs: NO_SERVERS,
    }),
    timeSeries({
      title: 'Sent by the Collector',
      description: 'Points and spans per second, by backend.',
      unit: 'cps',
      queries: [
        named('points, {{exporter}}', perExporter(servers.collectorSentPoints)),
        named('spans, {{exporter}}', perExporter(servers.collectorSentSpans)),
      ],
      needs: NO_SERVERS,
    }),
    timeSeries({
      title: 'Queues of the Collector',
      description: 'How full the queue on disk for each backend is. A full one loses what comes next.',
      unit: 'percentunit',
      min: 0,
      max: 1,
      limits: queueFillShare,
      queries: [
        named(
          '{{exporter}}',
          `max by (exporter) (${serverSeries(servers.collectorQueueSize)} / ${serverSeries(servers.collectorQueueCapacity)})`,
        ),
      ],
      needs: NO_SERVERS,
    }),
    timeSeries({
      title: 'Lost by the Collector',
      description: 'Refused by a backend for good, or no room in the queue.',
      unit: 'cps',
      queries: [
        named('points refused, {{exporter}}', perExporter(servers.collectorFailedPoints)),
        named('spans refused, {{exporter}}', perExporter(servers.collectorFailedSpans)),
        named('points without room, {{exporter}}', perExporter(servers.collectorUnqueuedPoints)),
        named('spans without room, {{exporter}}', perExporter(servers.collectorUnqueuedSpans)),
      ],
      needs: 'Nothing was lost.',
    }),
    timeSeries({
      title: 'Memory of the Collector',
      description: 'At 80 % of the limit of its container it begins to refuse.',
      unit: 'bytes',
      queries: [named('{{instance}}', serverSeries(servers.collectorMemory))],
      needs: NO_SERVERS,
    }),
    timeSeries({
      title: 'Uptime of the Collector',
      description: 'A saw is a process that ends again and again.',
      unit: 's',
      queries: [named('{{instance}}', serverSeries(servers.collectorUptime))],
      needs: NO_SERVERS,
    }),
  ];
}

function backends(): Panel[] {
  return [
    timeSeries({
      title: 'Servers that answer',
      description: '1 where the last scrape worked. `api-gateway` is 0 while no application exposes /metrics there.',
      unit: 'none',
      min: 0,
      max: 1,
      queries: [named('{{job}} {{instance}}', serverSeries(servers.up))],
      needs: NO_SERVERS,
    }),
    timeSeries({
      title: 'Series in Prometheus',
      description: 'Series in memory. A steep rise is an attribute with too many values.',
      unit: 'short',
      queries: [named('{{instance}}', serverSeries(servers.prometheusSeries))],
      needs: NO_SERVERS,
    }),
    timeSeries({
      title: 'Rules that failed',
      description: 'Evaluations of rules that ended in an error, in the last five minutes.',
      unit: 'short',
      queries: [
        named(
          '{{rule_group}}',
          `sum by (rule_group) (${increase(serverSeries(servers.prometheusRuleFailures), '5m')})`,
        ),
      ],
      needs: NO_SERVERS,
    }),
    timeSeries({
      title: 'Alerts that were not delivered',
      description: 'From Prometheus to the Alertmanager, and from there to its receivers, in the last five minutes.',
      unit: 'short',
      queries: [
        named(
          'to {{alertmanager}}',
          `sum by (alertmanager) (${increase(serverSeries(servers.prometheusNotificationErrors), '5m')})`,
        ),
        named(
          'to {{integration}}',
          `sum by (integration) (${increase(serverSeries(servers.alertmanagerFailures), '5m')}) > 0`,
        ),
      ],
      needs: NO_SERVERS,
    }),
  ];
}
