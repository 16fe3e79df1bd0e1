import type { InstrumentSpec } from '../../src/catalogue/index.ts';
import { type LabelKey, label, seriesName } from '../promql.ts';
import type { GrafanaVariable } from './grafana.ts';

/** Something to choose at the top of a board: the values that a label has on some instruments. */
export interface Variable {
  readonly name: string;
  readonly title: string;
  readonly key: LabelKey;
  readonly of: readonly InstrumentSpec[];
  /** Only what a series with these other variables has. */
  readonly within?: readonly Variable[];
  /** Several at once. @default true */
  readonly multi?: boolean;
}

/** A condition on a label: what was chosen for the variable. */
export const chosen = ({ name }: Variable) => ({ matches: `$${name}` });

const DATASOURCES: readonly (readonly [name: string, title: string, type: string])[] = [
  ['datasource', 'Metrics', 'prometheus'],
  ['tempo', 'Traces', 'tempo'],
  ['jaeger', 'Traces (Jaeger)', 'jaeger'],
];

/** Where the numbers come from and where links to traces lead, as far as the board uses it. */
export function datasources(isUsed: (name: string) => boolean): GrafanaVariable[] {
  return DATASOURCES.filter(([name]) => isUsed(name)).map(([name, title, type]) => ({
    type: 'datasource',
    name,
    label: title,
    query: type,
    regex: '',
    // The first of its kind is chosen where nothing is.
    current: {} as never,
    options: [],
    refresh: 1,
    hide: name === 'datasource' ? 0 : 2,
    includeAll: false,
    multi: false,
    skipUrlSync: false,
  }));
}

/** The variable as Grafana reads it. */
export function variable({ name, title, key, of, within = [], multi = true }: Variable): GrafanaVariable {
  const names = of.map((row) => seriesName(row, row.kind === 'histogram' ? 'count' : undefined));
  const conditions = [
    `__name__=~"${names.join('|')}"`,
    ...within.map((other) => `${label(other.key)}=~"$${other.name}"`),
  ];
  const query = `label_values({${conditions.join(', ')}}, ${label(key)})`;
  return {
    type: 'query',
    name,
    label: title,
    datasource: { type: 'prometheus', uid: '${datasource}' },
    definition: query,
    // 1 is "label values", and the id is the one that Grafana's own editor gives.
    query: { qryType: 1, query, refId: 'PrometheusVariableQueryEditor-VariableQuery' },
    // With every change of the time range: what is gone should not be on offer.
    refresh: 2,
    sort: 1,
    includeAll: true,
    // Series without the label too: a connection that fails has no model.
    allValue: '.*',
    multi,
    current: multi ? { text: ['All'], value: ['$__all'] } : { text: 'All', value: '$__all' },
    options: [],
    hide: 0,
    regex: '',
    skipUrlSync: false,
  };
}
