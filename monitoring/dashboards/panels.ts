import type { Expression } from '../promql.ts';
import type { Limits } from '../thresholds.ts';
import type { BoardId } from './boards.ts';
import type {
  DataLink,
  GaugeOptions,
  GrafanaPanel,
  GraphFieldConfig,
  HeatmapOptions,
  StatOptions,
  TableOptions,
  Threshold,
  TimeSeriesOptions,
  Transformation,
} from './grafana.ts';

/** Units of Grafana that the boards use. */
export type Unit =
  | 's'
  | 'percentunit'
  | 'reqps'
  | 'ops'
  | 'short'
  | 'none'
  | 'bytes'
  | 'currencyUSD'
  | 'percent'
  | 'cps';

/** One query of a panel; `{{label}}` in the legend stands for a label's value. */
export interface Query {
  readonly expression: Expression;
  readonly legend: string;
  /** Of a table's column, where it differs from the panel's. */
  readonly unit?: Unit;
}

/** A panel of a board, by its title. */
export interface PanelReference {
  readonly board: BoardId;
  readonly title: string;
}

interface PanelSpec {
  readonly title: string;
  /** What it shows and what to make of it. */
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Said in place of a picture when there is no data: what has to be on for it. */
  readonly needs: string;
  /** Lines, or colours, at the limits of the alerts, in the unit of the panel. */
  readonly limits?: Limits;
  /** Columns of 24. @default 12 */
  readonly width?: number;
  /** @default 8 */
  readonly height?: number;
  readonly links?: readonly DataLink[];
  readonly min?: number;
  readonly max?: number;
  readonly decimals?: number;
}

interface Placeable {
  readonly width: number;
  readonly height: number;
  /** The panel without what only its place on a board decides. */
  readonly panel: Omit<GrafanaPanel, 'id' | 'gridPos'>;
}

export type { Placeable as Panel };

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const REF_IDS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Lines over time. */
export function timeSeries(spec: PanelSpec & { readonly stacked?: boolean }): Placeable {
  const options: TimeSeriesOptions = {
    legend: { displayMode: 'table', placement: 'bottom', showLegend: true, calcs: ['mean', 'max', 'lastNotNull'] },
    tooltip: { mode: 'multi', sort: 'desc' },
  };
  const custom: GraphFieldConfig = {
    drawStyle: 'line',
    lineInterpolation: 'linear',
    lineWidth: 1,
    fillOpacity: spec.stacked ? 40 : 10,
    showPoints: 'auto',
    spanNulls: false,
    stacking: { mode: spec.stacked ? 'normal' : 'none', group: 'A' },
    axisPlacement: 'auto',
    thresholdsStyle: { mode: spec.limits ? 'line' : 'off' },
  };
  return place(spec, 'timeseries', options, { custom, color: { mode: 'palette-classic' } });
}

/** One number now, with its course behind it. */
export function stat(spec: PanelSpec): Placeable {
  const options: StatOptions = {
    graphMode: 'area',
    colorMode: 'value',
    justifyMode: 'auto',
    textMode: 'auto',
    wideLayout: true,
    showPercentChange: false,
    percentChangeColorMode: 'standard',
    orientation: 'auto',
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
  };
  return place({ width: 4, height: 4, ...spec }, 'stat', options, {
    color: spec.limits ? { mode: 'thresholds' } : { mode: 'fixed', fixedColor: 'text' },
  });
}

/** One number now, on a dial coloured by its limits. */
export function gauge(spec: PanelSpec & { readonly limits: Limits; readonly max: number }): Placeable {
  const options: GaugeOptions = {
    showThresholdLabels: true,
    showThresholdMarkers: true,
    sizing: 'auto',
    minVizWidth: 75,
    minVizHeight: 75,
    orientation: 'auto',
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
  };
  return place({ width: 6, min: 0, ...spec }, 'gauge', options, { color: { mode: 'thresholds' } });
}

/** How the values of a histogram are spread, over time. */
export function heatmap(spec: PanelSpec): Placeable {
  const options: HeatmapOptions = {
    calculate: false,
    color: { mode: 'scheme', scheme: 'Oranges', fill: 'dark-orange', exponent: 0.5, steps: 64, reverse: false },
    filterValues: { le: 1e-9 },
    cellGap: 1,
    yAxis: { unit: spec.unit, axisPlacement: 'left' },
    legend: { show: true },
    tooltip: { mode: 'single', yHistogram: false },
    showValue: 'never',
    exemplars: { color: 'rgba(255,0,255,0.7)' },
    rowsFrame: { layout: 'auto' },
  };
  return place(spec, 'heatmap', options, {}, { format: 'heatmap' });
}

/** Rows of numbers of now: one column per query beside the labels. */
export function table(
  spec: PanelSpec & {
    /** Titles of the columns of labels, by label; others are hidden. */
    readonly labels: Readonly<Record<string, string>>;
  },
): Placeable {
  const options: TableOptions = { frameIndex: 0, showHeader: true, showTypeIcons: false, cellHeight: 'sm' };
  const values = spec.queries.map(({ legend }, index) => [
    spec.queries.length === 1 ? 'Value' : `Value #${REF_IDS[index]}`,
    legend,
  ]);
  const shown = [...Object.keys(spec.labels), ...values.map(([name = '']) => name)];
  const transformations: Transformation[] = [
    { id: 'merge', options: {} },
    { id: 'filterFieldsByName', options: { include: { names: shown } } },
    {
      id: 'organize',
      options: {
        excludeByName: {},
        indexByName: Object.fromEntries(shown.map((name, index) => [name, index])),
        renameByName: { ...spec.labels, ...Object.fromEntries(values) },
      },
    },
  ];
  const placed = place(spec, 'table', options, { custom: { align: 'auto' } as GraphFieldConfig }, { format: 'table' });
  return { ...placed, panel: { ...placed.panel, transformations } };
}

function place(
  spec: PanelSpec,
  type: string,
  options: GrafanaPanel['options'],
  defaults: Partial<GrafanaPanel['fieldConfig']['defaults']>,
  query: { format: 'time_series' | 'table' | 'heatmap' } = { format: 'time_series' },
): Placeable {
  const { title, description, unit, queries, needs, limits, width = 12, height = 8, links, min, max, decimals } = spec;
  if (queries.length === 0 || queries.length > REF_IDS.length)
    throw new TypeError(`${title}: ${queries.length} queries`);
  const isInstant = query.format === 'table';
  return {
    width,
    height,
    panel: {
      type,
      title,
      description,
      datasource: DATASOURCE,
      targets: queries.map(({ expression, legend }, index) => ({
        refId: REF_IDS[index] as string,
        datasource: DATASOURCE,
        editorMode: 'code',
        expr: expression,
        legendFormat: legend,
        format: query.format,
        instant: isInstant,
        range: !isInstant,
      })),
      options,
      fieldConfig: {
        defaults: {
          unit,
          noValue: needs,
          thresholds: { mode: 'absolute', steps: steps(limits) },
          ...(min !== undefined && { min }),
          ...(max !== undefined && { max }),
          ...(decimals !== undefined && { decimals }),
          ...(links !== undefined && { links: [...links] }),
          ...defaults,
        },
        overrides: queries.flatMap(({ legend, unit: ownUnit }) =>
          ownUnit === undefined
            ? []
            : [{ matcher: { id: 'byName', options: legend }, properties: [{ id: 'unit', value: ownUnit }] }],
        ),
      },
    },
  };
}

/** A limit is crossed upwards where critical is the higher one, else downwards. */
function steps(limits: Limits | undefined): Threshold[] {
  if (limits === undefined) return [{ color: 'green', value: null }];
  const { warning, critical } = limits;
  if (critical > warning) {
    return [
      { color: 'green', value: null },
      { color: 'orange', value: warning },
      { color: 'red', value: critical },
    ];
  }
  return [
    { color: 'red', value: null },
    { color: 'orange', value: critical },
    { color: 'green', value: warning },
  ];
}
