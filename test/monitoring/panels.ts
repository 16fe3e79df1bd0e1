import type { GrafanaDashboard, GrafanaPanel, GrafanaRow } from '../../monitoring/dashboards/grafana.ts';

const isRow = (panel: GrafanaPanel | GrafanaRow): panel is GrafanaRow => panel.type === 'row';

/** Every panel of a board, those of closed rows included. */
export function panelsOf({ panels }: GrafanaDashboard): GrafanaPanel[] {
  return panels.flatMap((panel) => (isRow(panel) ? panel.panels : [panel]));
}

/** The rows of a board. */
export const rowsOf = ({ panels }: GrafanaDashboard): GrafanaRow[] => panels.filter(isRow);
