import { catalogue, type InstrumentSpec } from '../src/catalogue/index.ts';
import { settings } from '../src/options.ts';
import { selfValues } from './self-values.ts';

const FAMILIES: readonly (readonly [names: RegExp, title: string])[] = [
  [/^gen_ai\.client\./, 'Model calls, by the GenAI semantic conventions'],
  [/^gen_ai\.(invoke|execute)_/, 'Agents, tools and workflows, by the GenAI semantic conventions'],
  [/^gaugeway\.model\./, 'Model calls, beyond the conventions'],
  [/^gaugeway\.job\./, 'Jobs'],
  [/^http\./, 'HTTP requests, by the semantic conventions'],
  [/^gaugeway\.http\./, 'HTTP requests, beyond the conventions'],
  [/^gaugeway\.gateway\./, 'The gateway'],
  [/^db\./, 'Databases, by the semantic conventions'],
  [/^gaugeway\.db\./, 'Databases, beyond the conventions'],
  [/^gaugeway\.operation\./, 'Operations'],
  [/^gaugeway\.monitor\./, 'The monitor'],
  [/^process\./, 'The process, by the semantic conventions'],
  [/^gaugeway\.self\./, 'gaugeway itself'],
];

/** `docs/metrics.md`: every instrument with its unit, attributes and boundaries. */
export function metricsPage(): string {
  const specs: InstrumentSpec[] = Object.values(catalogue);
  const sections = FAMILIES.map(([names, title]) => {
    const rows = specs.filter((spec) => names.test(spec.name)).map(instrumentSection);
    return `## ${title}\n\n${rows.join('\n\n')}`;
  });
  return `# Metrics

Every instrument of gaugeway. Rendered from \`src/catalogue\` by \`npm run render\`; do not edit by hand.

The names are the same over OTLP and on \`/metrics\`; Prometheus shows them with \`_\` for \`.\` and with their unit, as in
\`gen_ai_client_operation_duration_seconds_bucket\`. An instrument marked with a generation of the GenAI names is written
only with \`GAUGEWAY_GENAI_NAMES\` set to it (\`v1.41\`, the default, \`latest\`, or \`both\`).

${sections.join('\n\n')}

${selfValues()}
`;
}

function instrumentSection(spec: InstrumentSpec): string {
  const kind = spec.kind.replace('observable_', '').replace('updown', 'up-down counter');
  const lines = [
    `### \`${spec.name}\``,
    '',
    spec.description,
    '',
    `- ${kind}, unit \`${spec.unit}\`${spec.profile === undefined ? '' : `, names of generation \`${spec.profile}\``}`,
    `- attributes: ${spec.attributes.map((attribute) => `\`${attribute}\``).join(', ') || 'none'}`,
  ];
  if (spec.buckets !== undefined) lines.push(`- boundaries: ${spec.buckets.join(', ')}`);
  return lines.join('\n');
}

/** `docs/configuration.md`: every setting with its option, variables and default. */
export function configurationPage(): string {
  const rows = Object.entries(settings).map(([option, { description, variables, fallback, parser }]) => {
    const value = fallback as unknown;
    const isEmpty = value === undefined || (typeof value === 'object' && Object.keys(value as object).length === 0);
    const shown = isEmpty ? '' : `\`${String(value)}\``;
    const names = variables.map((variable) => `\`${variable}\``).join('<br>');
    return `| \`${option}\` | ${names} | ${shown} | ${description} Must be ${parser.expects}. |`;
  });
  return `# Configuration

Rendered from \`src/options.ts\` by \`npm run render\`; do not edit by hand.

An option of \`setup()\` beats a \`GAUGEWAY_*\` variable beats a variable of a specification beats the default. A wrong
variable is one line on stderr and leaves the default; a wrong option throws and names itself.

| Option | Variables | Default | Meaning |
| --- | --- | --- | --- |
${rows.join('\n')}

The OTLP exporters also read \`OTEL_EXPORTER_OTLP_ENDPOINT\`, \`_HEADERS\`, \`_TIMEOUT\` (10000), \`_COMPRESSION\` (gzip),
\`_CERTIFICATE\`, \`_CLIENT_CERTIFICATE\` and \`_CLIENT_KEY\`, each with \`METRICS_\` or \`TRACES_\` before its last word for one
signal, and the resource \`OTEL_RESOURCE_ATTRIBUTES\`. With \`OTEL_CONFIG_FILE\` the SDK's own reader of that file decides
about exporters, views, samplers and the resource.

Only code can give \`redactContent\`, \`views\`, \`metricReaders\`, \`spanProcessors\` and \`instrumentations\`.
`;
}
