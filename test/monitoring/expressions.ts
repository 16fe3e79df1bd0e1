import { parser } from '@prometheus-io/lezer-promql';
import { label, seriesName } from '../../monitoring/promql.ts';
import { runtime, servers } from '../../monitoring/third-party.ts';
import { catalogue, type InstrumentSpec } from '../../src/catalogue/index.ts';

type SyntaxNode = ReturnType<typeof parser.parse>['topNode'];

/** What an expression reads: a name and the labels that are compared. */
export interface Selector {
  name: string;
  labels: string[];
}

/** Grafana's macros as Prometheus would get them. */
export const expanded = (expression: string) =>
  expression.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '1h').replaceAll('$__interval', '10s');

/** The tree of an expression; throws, showing the place, when it is no PromQL. */
export function parsePromql(expression: string): SyntaxNode {
  const tree = parser.parse(expression);
  tree.iterate({
    enter({ type, from }) {
      if (type.isError)
        throw new SyntaxError(`not PromQL at ${from}: ${expression.slice(0, from)}⟨here⟩${expression.slice(from)}`);
    },
  });
  return tree.topNode;
}

function within(node: SyntaxNode, name: string): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  node.cursor().iterate((cursor) => {
    if (cursor.name === name) found.push(cursor.node);
  });
  return found;
}

/** Everything that a part of an expression reads. */
export function selectorsOf(expression: string, node = parsePromql(expression)): Selector[] {
  const text = ({ from, to }: SyntaxNode) => expression.slice(from, to);
  return within(node, 'VectorSelector').map((selector) => {
    const identifier = selector.getChild('Identifier');
    return {
      name: identifier ? text(identifier) : '',
      labels: within(selector, 'LabelName').map(text),
    };
  });
}

/** Labels that groups are made by, each with everything that is read below it. */
export function groupingsOf(expression: string): { labels: string[]; reads: Selector[] }[] {
  return within(parsePromql(expression), 'AggregateExpr').map((aggregate) => {
    const modifier = aggregate.getChild('AggregateModifier');
    const labels = modifier?.getChild('By') ? within(modifier, 'LabelName') : [];
    return {
      labels: labels.map(({ from, to }) => expression.slice(from, to)),
      reads: selectorsOf(expression, aggregate),
    };
  });
}

/** Percentiles that are compared with a number: what they are of, and the number. */
export function comparedPercentiles(expression: string): { reads: Selector[]; limit: number }[] {
  return within(parsePromql(expression), 'BinaryExpr').flatMap((binary) => {
    const [left, right] = [binary.firstChild, binary.lastChild];
    const isComparison = binary.getChild('Gtr') !== null || binary.getChild('Gte') !== null;
    if (!isComparison || !left || right?.name !== 'NumberDurationLiteral') return [];
    if (!expression.slice(left.from, left.to).startsWith('histogram_quantile')) return [];
    return [{ reads: selectorsOf(expression, left), limit: Number(expression.slice(right.from, right.to)) }];
  });
}

const ALWAYS = ['job', 'instance'];

/** Every series that exists, by name, with its labels and, for buckets, its boundaries. */
export const known = new Map<string, { labels: string[]; row: InstrumentSpec | undefined }>();
for (const row of [...Object.values(catalogue), ...Object.values(runtime)] as InstrumentSpec[]) {
  const labels = [...ALWAYS, ...row.attributes.map((key) => label(key as never))];
  if (row.kind !== 'histogram') known.set(seriesName(row), { labels, row });
  else {
    known.set(seriesName(row, 'bucket'), { labels: [...labels, 'le'], row });
    for (const part of ['sum', 'count'] as const) known.set(seriesName(row, part), { labels, row });
  }
}
const SERVER_LABELS = [
  'exporter',
  'receiver',
  'data_type',
  'alertstate',
  'alertname',
  'severity',
  'alertmanager',
  'integration',
  'rule_group',
];
for (const name of Object.values(servers)) known.set(name, { labels: [...ALWAYS, ...SERVER_LABELS], row: undefined });
