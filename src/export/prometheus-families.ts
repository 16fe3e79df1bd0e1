import type { Attributes } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type MetricDescriptor,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { type MetricShape, prometheusLabels, prometheusMetricName } from './prometheus-names.ts';

type OwnPoint<T> = { -readonly [Key in keyof DataPoint<T>]: DataPoint<T>[Key] };
type Combine<T> = (earlier: OwnPoint<T>, later: DataPoint<T>) => T | undefined;

interface Family {
  readonly shape: MetricShape;
  /** `undefined`: refused, because its name is empty or belongs to another family. */
  readonly descriptor: MetricDescriptor | undefined;
}

interface Labels {
  readonly attributes: Attributes;
  /** Equal for equal label sets. */
  readonly key: string;
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

const add: Combine<number> = (earlier, later) => earlier.value + later.value;

/** One collection gives all its points one time, so the order decides. */
const last: Combine<number> = (_, later) => later.value;

const addBuckets: Combine<Histogram> = ({ value: earlier }, { value: later }) => {
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
};

/**
 * Makes the function that renames what the SDK collected, so that the SDK's serializer prints the names a Collector would
 * and nothing that makes Prometheus refuse the scrape. The SDK's objects stay as they are; one line per problem goes to `warn`.
 */
export function createPrometheusTranslator(
  warn: (message: string) => void,
): (from: ResourceMetrics) => ResourceMetrics {
  const families = new WeakMap<MetricDescriptor, Family>();
  // The SDK keeps the attributes of a cumulative series, so each is translated once in its life.
  const labelSets = new WeakMap<Attributes, Labels>();
  // For the life of the process, so that two instruments that want one name do not take turns between scrapes.
  const owners = new Map<string, string>([['target_info', 'target_info']]);
  const warned = new Set<string>();

  function warnOnce(message: string): void {
    if (warned.has(message) || warned.size >= MAX_WARNINGS) return;
    warned.add(message);
    warn(message);
  }

  function claim(name: string, shape: MetricShape): boolean {
    // A gauge `x_count` beside a histogram `x` would be samples of the histogram to most parsers.
    const samples = shape === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
    const owner = `${shape === 'up-down' ? 'gauge' : shape} ${name}`;
    if (samples.some((sample) => (owners.get(sample) ?? owner) !== owner)) return false;
    for (const sample of samples) owners.set(sample, owner);
    return true;
  }

  function createFamily(descriptor: MetricDescriptor, shape: MetricShape): Family {
    // Plain JavaScript passes anything as unit or description, and the SDK passes it on.
    const name = prometheusMetricName(String(descriptor.name), String(descriptor.unit), shape);
    if (name !== undefined && claim(name, shape)) {
      // The word is in the name now, and `# UNIT` with another word contradicts it.
      return { shape, descriptor: { ...descriptor, name, description: String(descriptor.description), unit: '' } };
    }
    warnOnce(
      name === undefined
        ? `Prometheus: the metric ${JSON.stringify(descriptor.name)} has no valid name and is not shown.`
        : `Prometheus: the ${shape} ${JSON.stringify(descriptor.name)} is not shown, because ${name} is the name of another metric.`,
    );
    return { shape, descriptor: undefined };
  }

  function describe(metric: MetricData): MetricDescriptor | undefined {
    const shape = shapeOf(metric);
    let family = families.get(metric.descriptor);
    if (family?.shape !== shape) {
      family = createFamily(metric.descriptor, shape);
      families.set(metric.descriptor, family);
    }
    return family.descriptor;
  }

  function labelsOf(attributes: Attributes): Labels {
    let labels = labelSets.get(attributes);
    if (!labels) {
      const entries = prometheusLabels(attributes, (label, key) =>
        warnOnce(
          `Prometheus: ${JSON.stringify(key)} and another attribute are one label, ${label}; values are joined with ";".`,
        ),
      );
      labels = { attributes: Object.fromEntries(entries), key: JSON.stringify(entries) };
      labelSets.set(attributes, labels);
    }
    return labels;
  }

  function ownPoints<T>(
    name: string,
    points: readonly DataPoint<T>[],
    series: Map<string, OwnPoint<T>>,
    combine: Combine<T>,
  ): DataPoint<T>[] {
    const own: DataPoint<T>[] = [];
    for (const point of points) {
      const { attributes, key } = labelsOf(point.attributes);
      const earlier = series.get(key);
      if (!earlier) {
        const { startTime, endTime, value } = point;
        const copy = { startTime, endTime, value, attributes };
        series.set(key, copy);
        own.push(copy);
        continue;
      }
      const combined = combine(earlier, point);
      if (combined !== undefined) earlier.value = combined;
      else warnOnce(`Prometheus: histograms with different buckets are named ${name}; only the first is shown.`);
    }
    return own;
  }

  return ({ resource, scopeMetrics }) => {
    const numbers = new Map<string, Map<string, OwnPoint<number>>>();
    const histograms = new Map<string, Map<string, OwnPoint<Histogram>>>();

    function translate(metric: MetricData, scopeKey: string): MetricData | undefined {
      const descriptor = describe(metric);
      if (!descriptor) return undefined;
      const { name } = descriptor;
      const key = name + scopeKey;
      if (metric.dataPointType === DataPointType.SUM || metric.dataPointType === DataPointType.GAUGE) {
        const valid = metric.dataPoints.filter((point) => typeof point.value === 'number');
        const combine = metric.dataPointType === DataPointType.SUM ? add : last;
        return { ...metric, descriptor, dataPoints: ownPoints(name, valid, seriesOf(numbers, key), combine) };
      }
      // The serializer knows no exponential histogram; one bucket still gives rates and averages.
      const points =
        metric.dataPointType === DataPointType.HISTOGRAM ? metric.dataPoints : metric.dataPoints.map(withOneBucket);
      return {
        descriptor,
        aggregationTemporality: metric.aggregationTemporality,
        dataPointType: DataPointType.HISTOGRAM,
        dataPoints: ownPoints(name, points, seriesOf(histograms, key), addBuckets),
      };
    }

    return {
      resource: resourceFromAttributes(labelsOf(resource.attributes).attributes),
      scopeMetrics: scopeMetrics.map(({ scope, metrics }) => {
        const scopeKey = JSON.stringify([scope.name, scope.version || '', scope.schemaUrl || '']);
        return { scope, metrics: metrics.flatMap((metric) => translate(metric, scopeKey) ?? []) };
      }),
    };
  };
}

function seriesOf<T>(all: Map<string, Map<string, T>>, key: string): Map<string, T> {
  let series = all.get(key);
  if (!series) {
    series = new Map();
    all.set(key, series);
  }
  return series;
}

function withOneBucket<T extends { count: number; sum?: number }>(point: DataPoint<T>): DataPoint<Histogram> {
  const { count, sum } = point.value;
  const value = { buckets: { boundaries: [], counts: [count] }, count, ...(sum !== undefined && { sum }) };
  return { ...point, value };
}
