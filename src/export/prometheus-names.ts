import type { Attributes } from '@opentelemetry/api';

/** How a metric behaves, as far as its Prometheus name depends on it. */
export type MetricShape = 'counter' | 'up-down' | 'gauge' | 'histogram';

// The tables and the rules below are those of https://github.com/prometheus/otlptranslator for the strategy
// UnderscoreEscapingWithSuffixes, which the Collector and Prometheus's OTLP receiver apply to the same metrics.
const UNIT_WORDS = new Map([
  ['d', 'days'],
  ['h', 'hours'],
  ['min', 'minutes'],
  ['s', 'seconds'],
  ['ms', 'milliseconds'],
  ['us', 'microseconds'],
  ['ns', 'nanoseconds'],
  ['By', 'bytes'],
  ['KiBy', 'kibibytes'],
  ['MiBy', 'mebibytes'],
  ['GiBy', 'gibibytes'],
  ['TiBy', 'tibibytes'],
  ['KBy', 'kilobytes'],
  ['MBy', 'megabytes'],
  ['GBy', 'gigabytes'],
  ['TBy', 'terabytes'],
  ['m', 'meters'],
  ['V', 'volts'],
  ['A', 'amperes'],
  ['J', 'joules'],
  ['W', 'watts'],
  ['g', 'grams'],
  ['Cel', 'celsius'],
  ['Hz', 'hertz'],
  ['1', ''],
  ['%', 'percent'],
]);

const PER_UNIT_WORDS = new Map([
  ['s', 'second'],
  ['m', 'minute'],
  ['h', 'hour'],
  ['d', 'day'],
  ['w', 'week'],
  ['mo', 'month'],
  ['y', 'year'],
]);

const INVALID_CHARACTERS = /[^a-zA-Z0-9]+/g;
/** A colon belongs to recording rules, but a name that has one keeps it. */
const INVALID_IN_NAMES = /[^a-zA-Z0-9:]+/g;
const INVALID_IN_LABELS = /[^a-zA-Z0-9_]/gu;
const ANNOTATION = /[{}]/;

function unitWord(unit: string, words: ReadonlyMap<string, string>): string {
  const trimmed = unit.trim();
  return ANNOTATION.test(trimmed) ? '' : (words.get(trimmed) ?? trimmed);
}

function cleanUnit(word: string): string {
  return word.replace(INVALID_CHARACTERS, '_').replace(/^_/, '');
}

function unitSuffixes(unit: string): { main: string; per: string } {
  const slash = unit.indexOf('/');
  const main = cleanUnit(unitWord(slash < 0 ? unit : unit.slice(0, slash), UNIT_WORDS));
  const perWord = slash < 0 ? '' : unitWord(unit.slice(slash + 1), PER_UNIT_WORDS);
  const per = cleanUnit(perWord && `per_${perWord}`).replace(/_$/, '');
  return { main, per: per === 'per' ? '' : per };
}

/** The Prometheus name of a metric, or `undefined` when nothing of its name can be kept. */
export function prometheusMetricName(name: string, unit: string, shape: MetricShape): string | undefined {
  let tokens = name.split(INVALID_IN_NAMES).filter((token) => token !== '');
  const { main, per } = unitSuffixes(unit);
  const suffixes = [per ? main.replace(/_$/, '') : main, per];
  tokens.push(...suffixes.filter((suffix) => suffix !== '' && !tokens.includes(suffix)));

  const type = shape === 'counter' ? 'total' : shape === 'gauge' && unit === '1' ? 'ratio' : undefined;
  if (type) tokens = [...tokens.filter((token) => token !== type), type];

  const joined = tokens.join('_');
  if (joined === '') return undefined;
  return /^[0-9]/.test(joined) ? `_${joined}` : joined;
}

/** Far above any honest value, far below the 16 MB that a Prometheus can store. */
const MAX_LABEL_CHARACTERS = 2048;

// `le` and the scope labels are appended to each series, `job` and `instance` by Prometheus, which renames what
// it scrapes in this way. Doing it first keeps `honor_labels: true` from moving the series to another target.
const RESERVED_LABEL = /^(?:le|job|instance|otel_scope_.*)$/;

/** The Prometheus label for an attribute key: valid, and never one that something else sets. */
export function prometheusLabelName(key: string): string {
  // Runs of underscores stay, but what begins with two belongs to Prometheus.
  const name = key
    .slice(0, MAX_LABEL_CHARACTERS)
    .replace(INVALID_IN_LABELS, '_')
    .replace(/^_*$|^__+/, '_');
  if (/^[0-9]/.test(name)) return `key_${name}`;
  return RESERVED_LABEL.test(name) ? `exported_${name}` : name;
}

function labelValue(value: unknown): string {
  let text: string;
  try {
    // Lists and maps as JSON, as OTLP's own conversion to text has them.
    text = typeof value === 'object' ? (JSON.stringify(value) ?? '') : String(value);
  } catch {
    // A cycle or a hostile `toJSON`: the series counts for more than this value.
    text = 'unserializable';
  }
  return bounded(text);
}

function bounded(text: string): string {
  // Two lone surrogates differ here but not in UTF-8, and would print one series twice.
  return text.slice(0, MAX_LABEL_CHARACTERS).toWellFormed();
}

/**
 * Attributes as Prometheus labels, all of them strings and sorted by name. Keys that become one label have their values
 * joined with `;` in the order of the keys, and `onJoin` hears of it; an empty label is none.
 */
export function prometheusLabels(
  attributes: Attributes,
  onJoin?: (label: string, key: string) => void,
): [name: string, value: string][] {
  const labels = new Map<string, string>();
  for (const key of Object.keys(attributes).sort()) {
    const value = attributes[key];
    if (value === undefined || value === null) continue;
    const name = prometheusLabelName(key);
    const earlier = labels.get(name);
    if (earlier !== undefined) onJoin?.(name, key);
    labels.set(name, earlier ? bounded(`${earlier};${labelValue(value)}`) : labelValue(value));
  }
  return [...labels].filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : 1));
}
