import type { DataLink } from './grafana.ts';

/** Which traces belong to a series. */
export interface TraceSearch {
  /** Conditions of TraceQL besides the service; `${...}` are variables of Grafana. */
  readonly conditions?: readonly string[];
  /** Attributes of a span that Jaeger looks for. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** What a label of the series says, for a link. */
export const ofSeries = (label: string): string => `\${__field.labels.${label}}`;

/** Links from a point of a panel to the traces of that time, in Tempo and in Jaeger. */
export function traceLinks({ conditions = [], tags = {} }: TraceSearch): DataLink[] {
  // A regular expression, because the service may be "all", which is `.*`. As it stands, not escaped: a backslash would
  // end the JSON that it is put in.
  const query = `{ ${['resource.service.name =~ "${service}"', ...conditions].join(' && ')} }`;
  const logfmt = Object.entries(tags).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return [
    explore('Traces in Tempo', 'tempo', { queryType: 'traceql', query, limit: 20, tableType: 'traces' }),
    explore('Traces in Jaeger (choose a service first)', 'jaeger', {
      queryType: 'search',
      service: '${service}',
      limit: 20,
      ...(logfmt.length > 0 && { tags: logfmt.join(' ') }),
    }),
  ];
}

function explore(title: string, type: 'tempo' | 'jaeger', query: Record<string, unknown>): DataLink {
  const datasource = `\${${type}}`;
  const pane = {
    datasource,
    queries: [{ refId: 'A', datasource: { type, uid: datasource }, ...query }],
    range: { from: '${__from}', to: '${__to}' },
  };
  return {
    title,
    url: `/explore?schemaVersion=1&panes=${encode(JSON.stringify({ traces: pane }))}`,
    targetBlank: true,
  };
}

/** Percent-encoded, but for the variables: Grafana fills those in, and encoded it would not know them. */
function encode(text: string): string {
  return text
    .split(/(\$\{[^}]+\})/)
    .map((piece, index) => (index % 2 === 1 ? piece : encodeURIComponent(piece)))
    .join('');
}
