import { ask } from './loopback.ts';

/** One line of a Prometheus endpoint. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Scrapes a Prometheus endpoint. */
export async function scrape(url: string): Promise<Sample[]> {
  const { status, text } = await ask('GET', url);
  if (status !== 200) throw new Error(`${url} answered ${status}`);
  return parseSamples(text);
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Reads the Prometheus text format as far as gaugeway writes it. */
export function parseSamples(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value = ''] = LINE.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(LABEL)].map(([, key = '', text = '']) => [key, unescapeLabel(text)]);
    return [
      { name, labels: Object.fromEntries(pairs), value: value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value) },
    ];
  });
}

function unescapeLabel(text: string): string {
  return text.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}

/** The samples of one metric, as far as their labels fit. */
export function select(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): Sample[] {
  const wanted = Object.entries(labels);
  return samples.filter(
    (sample) => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value),
  );
}

export function sum(samples: readonly Sample[]): number {
  return samples.reduce((total, { value }) => total + value, 0);
}

/**
 * A quantile of a histogram, over all of the given series together: found in its buckets and interpolated linearly
 * inside of one, as Prometheus's `histogram_quantile` does. Undefined where nothing was recorded.
 */
export function quantile(q: number, buckets: readonly Sample[]): number | undefined {
  const counts = new Map<number, number>();
  for (const { labels, value } of buckets) {
    const bound = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le);
    counts.set(bound, (counts.get(bound) ?? 0) + value);
  }
  const bounds = [...counts].sort(([a], [b]) => a - b);
  const total = bounds.at(-1)?.[1] ?? 0;
  if (total === 0) return undefined;
  const rank = q * total;
  let [lower, below] = [0, 0];
  for (const [bound, count] of bounds) {
    if (count >= rank && count > below) {
      // Above the last boundary nothing is known but that boundary.
      return Number.isFinite(bound) ? lower + (bound - lower) * ((rank - below) / (count - below)) : lower;
    }
    [lower, below] = [bound, count];
  }
  return lower;
}
