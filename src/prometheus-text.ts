/** A metric as Prometheus sees it: every series of one name. */
export interface PrometheusFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
}

const escapeHelp = (text: string): string => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');

/** Labels as they stand between the braces, without the braces. */
export function labelText(labels: readonly (readonly [name: string, value: string])[]): string {
  return labels.map(([name, value]) => `${name}="${escapeHelp(value).replace(/"/g, '\\"')}"`).join(',');
}

/** Label texts one after the other; either may be empty. */
export function joinLabels(first: string, second: string): string {
  return first === '' || second === '' ? first + second : `${first},${second}`;
}

export function metadataText({ name, type, help }: PrometheusFamily): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
}

export function numberText(name: string, labels: string, value: number): string {
  return `${name}${braced(labels)} ${valueText(value)}\n`;
}

/** A histogram as the SDK collects it: a count for each boundary and one beyond. */
interface HistogramValue {
  readonly buckets: { readonly boundaries: readonly number[]; readonly counts: readonly number[] };
  readonly sum?: number;
  readonly count: number;
}

/** A histogram of one series: cumulative buckets, then sum and count. */
export function histogramText(name: string, labels: string, { buckets, sum, count }: HistogramValue): string {
  const start = `${name}_bucket{${labels}${labels === '' ? '' : ','}le="`;
  const bounds = boundTexts(buckets.boundaries);
  let text = '';
  let cumulative = 0;
  for (let index = 0; index < bounds.length; index++) {
    cumulative += buckets.counts[index] ?? 0;
    text += `${start}${bounds[index]}"} ${cumulative}\n`;
  }
  const outer = braced(labels);
  text += `${start}+Inf"} ${count}\n`;
  if (sum !== undefined) text += `${name}_sum${outer} ${valueText(sum)}\n`;
  return `${text}${name}_count${outer} ${count}\n`;
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}

/** The series of an instrument share one array of boundaries for life. */
const textsOfBounds = new WeakMap<readonly number[], string[]>();

function boundTexts(boundaries: readonly number[]): string[] {
  let texts = textsOfBounds.get(boundaries);
  if (texts === undefined) {
    texts = boundaries.filter((bound) => bound !== Number.POSITIVE_INFINITY).map(valueText);
    textsOfBounds.set(boundaries, texts);
  }
  return texts;
}

function valueText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
