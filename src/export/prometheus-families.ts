import type { Attributes } from '@opentelemetry/api';
import {
  type DataPoint,
  DataPointType,
  type ExponentialHistogram,
  type Histogram,
  type MetricData,
  type MetricDescriptor,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import {
  histogramText,
  joinLabels,
  labelText,
  metadataText,
  numberText,
  type PrometheusFamily,
} from '../prometheus-text.ts';
import { type MetricShape, prometheusLabels, prometheusMetricName } from './prometheus-names.ts';

type Value = number | Histogram;

/** What an instrument becomes; `undefined`: refused, because its name is empty or belongs to another family. */
interface Claim {
  readonly shape: MetricShape;
  readonly name: string | undefined;
}

/** The instruments that share a name, each with the labels of its scope. */
interface Members extends PrometheusFamily {
  help: string;
  readonly metrics: { readonly metric: MetricData; readonly scopeLabels: string }[];
}

const MAX_WARNINGS = 100;

function shapeOf(metric: MetricData): MetricShape {
  switch (metric.dataPointType) {
    case DataPointType.SUM:
      return metric.isMonotonic ? 'counter' : 'up-down';
    case DataPointType.GAUGE:
      return 'gauge';
    default:
      return 'histogram';
  }
}

/** Undefined when the two do not go together. */
function addHistograms(earlier: Histogram, later: Histogram): Histogram | undefined {
  const { boundaries, counts } = earlier.buckets;
  const other = later.buckets;
  if (boundaries.length !== other.boundaries.length || boundaries.some((bound, i) => bound !== other.boundaries[i])) {
    return undefined;
  }
  return {
    buckets: { boundaries, counts: counts.map((count, i) => count + (other.counts[i] ?? 0)) },
    count: earlier.count + later.count,
    ...(earlier.sum !== undefined && later.sum !== undefined && { sum: earlier.sum + later.sum }),
  };
}

/** The text format knows no exponential histogram; one bucket still gives rates and averages. */
function withOneBucket({ count, sum }: ExponentialHistogram): Histogram {
  return { buckets: { boundaries: [], counts: [count] }, count, ...(sum !== undefined && { sum }) };
}

function shownValue(metric: MetricData, point: DataPoint<unknown>): Value | undefined {
  switch (metric.dataPointType) {
    case DataPointType.HISTOGRAM:
      return point.value as Histogram;
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      return withOneBucket(point.value as ExponentialHistogram);
    default:
      return typeof point.value === 'number' ? point.value : undefined;
  }
}

/**
 * Makes the function that writes what the SDK collected as Prometheus text, with the names a Collector would give and
 * nothing that makes Prometheus refuse the scrape. The text comes in small pieces, some of them empty, so that the caller
 * can pause between two. The SDK's objects stay as they are; one line per problem goes to `warn`.
 */
export function createPrometheusWriter(
  warn: (message: string) => void,
): (from: ResourceMetrics) => Generator<string, void, void> {
  const claims = new WeakMap<MetricDescriptor, Claim>();
  // The SDK keeps the attributes of a cumulative series, so each is translated once in its life.
  const labelTexts = new WeakMap<Attributes, string>();
  // For the life of the process, so that two instruments that want one name do not take turns between scrapes.
  const owners = new Map<string, string>([['target_info', 'target_info']]);
  const warned = new Set<string>();

  function warnOnce(message: string): void {
    if (warned.has(message) || warned.size >= MAX_WARNINGS) return;
    warned.add(message);
    warn(message);
  }

  function isFree(name: string, shape: MetricShape): boolean {
    // A gauge `x_count` beside a histogram `x` would be samples of the histogram to most parsers.
    const samples = shape === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
    const owner = `${shape === 'up-down' ? 'gauge' : shape} ${name}`;
    if (samples.some((sample) => (owners.get(sample) ?? owner) !== owner)) return false;
    for (const sample of samples) owners.set(sample, owner);
    return true;
  }

  function createClaim(descriptor: MetricDescriptor, shape: MetricShape): Claim {
    // Plain JavaScript passes anything as unit or description, and the SDK passes it on.
    const name = prometheusMetricName(String(descriptor.name), String(descriptor.unit), shape);
    if (name !== undefined && isFree(name, shape)) return { shape, name };
    warnOnce(
      name === undefined
        ? `Prometheus: the metric ${JSON.stringify(descriptor.name)} has no valid name and is not shown.`
        : `Prometheus: the ${shape} ${JSON.stringify(descriptor.name)} is not shown, because ${name} is the name of another metric.`,
    );
    return { shape, name: undefined };
  }

  function claimOf(metric: MetricData): Claim {
    const shape = shapeOf(metric);
    let claim = claims.get(metric.descriptor);
    if (claim?.shape !== shape) {
      claim = createClaim(metric.descriptor, shape);
      claims.set(metric.descriptor, claim);
    }
    return claim;
  }

  function labelsOf(attributes: Attributes): string {
    let text = labelTexts.get(attributes);
    if (text === undefined) {
      const labels = prometheusLabels(attributes, (label, key) =>
        warnOnce(
          `Prometheus: ${JSON.stringify(key)} and another attribute are one label, ${label}; values are joined with ";".`,
        ),
      );
      text = labelText(labels);
      labelTexts.set(attributes, text);
    }
    return text;
  }

  function familiesOf({ scopeMetrics }: ResourceMetrics): Iterable<Members> {
    const families = new Map<string, Members>();
    for (const { scope, metrics } of scopeMetrics) {
      const scopeLabels = labelText(
        (
          [
            ['otel_scope_name', scope.name],
            ['otel_scope_schema_url', scope.schemaUrl],
            ['otel_scope_version', scope.version],
          ] as const
        ).flatMap(([name, value]) => (value ? [[name, value] as const] : [])),
      );
      for (const metric of metrics) {
        const { name, shape } = claimOf(metric);
        if (name === undefined) continue;
        let family = families.get(name);
        if (family === undefined) {
          family = { name, type: shape === 'up-down' ? 'gauge' : shape, help: '', metrics: [] };
          families.set(name, family);
        }
        family.help ||= String(metric.descriptor.description);
        family.metrics.push({ metric, scopeLabels });
      }
    }
    return families.values();
  }

  /** Gathers the series of a family by their labels: attributes that become equal are one series. */
  function* gather({ name, metrics }: Members, series: Map<string, Value>): Generator<string, void, void> {
    for (const { metric, scopeLabels } of metrics) {
      for (const point of metric.dataPoints) {
        const value = shownValue(metric, point);
        if (value === undefined) continue;
        const labels = joinLabels(labelsOf(point.attributes), scopeLabels);
        const earlier = series.get(labels);
        if (earlier === undefined) series.set(labels, value);
        else if (typeof value === 'number') {
          // One collection gives all its points one time, so the order decides between two of a gauge.
          series.set(labels, metric.dataPointType === DataPointType.SUM ? (earlier as number) + value : value);
        } else {
          const sum = addHistograms(earlier as Histogram, value);
          if (sum !== undefined) series.set(labels, sum);
          else warnOnce(`Prometheus: histograms with different buckets are named ${name}; only the first is shown.`);
        }
        yield '';
      }
    }
  }

  return function* write(from) {
    const target = { name: 'target_info', type: 'gauge', help: 'Target metadata' } as const;
    yield metadataText(target) + numberText(target.name, labelsOf(from.resource.attributes), 1);
    for (const family of familiesOf(from)) {
      const series = new Map<string, Value>();
      yield* gather(family, series);
      if (series.size > 0) yield metadataText(family);
      for (const [labels, value] of series) {
        yield typeof value === 'number'
          ? numberText(family.name, labels, value)
          : histogramText(family.name, labels, value);
      }
    }
  };
}
