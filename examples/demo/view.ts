import type { JobNumbers, ModelNumbers } from './numbers.ts';
import { amount, type Column, cut, duration, paint, renderTable, type Style, wrap } from './table.ts';

/** What there is to show. */
export interface Scene {
  readonly models: readonly ModelNumbers[];
  readonly jobs: readonly JobNumbers[];
  readonly seconds: number;
  readonly metricsUrls: Readonly<Record<string, string>>;
  readonly exportsTo: string | undefined;
}

const errorsOf = ({ errors }: ModelNumbers) => Object.values(errors).reduce((sum, count) => sum + count, 0);

const MODELS: Column<ModelNumbers>[] = [
  { title: 'model', cell: ({ model }) => model },
  { title: 'calls', cell: ({ calls }) => amount(calls) },
  { title: 'P50', width: 6, cell: ({ p50 }) => duration(p50) },
  { title: 'P90', width: 6, cell: ({ p90 }) => duration(p90), dispensable: 2 },
  { title: 'P99', width: 6, cell: ({ p99 }) => duration(p99) },
  { title: 'TTFC', width: 6, cell: ({ firstChunkP50 }) => duration(firstChunkP50), dispensable: 1 },
  { title: 'tok/s', cell: ({ tokensPerSecond }) => amount(tokensPerSecond) },
  { title: 'input', width: 6, cell: ({ inputTokens }) => amount(inputTokens) },
  { title: 'output', width: 6, cell: ({ outputTokens }) => amount(outputTokens) },
  { title: 'errors', cell: (row) => amount(errorsOf(row)), isBad: (row) => errorsOf(row) > 0 },
  { title: 'active', cell: ({ active }) => amount(active), dispensable: 3 },
];

const JOBS: Column<JobNumbers>[] = [
  { title: 'job', cell: ({ job }) => job },
  { title: 'runs', cell: ({ runs }) => amount(runs) },
  { title: 'waiting P50', cell: ({ waitP50 }) => duration(waitP50) },
  { title: 'run P50', cell: ({ p50 }) => duration(p50) },
  { title: 'run P90', cell: ({ p90 }) => duration(p90) },
  { title: 'failures', cell: ({ failures }) => amount(failures), isBad: ({ failures }) => failures > 0 },
  { title: 'retries', cell: ({ retries }) => amount(retries) },
  { title: 'active', cell: ({ active }) => amount(active), dispensable: 1 },
];

const NOTES =
  'P50 to P99 come from histogram buckets, interpolated inside of one, as Prometheus does it. TTFC (time to first ' +
  'chunk) and tok/s (output tokens after it) are medians of the streamed calls; input and output count tokens.';

/** What runs, and where its numbers can be read. */
export function renderTitle(
  { metricsUrls, exportsTo }: Pick<Scene, 'metricsUrls' | 'exportsTo'>,
  style: Style,
): string[] {
  const lines = [
    `${paint('bold', 'gaugeway demo', style)}: a gateway and a job orchestrator, measured by a flag, read from`,
    ...Object.entries(metricsUrls).map(([name, url]) => `  ${name.padEnd(12)}  ${url}`),
    ...(exportsTo === undefined ? [] : [`  A Collector answers: metrics and traces also go to ${exportsTo}.`]),
  ];
  return lines.map((line) => cut(line, style));
}

/** The tables. */
export function renderNumbers({ models, jobs, seconds }: Scene, style: Style): string[] {
  const failing = models.filter((row) => errorsOf(row) > 0);
  const lines = [
    ...renderTable(MODELS, models, style),
    '',
    ...renderTable(JOBS, jobs, style),
    '',
    ...(failing.length === 0 ? [] : renderErrors(failing, style)),
    ...wrap(`After ${seconds} s of traffic. ${NOTES}`.split(' '), style).map((line) => paint('dim', line, style)),
  ];
  return lines.map((line) => cut(line, style));
}

function renderErrors(models: readonly ModelNumbers[], style: Style): string[] {
  const columns: Column<ModelNumbers>[] = [
    { title: 'errors of', cell: ({ model }) => model },
    { title: 'by type', cell: ({ errors }) => byType(errors) },
  ];
  const widest = Math.max(...models.map(({ errors }) => byType(errors).length));
  // The last column reads from the left, like a sentence.
  const left = columns.map((column, index) =>
    index === 0
      ? column
      : { ...column, title: column.title.padEnd(widest), cell: (row: ModelNumbers) => column.cell(row).padEnd(widest) },
  );
  return [...renderTable(left, models, style), ''];
}

function byType(errors: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(errors).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return sorted.map(([type, count]) => `${count} ${type}`).join(', ');
}
