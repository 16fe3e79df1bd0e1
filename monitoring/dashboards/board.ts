import type { GrafanaDashboard, GrafanaPanel, GrafanaRow } from './grafana.ts';
import type { Panel } from './panels.ts';
import { datasources, type Variable, variable } from './variables.ts';

/** Panels that answer one question, under a title. */
export interface Section {
  readonly title: string;
  readonly panels: readonly Panel[];
  /** Closed until it is asked for. @default false */
  readonly collapsed?: boolean;
}

/** A board before it has a place for anything. */
export interface Board {
  readonly uid: string;
  /** Name of the file below `monitoring/grafana`. */
  readonly file: string;
  readonly title: string;
  /** The question that it answers. */
  readonly description: string;
  readonly variables: readonly Variable[];
  readonly sections: readonly Section[];
}

const COLUMNS = 24;
/** Of all boards: the menu at the top of each lists what has it. */
const TAG = 'gaugeway';
/** Kept for one revision of these files: 13 of Grafana reads and lifts it. */
const SCHEMA_VERSION = 42;

/** As many on a line as it has room for. */
function lines(panels: readonly Panel[]): Panel[][] {
  const found: Panel[][] = [];
  let room = 0;
  for (const panel of panels) {
    if (panel.width > room) {
      found.push([]);
      room = COLUMNS;
    }
    found.at(-1)?.push(panel);
    room -= panel.width;
  }
  return found;
}

/** The board as Grafana reads it, every panel with an id of its own and a place that no other one has. */
export function dashboard({ uid, title, description, variables, sections }: Board): GrafanaDashboard {
  let id = 0;
  let y = 0;
  const place = (panels: readonly Panel[]): GrafanaPanel[] =>
    lines(panels).flatMap((ofLine) => {
      let x = 0;
      const placed = ofLine.map(({ width, height, panel }, index) => {
        id += 1;
        // The last one takes what is left: half a line of nothing looks like something that does not load.
        const w = index === ofLine.length - 1 ? COLUMNS - x : width;
        const gridPos = { x, y, w, h: height };
        x += w;
        return { id, gridPos, ...panel };
      });
      y += Math.max(...ofLine.map(({ height }) => height));
      return placed;
    });
  const panels = sections.flatMap(
    ({ title: heading, panels: own, collapsed = false }): (GrafanaPanel | GrafanaRow)[] => {
      id += 1;
      const row: GrafanaRow = {
        type: 'row',
        id,
        title: heading,
        collapsed,
        gridPos: { x: 0, y, w: COLUMNS, h: 1 },
        panels: [],
      };
      y += 1;
      const top = y;
      const placed = place(own);
      if (!collapsed) return [row, ...placed];
      // The next row follows a closed one at once; Grafana moves it when this one opens.
      y = top;
      return [{ ...row, panels: placed }];
    },
  );
  return {
    uid,
    title: `gaugeway / ${title}`,
    description,
    tags: [TAG],
    timezone: 'browser',
    editable: true,
    // The same moment is marked on every panel.
    graphTooltip: 1,
    schemaVersion: SCHEMA_VERSION,
    time: { from: 'now-1h', to: 'now' },
    refresh: '10s',
    annotations: { list: [] },
    links: [
      {
        type: 'dashboards',
        title: 'Boards',
        tags: [TAG],
        asDropdown: true,
        includeVars: true,
        keepTime: true,
        targetBlank: false,
        icon: 'external link',
        tooltip: '',
        url: '',
      },
    ],
    templating: { list: [...datasources(uses(panels)), ...variables.map(variable)] },
    panels,
  };
}

const uses = (panels: GrafanaDashboard['panels']) => {
  const text = JSON.stringify(panels);
  return (name: string) => text.includes(`\${${name}}`);
};
