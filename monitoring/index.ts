import { alertGroups } from './alerts/index.ts';
import { offBoundary } from './boundaries.ts';
import { type MonitoringConfig, resolveConfig } from './config.ts';
import { dashboard } from './dashboards/board.ts';
import { boards } from './dashboards/boards.ts';
import { alertRules, sloRules } from './rules.ts';
import { runbooksPage } from './runbooks.ts';
import { sloPage } from './slo-page.ts';

export type { MonitoringConfig } from './config.ts';

/** A file to write. */
export interface RenderedFile {
  /** Below the folder that everything goes to. */
  readonly path: string;
  readonly text: string;
}

/** What came out, and what the user should know of it. */
export interface RenderedMonitoring {
  readonly files: readonly RenderedFile[];
  /** Whole sentences. */
  readonly warnings: readonly string[];
}

/** Rules, boards and their documents for a configuration. A wrong option throws, naming itself and what is right. */
export function renderMonitoring(config: MonitoringConfig = {}): RenderedMonitoring {
  const resolved = resolveConfig(config);
  const groups = alertGroups(resolved);
  checkRuleNames(config);
  return {
    files: [
      { path: 'monitoring/prometheus/alert-rules.yml', text: alertRules(groups, resolved) },
      { path: 'monitoring/prometheus/slo-rules.yml', text: sloRules(resolved) },
      ...Object.values(boards(resolved)).map((board) => ({
        path: `monitoring/grafana/${board.file}`,
        text: `${JSON.stringify(dashboard(board), undefined, 2)}\n`,
      })),
      { path: 'docs/runbooks.md', text: runbooksPage(groups, boards(resolved)) },
      { path: 'docs/slo.md', text: sloPage(resolved) },
    ],
    warnings: offBoundary(resolved),
  };
}

/** Every alert that some configuration has. */
function checkRuleNames({ minimumTraffic }: MonitoringConfig): void {
  if (typeof minimumTraffic !== 'object') return;
  const all = alertGroups(resolveConfig({ budgets: { any: 1 } })).flatMap(({ alerts }) =>
    alerts.map(({ name }) => name),
  );
  for (const name of Object.keys(minimumTraffic)) {
    if (all.includes(name)) continue;
    throw new TypeError(
      `gaugeway: minimumTraffic names no rule "${name}"; the rules are ${[...new Set(all)].join(', ')}`,
    );
  }
}
