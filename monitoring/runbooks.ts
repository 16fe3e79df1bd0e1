import type { Alert, AlertGroup } from './alerts/index.ts';
import type { Board } from './dashboards/board.ts';
import type { BoardId } from './dashboards/boards.ts';

/** `docs/runbooks.md`: a section for each alert, by its name. */
export function runbooksPage(groups: readonly AlertGroup[], boards: Readonly<Record<BoardId, Board>>): string {
  const sections = groups
    .filter(({ alerts }) => alerts.length > 0)
    .map(({ title, alerts }) => `## ${title}\n\n${sectionsOf(alerts, boards).join('\n\n')}`);
  return `# Runbooks

What each alert means and what to do about it. Rendered from \`monitoring/alerts\` by \`npm run render\`, or by
\`gaugeway render\` for a configuration; do not edit by hand.

\`<label>\` in a query stands for the value that the alert has for that label. Run trace queries in Grafana under Explore, with
the data source Tempo; in Jaeger, search for the service and the same attributes as tags.

Alerts that judge a percentile or a share stay silent below 20 events in their window (\`minimumTraffic\`, for all rules or by
rule; 0 takes the condition away). Alerts of one kind at two severities share \`alert_group\`: the critical one silences the
warning.

${sections.join('\n\n')}
`;
}

/** The rules of one name differ in a label at most, and are one section. */
function sectionsOf(alerts: readonly Alert[], boards: Readonly<Record<BoardId, Board>>): string[] {
  const byName = Map.groupBy(alerts, ({ name }) => name);
  return [...byName].map(([name, rules]) => section(name, rules, boards));
}

function section(name: string, rules: readonly Alert[], boards: Readonly<Record<BoardId, Board>>): string {
  const [alert] = rules as [Alert];
  const { severity, description, panel, traces, steps } = alert;
  const board = boards[panel.board];
  const means = rules.every((rule) => rule.description === description)
    ? description
    : 'What was promised to users is broken more often than was agreed. The label `slo` says which promise.';
  const once = alert.for === '0s' ? 'at once' : `after ${alert.for}`;
  return `### ${name}

${means}

- ${severity}, fires ${once}
- panel: "${panel.title}" on the board [${board.title}](http://localhost:3000/d/${board.uid})
- traces: \`${traces}\`

${steps.map((step, index) => `${index + 1}. ${step}`).join('\n')}`;
}
