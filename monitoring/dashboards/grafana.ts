// Types alone: the SDK is 11 MB, and `gaugeway render` runs where it is not installed. A test holds every panel and
// board against what the SDK's own builders accept.
import type * as common from '@grafana/grafana-foundation-sdk/common';
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import type * as gauge from '@grafana/grafana-foundation-sdk/gauge';
import type * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import type { Dataquery as PrometheusQuery } from '@grafana/grafana-foundation-sdk/prometheus';
import type * as stat from '@grafana/grafana-foundation-sdk/stat';
import type * as table from '@grafana/grafana-foundation-sdk/table';

/** What a type of the SDK is as JSON: enums are their values, methods are none. */
type Json<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T extends number
      ? number
      : T
    : T extends readonly (infer Item)[]
      ? Json<Item>[]
      : { [Key in keyof T as T[Key] extends (...parameters: never[]) => unknown ? never : Key]: Json<T[Key]> };

/** A link of a series; the SDK has it as one of a dashboard, Grafana knows these three fields. */
export interface DataLink {
  title: string;
  url: string;
  targetBlank: boolean;
}

type PanelOf<Options, Custom> = Omit<Json<dashboard.Panel>, 'options' | 'fieldConfig' | 'targets'> & {
  options: Options;
  targets: Json<Omit<PrometheusQuery, '_implementsDataqueryVariant'>>[];
  fieldConfig: Omit<Json<dashboard.FieldConfigSource>, 'defaults'> & {
    defaults: Omit<Json<dashboard.FieldConfig>, 'links' | 'custom'> & { links?: DataLink[]; custom?: Custom };
  };
};

export type TimeSeriesOptions = Json<{ legend: common.VizLegendOptions; tooltip: common.VizTooltipOptions }>;
export type GraphFieldConfig = Json<common.GraphFieldConfig>;
export type StatOptions = Json<stat.Options>;
export type GaugeOptions = Json<gauge.Options>;
export type TableOptions = Json<table.Options>;
export type HeatmapOptions = Json<heatmap.Options>;

/** A panel as Grafana reads it. */
export type GrafanaPanel = PanelOf<
  TimeSeriesOptions | StatOptions | GaugeOptions | TableOptions | HeatmapOptions,
  GraphFieldConfig
>;
export type GrafanaRow = Omit<Json<dashboard.RowPanel>, 'panels'> & { panels: GrafanaPanel[] };
export type GrafanaVariable = Json<dashboard.VariableModel>;
export type Transformation = Json<dashboard.DataTransformerConfig>;
export type Threshold = Json<dashboard.Threshold>;

/** A dashboard as Grafana reads it. */
export type GrafanaDashboard = Omit<Json<dashboard.Dashboard>, 'panels' | 'templating'> & {
  uid: string;
  title: string;
  panels: (GrafanaPanel | GrafanaRow)[];
  templating: { list: GrafanaVariable[] };
};
