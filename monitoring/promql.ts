import type { Catalogue, InstrumentId, InstrumentSpec } from '../src/catalogue/index.ts';
import { type MetricShape, prometheusLabelName, prometheusMetricName } from '../src/export/prometheus-names.ts';
import { type runtime, servers } from './third-party.ts';

/** A PromQL expression. */
export type Expression = string;
/** A range as PromQL writes it, or Grafana's `$__rate_interval`. */
export type Range = string;
type AttributeKey = Catalogue[InstrumentId]['attributes'][number];
type RuntimeAttributeKey = (typeof runtime)[keyof typeof runtime]['attributes'][number];
/** An attribute that some instrument has, or a label that every series has. */
export type LabelKey = AttributeKey | RuntimeAttributeKey | 'job' | 'instance' | 'le';
/** What a label must be: exactly this, or as said. */
export type Match =
  | string
  | { readonly matches: string }
  | { readonly doesNotMatch: string }
  | { readonly not: string };
/** Which series of an instrument. */
export type Where = { readonly [K in LabelKey]?: Match };
/** Which of the series of a histogram; the series of any other instrument has no part. */
export type Part = 'bucket' | 'sum' | 'count';

const SHAPES: Record<InstrumentSpec['kind'], MetricShape> = {
  counter: 'counter',
  updown: 'up-down',
  histogram: 'histogram',
  gauge: 'gauge',
  observable_counter: 'counter',
  observable_gauge: 'gauge',
};

/** The name that an instrument's series have in Prometheus. */
export function seriesName(row: InstrumentSpec, part?: Part): string {
  if ((row.kind === 'histogram') !== (part !== undefined)) {
    throw new TypeError(
      `${row.name} is a ${row.kind}: ${part === undefined ? 'a part is missing' : `it has no ${part}`}`,
    );
  }
  const name = prometheusMetricName(row.name, row.unit, SHAPES[row.kind]);
  if (name === undefined) throw new TypeError(`${row.name} has no name in Prometheus`);
  return part === undefined ? name : `${name}_${part}`;
}

/** The label that an attribute becomes in Prometheus. */
export function label(key: LabelKey): string {
  return key === 'job' || key === 'instance' || key === 'le' ? key : prometheusLabelName(key);
}

/** The series of an instrument of the catalogue. */
export function series(row: InstrumentSpec, part?: Part, where: Where = {}): Expression {
  const matchers = (Object.entries(where) as [LabelKey, Match][]).map(([key, match]) => matcher(label(key), match));
  return `${seriesName(row, part)}{${matchers.join(', ')}}`.replace('{}', '');
}

/** The series of a server about itself, by their names in Prometheus. */
export function serverSeries(name: string, where: Readonly<Record<string, Match>> = {}): Expression {
  const matchers = Object.entries(where).map(([key, match]) => matcher(key, match));
  return `${name}{${matchers.join(', ')}}`.replace('{}', '');
}

function matcher(name: string, match: Match): string {
  if (typeof match === 'string') return `${name}=${JSON.stringify(match)}`;
  if ('matches' in match) return `${name}=~${JSON.stringify(match.matches)}`;
  if ('doesNotMatch' in match) return `${name}!~${JSON.stringify(match.doesNotMatch)}`;
  return `${name}!=${JSON.stringify(match.not)}`;
}

/** A boundary as a matcher of `le`: Prometheus writes a whole number with or without its decimals, as it came. */
export function atMost(boundary: number): Match {
  return Number.isInteger(boundary) ? { matches: `${boundary}(\\.0)?` } : String(boundary);
}

/** How fast the counters rise, per second. */
export const rate = (counters: Expression, range: Range): Expression => `rate(${counters}[${range}])`;

/** How much the counters have risen. */
export const increase = (counters: Expression, range: Range): Expression => `increase(${counters}[${range}])`;

/**
 * How much the counters have risen, the first value of a new one included: `increase` does not see it, and so misses the
 * first burst of a new kind of error. New is what was not there in the hour before, of a process that was: a gap in the data
 * makes nothing new, nor does a Prometheus that has just begun to listen to old processes.
 */
export function growth(counters: Expression, range: Range): Expression {
  const born = `${counters} unless max_over_time(${counters}[1h] offset ${range})`;
  return `(${born} and on (job, instance) ${servers.processes} offset ${range}) or ${increase(counters, range)}`;
}

/** The sum over everything but these labels. */
export function sumBy(by: readonly LabelKey[], expression: Expression): Expression {
  return aggregate('sum', by, expression);
}

/** The largest over everything but these labels. */
export function maxBy(by: readonly LabelKey[], expression: Expression): Expression {
  return aggregate('max', by, expression);
}

/** The smallest over everything but these labels. */
export function minBy(by: readonly LabelKey[], expression: Expression): Expression {
  return aggregate('min', by, expression);
}

function aggregate(operator: string, by: readonly LabelKey[], expression: Expression): Expression {
  return by.length === 0
    ? `${operator}(${expression})`
    : `${operator} by (${by.map(label).join(', ')}) (${expression})`;
}

/** A quantile per group, from the rates of buckets. */
export function quantile(q: number, by: readonly LabelKey[], rates: Expression): Expression {
  return `histogram_quantile(${q}, ${sumBy([...by, 'le'], rates)})`;
}

/** The series of the first expression, and of each later one what no earlier one has. */
export const either = (...expressions: readonly Expression[]): Expression => expressions.join(' or ');

/** Labels of a comparison between two vectors. */
export const on = (by: readonly LabelKey[]): string => `on (${by.map(label).join(', ')})`;
