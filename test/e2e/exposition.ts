/** One sample of the text format. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

/** Reads the text format of Prometheus; throws for a line that is none of it. */
function parseExposition(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!sample) throw new Error(`Not a sample: ${line}`);
    const [, name = '', inner = '', value = ''] = sample;
    const labels: Record<string, string> = {};
    for (const [, key = '', quoted = ''] of inner.matchAll(LABEL)) {
      labels[key] = quoted.replace(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character));
    }
    samples.push({ name, labels, value: Number(value.replace('Inf', 'Infinity')) });
  }
  return samples;
}

/** What the path decides: where a sample comes from, and the scope, which has tests of its own. */
const OF_THE_PATH = ['__name__', 'job', 'instance', 'otel_scope_name', 'otel_scope_version'];

/**
 * Values by series. Left out are labels that depend on the path, further ones as asked, and empty ones, which are none;
 * bounds of buckets are compared as numbers. Throws when two series become one.
 */
export function bySeries(samples: readonly Sample[], without: readonly string[] = []): Record<string, number> {
  const series: Record<string, number> = {};
  for (const { name, labels, value } of samples) {
    const shown = Object.entries(labels)
      .filter(([key, text]) => text !== '' && !OF_THE_PATH.includes(key) && !without.includes(key))
      .map(([key, text]) => `${key}=${JSON.stringify(key === 'le' ? bound(text) : text)}`)
      .sort();
    const key = `${name}{${shown.join(',')}}`;
    if (key in series) throw new Error(`Twice: ${key}`);
    series[key] = rounded(value);
  }
  return Object.fromEntries(Object.entries(series).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Two readers add the same amounts in another order, which shows in the last of a double's sixteen digits. */
export const rounded = (value: number) => Number(value.toPrecision(12));

const bound = (text: string) => String(Number(text.replace('Inf', 'Infinity')));

/** Reads a metrics endpoint. */
export async function scrape(url: string): Promise<Sample[]> {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
  return parseExposition(text);
}
