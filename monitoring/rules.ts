import type { Alert, AlertGroup } from './alerts/index.ts';
import { RECORDED_EVERY, type Recording, sloRecordings } from './alerts/slo.ts';
import type { ResolvedConfig } from './config.ts';
import { boardUid } from './dashboards/boards.ts';
import { label } from './promql.ts';

/** Labels of an alert that a board has a variable for. */
const BOARD_VARIABLES: Readonly<Record<string, string>> = {
  job: 'service',
  gen_ai_request_model: 'model',
  gen_ai_provider_name: 'provider',
  gen_ai_operation_name: 'operation',
  gaugeway_job_queue_name: 'queue',
  gaugeway_job_name: 'job',
};

/** `alert-rules.yml`. */
export function alertRules(groups: readonly AlertGroup[], config: ResolvedConfig): string {
  const kept = groups.filter(({ alerts }) => alerts.length > 0);
  return document(
    'Alerts. What they mean and what to do: docs/runbooks.md.',
    kept.map((group) => alertGroup(group, config)),
  );
}

/** `slo-rules.yml`. */
export function sloRules(config: ResolvedConfig): string {
  const recordings = sloRecordings(config);
  if (recordings.length === 0) return document('Error budgets: none.', []);
  return document('What the alerts of the error budgets read. The promises: docs/slo.md.', [
    // Not every 10 s: the longest window is three days.
    [
      '  - name: slo-recordings',
      `    interval: ${RECORDED_EVERY}s`,
      '    rules:',
      ...recordings.flatMap(recordingRule),
    ].join('\n'),
  ]);
}

function document(title: string, groups: readonly string[]): string {
  const header = `# ${title}\n# Rendered from monitoring/ by \`npm run render\`, or by \`gaugeway render\` for a configuration; do not edit by hand.`;
  return `${header}\n${groups.length === 0 ? 'groups: []' : `groups:\n${groups.join('\n')}`}\n`;
}

function alertGroup({ name, alerts }: AlertGroup, config: ResolvedConfig): string {
  return [`  - name: ${name}`, '    rules:', ...alerts.flatMap((alert) => alertRule(alert, config))].join('\n');
}

function alertRule(alert: Alert, config: ResolvedConfig): string[] {
  const annotations = {
    summary: alert.summary,
    description: alert.description,
    runbook_url: `${config.runbooksUrl}#${alert.name.toLowerCase()}`,
    dashboard_url: dashboardUrl(alert, config),
  };
  const slo = /^slo-/.test(alert.subject) ? { slo: alert.subject.slice('slo-'.length) } : {};
  return [
    `      - alert: ${alert.name}`,
    ...expression(alert.expression),
    ...(alert.for === '0s' ? [] : [`        for: ${alert.for}`]),
    '        labels:',
    ...pairs({ severity: alert.severity, alert_group: alert.subject, ...slo }),
    '        annotations:',
    ...pairs(annotations),
  ];
}

function recordingRule({ record, expression: recorded, labels }: Recording): string[] {
  return [`      - record: ${record}`, ...expression(recorded), '        labels:', ...pairs(labels)];
}

const expression = (text: string) => ['        expr: |-', ...text.split('\n').map((line) => `          ${line}`)];
/** A JSON string is a YAML string. */
const pairs = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([key, value]) => `          ${key}: ${JSON.stringify(value)}`);

/** The board with its variables set as the labels of the alert say; a label that no board knows sets nothing. */
function dashboardUrl({ panel, by }: Alert, { grafanaUrl }: ResolvedConfig): string {
  const variables = by.flatMap((key) => {
    const variable = BOARD_VARIABLES[label(key)];
    return variable === undefined ? [] : [`var-${variable}={{ $labels.${label(key)} | urlquery }}`];
  });
  return `${grafanaUrl}/d/${boardUid(panel.board)}${variables.length === 0 ? '' : `?${variables.join('&')}`}`;
}
