import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as GaugeBuilder } from '@grafana/grafana-foundation-sdk/gauge';
import { PanelBuilder as HeatmapBuilder } from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { describe, expect, test } from 'vitest';
import type { GrafanaDashboard, GrafanaPanel } from '../../monitoring/dashboards/grafana.ts';
import { renderMonitoring } from '../../monitoring/index.ts';
import { seriesName } from '../../monitoring/promql.ts';
import { catalogue, type InstrumentSpec } from '../../src/catalogue/index.ts';
import { expanded, selectorsOf } from './expressions.ts';
import { panelsOf, rowsOf } from './panels.ts';

const rendered = (config = {}): GrafanaDashboard[] =>
  renderMonitoring(config)
    .files.filter(({ path }) => path.startsWith('monitoring/grafana/'))
    .map(({ text }) => JSON.parse(text));
const boards = rendered();
const byUid = (uid: string, among = boards) => among.find((board) => board.uid === uid) as GrafanaDashboard;
const panel = (board: GrafanaDashboard, title: string) =>
  panelsOf(board).find((each) => each.title === title) as GrafanaPanel;
const BUILDERS: Record<string, { prototype: object }> = {
  timeseries: TimeSeriesBuilder,
  stat: StatBuilder,
  gauge: GaugeBuilder,
  table: TableBuilder,
  heatmap: HeatmapBuilder,
};
/** What a builder fills in by itself, and what it holds under other names. */
const BY_ITSELF = ['type', 'options', 'fieldConfig', 'custom', 'schemaVersion', 'skipUrlSync'];
const SET_BY: Record<string, string> = {
  color: 'colorScheme',
  exemplars: 'exemplarsColor',
  graphTooltip: 'tooltip',
  legend: 'showLegend',
  panels: 'withPanel',
  query: 'type',
  refresh: 'type',
  templating: 'withVariable',
};
const isSettable = (builder: { prototype: object }, key: string) =>
  BY_ITSELF.includes(key) || key in builder.prototype || (SET_BY[key] ?? '') in builder.prototype;

/** The row that a panel stands under: two closed rows have their panels in one place. */
const sectionOf = (board: GrafanaDashboard, id: number) => rowsOf(board).findLast((row) => Number(row.id) < id)?.title;

test('seven boards answer seven questions', () => {
  expect(boards.map(({ uid }) => uid).sort()).toEqual(
    ['agents', 'jobs', 'models', 'overview', 'performance', 'runtime', 'telemetry'].map((id) => `gaugeway-${id}`),
  );
  expect(new Set(boards.map(({ title }) => title)).size).toBe(boards.length);
});

describe.each(boards.map((board) => [board.uid, board] as const))('%s', (_uid, board) => {
  const panels = panelsOf(board);
  const text = JSON.stringify(board);

  test('every panel has an id and a title of its own', () => {
    const ids = [...panels, ...rowsOf(board)].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Math.min(...ids.map(Number))).toBeGreaterThan(0);
    const titles = panels.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  test('no two panels are in one place and none leaves the grid', () => {
    const closed = rowsOf(board).filter(({ collapsed }) => collapsed);
    // What is in a closed row moves when it is opened, and what is below it too.
    const open = board.panels.filter((each) => !('collapsed' in each && each.collapsed));
    for (const together of [open, ...closed.map((row) => row.panels)]) {
      const taken = new Map<string, string>();
      for (const { gridPos, title = '' } of together) {
        const { x, y, w, h } = gridPos as { x: number; y: number; w: number; h: number };
        expect(x + w, title).toBeLessThanOrEqual(24);
        for (let column = x; column < x + w; column++) {
          for (let row = y; row < y + h; row++) {
            expect(taken.get(`${column} ${row}`), `${title} lies on it`).toBeUndefined();
            taken.set(`${column} ${row}`, title);
          }
        }
      }
    }
    for (const { gridPos, panels: inside } of closed) {
      expect(Math.min(...inside.map((each) => each.gridPos?.y ?? 0))).toBe((gridPos?.y ?? 0) + 1);
    }
  });

  test('every line of panels is full', () => {
    for (const [, line] of Map.groupBy(panels, ({ id, gridPos }) => `${gridPos?.y} ${sectionOf(board, Number(id))}`)) {
      expect(
        line.reduce((sum, { gridPos }) => sum + (gridPos?.w ?? 0), 0),
        line[0]?.title ?? '',
      ).toBe(24);
    }
  });

  test('every panel says what it shows, in which unit, and what it needs', () => {
    for (const { title, description = '', fieldConfig } of panels) {
      expect(description.length, title).toBeGreaterThan(20);
      expect(fieldConfig.defaults.unit, title).toBeTruthy();
      expect(fieldConfig.defaults.noValue, title).toBeTruthy();
    }
  });

  test('queries have ids in order, a legend, and the data source that was chosen', () => {
    for (const { title, targets, datasource } of panels) {
      expect(targets.map(({ refId }) => refId)).toEqual([...'ABCDEFGHIJ'.slice(0, targets.length)]);
      for (const target of [...targets, { datasource, legendFormat: '-' }]) {
        expect(target.datasource).toEqual({ type: 'prometheus', uid: `\${datasource}` });
        expect(target.legendFormat, title).toBeTruthy();
      }
      expect(new Set(targets.map(({ legendFormat }) => legendFormat)).size, title).toBe(targets.length);
    }
  });

  test('ranges follow the interval of the data, but where one number of now agrees with the alerts', () => {
    for (const { title, type, targets } of panels) {
      for (const { expr } of targets) {
        const ranges = [...expr.matchAll(/(?:rate|increase)\([^[]*\[([^\]]+)\]/g)].map(([, range]) => range);
        if (type === 'timeseries' || type === 'heatmap') {
          const isOfAlerts = /increase\(/.test(expr);
          expect(new Set(ranges), title).toEqual(
            new Set(ranges.length > 0 ? [isOfAlerts ? '5m' : '$__rate_interval'] : []),
          );
        } else for (const range of ranges) expect(['5m', '$__rate_interval'], title).toContain(range);
      }
    }
  });

  test('every variable is used, and none is used that is not there', () => {
    const names = board.templating.list.map(({ name }) => name);
    const used = [...text.matchAll(/\$\{?([a-z]+)\b/g)].map(([, name]) => name);
    expect(new Set(used)).toEqual(new Set(names));
    for (const { name, type, query } of board.templating.list) {
      if (type !== 'query') continue;
      const elsewhere = panels.some(({ targets }) => targets.some(({ expr }) => expr.includes(`$${name}"`)));
      expect(elsewhere, `${name} chooses nothing`).toBe(true);
      expect((query as { query: string }).query).toMatch(/^label_values\(\{__name__=~"[\w|]+".*\}, \w+\)$/);
    }
  });

  test('no query asks which SDK has sent the data', () => {
    expect(text).not.toContain('telemetry_sdk');
    expect(text).not.toContain('otel_scope_name');
  });

  test('holds nothing that the SDK of Grafana does not know', () => {
    for (const key of Object.keys(board)) expect(isSettable(DashboardBuilder, key), key).toBe(true);
    for (const variable of board.templating.list) {
      const builder = variable.type === 'query' ? QueryVariableBuilder : DatasourceVariableBuilder;
      for (const key of Object.keys(variable)) expect(isSettable(builder, key), key).toBe(true);
    }
    for (const { type, ...rest } of panels) {
      const builder = BUILDERS[type] as { prototype: object };
      const { options, fieldConfig, targets } = rest;
      for (const key of [...Object.keys(rest), ...Object.keys(options), ...Object.keys(fieldConfig.defaults)]) {
        expect(isSettable(builder, key), `${type} ${key}`).toBe(true);
      }
      for (const key of Object.keys(fieldConfig.defaults.custom ?? {})) {
        expect(isSettable(builder, key), `${type} ${key}`).toBe(true);
      }
      for (const key of targets.flatMap(Object.keys)) expect(isSettable(DataqueryBuilder, key), key).toBe(true);
    }
  });

  test('links to traces are addresses once their variables are filled in', () => {
    const links = panels.flatMap(({ fieldConfig }) => fieldConfig.defaults.links ?? []);
    for (const { url, title } of links) {
      const filled = url.replace(
        /\$\{([^}]+)\}/g,
        (_, name) => ({ __from: '1', __to: '2' })[name as string] ?? 'some-value',
      );
      const query = new URL(filled, 'http://localhost:3000').searchParams.get('panes') ?? '';
      const { traces } = JSON.parse(query);
      expect(traces.queries[0].datasource.type).toBe(title.includes('Tempo') ? 'tempo' : 'jaeger');
      expect(traces.range).toEqual({ from: '1', to: '2' });
      expect(decodeURIComponent(url)).not.toContain('undefined');
    }
  });
});

test('model, job and API boards link their latency to Tempo and to Jaeger', () => {
  const latency: [string, string][] = [
    ['gaugeway-models', 'Duration of a call'],
    ['gaugeway-models', 'Time to the first chunk'],
    ['gaugeway-jobs', 'Duration of a run'],
    ['gaugeway-performance', 'API latency'],
    ['gaugeway-performance', 'Database query time'],
  ];
  for (const [uid, title] of latency) {
    const links = panel(byUid(uid), title).fieldConfig.defaults.links?.map((link) => link.title.split(' ')[2]);
    expect(links, title).toEqual(['Tempo', 'Jaeger']);
  }
});

test('the boards of models and jobs show P50, P90 and P99 and can be narrowed down', () => {
  const names = (uid: string) => byUid(uid).templating.list.map(({ name }) => name);
  expect(names('gaugeway-models')).toEqual(expect.arrayContaining(['model', 'provider', 'operation']));
  expect(names('gaugeway-jobs')).toEqual(expect.arrayContaining(['queue', 'job']));
  for (const [uid, title] of [
    ['gaugeway-models', 'Duration of a call'],
    ['gaugeway-models', 'Time to the first chunk'],
    ['gaugeway-jobs', 'Duration of a run'],
    ['gaugeway-jobs', 'Waiting in the queue'],
  ] as const) {
    expect(panel(byUid(uid), title).targets.map(({ legendFormat }) => legendFormat)).toEqual(['P50', 'P90', 'P99']);
  }
});

test('the API board has every panel that was asked for', () => {
  const board = byUid('gaugeway-performance');
  const legends = (title: string) => panel(board, title).targets.map(({ legendFormat }) => legendFormat);
  expect(legends('API latency')).toEqual(['P50', 'P95', 'P99']);
  expect(legends('Database query time')).toEqual(['P50', 'P95', 'P99']);
  expect(panel(board, 'API P95')).toMatchObject({
    type: 'gauge',
    fieldConfig: { defaults: { color: { mode: 'thresholds' } } },
  });
  expect(panel(board, 'Error rate')).toMatchObject({
    type: 'gauge',
    fieldConfig: { defaults: { color: { mode: 'thresholds' } } },
  });
  expect(panel(board, 'Requests by status code').targets[0]?.expr).toContain('sum by (http_response_status_code)');
  expect(selectorsOf(expanded(panel(board, 'Slow requests').targets[0]?.expr ?? ''))[0]?.name).toBe(
    'gaugeway_http_slow_requests_total',
  );
  expect(selectorsOf(expanded(panel(board, 'Slow queries').targets[0]?.expr ?? ''))[0]?.name).toBe(
    'gaugeway_db_slow_queries_total',
  );
});

test('lines and colours lie where the alerts begin, whatever the configuration says', () => {
  const steps = (among: GrafanaDashboard[], uid: string, title: string) =>
    panel(byUid(uid, among), title).fieldConfig.defaults.thresholds?.steps.map(({ value, color }) => [color, value]);
  expect(steps(boards, 'gaugeway-performance', 'API P95')).toEqual([
    ['green', null],
    ['orange', 0.1],
    ['red', 0.2],
  ]);
  const own = rendered({ thresholds: { apiLatencyMs: { warning: 150, critical: 300 } } });
  for (const title of ['API latency', 'API P95', 'P95 by route']) {
    expect(steps(own, 'gaugeway-performance', title)).toEqual([
      ['green', null],
      ['orange', 0.15],
      ['red', 0.3],
    ]);
  }
  expect(panel(byUid('gaugeway-performance'), 'API latency').fieldConfig.defaults.custom?.thresholdsStyle?.mode).toBe(
    'line',
  );
});

test('every panel of model calls reads both generations of the names', () => {
  const genAi = boards
    .flatMap(panelsOf)
    .flatMap(({ title, targets }) =>
      targets.map(({ expr }) => ({
        title,
        names: selectorsOf(expanded(expr)).map(({ name }) => name),
      })),
    )
    .filter(({ names }) => names.some((name) => name.startsWith('gen_ai_client_')));
  expect(genAi.length).toBeGreaterThan(15);
  const onlyLatest = [
    'Share of input read from the cache',
    'Share of input written to the cache',
    'Share of output spent on reasoning',
  ];
  for (const { title = '', names } of genAi) {
    const isOlder = (name: string) => /^gen_ai_client_(operation|token)_/.test(name);
    if (!onlyLatest.includes(title)) expect(names.some(isOlder), `${title} lacks the older names`).toBe(true);
    expect(
      names.some((name) => /^gen_ai_client_(inference|embeddings)_/.test(name)),
      `${title} lacks the latest names`,
    ).toBe(true);
  }
});

test('everything that is measured is shown, or is shown otherwise', () => {
  const otherwise = {
    httpErrorRatio:
      "the process's own view of the last five minutes, for its logs; the boards divide the requests themselves",
  };
  const shown = new Set(
    boards
      .flatMap(panelsOf)
      .flatMap(({ targets }) => targets.flatMap(({ expr }) => selectorsOf(expanded(expr)).map(({ name }) => name))),
  );
  const missing = Object.entries(catalogue).filter(([, row]) => {
    const parts = (row as InstrumentSpec).kind === 'histogram' ? (['bucket', 'sum', 'count'] as const) : [undefined];
    return !parts.some((part) => shown.has(seriesName(row, part)));
  });
  expect(missing.map(([id]) => id).sort()).toEqual(Object.keys(otherwise).sort());
});
