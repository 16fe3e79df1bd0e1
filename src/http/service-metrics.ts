import { boundariesOf } from '../boundaries.ts';
import { BoundedValues } from '../cardinality.ts';
import { catalogue, type InstrumentSpec } from '../catalogue/index.ts';
import { ErrorWindow } from '../error-window.ts';
import type { DbQuery, HttpRequest, Observation } from '../observations.ts';
import { observe } from '../observe.ts';
import { thresholds } from '../thresholds.ts';

/** Attribute values in the order of their instrument's row; undefined where one is unknown. */
export type Labels = readonly (string | undefined)[];

/** A histogram of one series, in seconds. */
export interface Durations {
  readonly labels: Labels;
  readonly buckets: { readonly boundaries: readonly number[]; readonly counts: number[] };
  sum: number;
  count: number;
}

export interface Counted {
  readonly labels: Labels;
  value: number;
}

/** Distinct values kept of each label. */
const MAX_VALUES = 200;

/** The requests and queries of this process since it is asked for, as its own text of metrics shows them. */
export class ServiceMetrics {
  totalRequests = 0;
  errorRequests = 0;
  readonly errors = new ErrorWindow();
  readonly requests = new Histograms(catalogue.httpServerRequestDuration);
  readonly queries = new Histograms(catalogue.dbOperationDuration);
  readonly slowRequests = new Counters();
  readonly slowQueries = new Counters();

  take(seen: Observation): void {
    if (seen.kind === 'http_request') this.#request(seen);
    else if (seen.kind === 'db_query') this.#query(seen);
  }

  #request({ method, route, scheme, statusCode, protocolVersion, outcome, errorType, durationMs }: HttpRequest): void {
    const isError = outcome === 'error';
    this.totalRequests++;
    if (isError) this.errorRequests++;
    this.errors.add(isError);
    const status = statusCode === undefined ? undefined : String(statusCode);
    this.requests.record([method, scheme, status, route, errorType, protocolVersion], durationMs / 1000);
    this.slowRequests.add([method, route], durationMs > thresholds().apiLatencyMs ? 1 : 0);
  }

  #query({ system, operation, collection, namespace, errorType, durationMs }: DbQuery): void {
    this.queries.record([system, operation, collection, namespace, errorType], durationMs / 1000);
    this.slowQueries.add([operation, collection], durationMs > thresholds().dbQueryMs ? 1 : 0);
  }
}

class Series<Value extends { readonly labels: Labels }> {
  readonly #all = new Map<string, Value>();
  readonly #bounds: BoundedValues[] = [];

  find(given: Labels, create: (labels: Labels) => Value): Value {
    const labels = given.map((value, at) => {
      this.#bounds[at] ??= new BoundedValues(MAX_VALUES);
      return this.#bounds[at].bound(value);
    });
    const key = JSON.stringify(labels);
    let series = this.#all.get(key);
    if (series === undefined) {
      series = create(labels);
      this.#all.set(key, series);
    }
    return series;
  }

  all(): Value[] {
    return [...this.#all.values()];
  }
}

class Counters {
  readonly #series = new Series<Counted>();

  add(labels: Labels, value: number): void {
    this.#series.find(labels, (kept) => ({ labels: kept, value: 0 })).value += value;
  }

  all(): Counted[] {
    return this.#series.all();
  }
}

class Histograms {
  readonly #boundaries: readonly number[];
  readonly #series = new Series<Durations>();

  constructor(spec: InstrumentSpec) {
    this.#boundaries = boundariesOf(spec);
  }

  record(labels: Labels, seconds: number): void {
    if (!Number.isFinite(seconds) || seconds < 0) return;
    const boundaries = this.#boundaries;
    const series = this.#series.find(labels, (kept) => ({
      labels: kept,
      buckets: { boundaries, counts: new Array<number>(boundaries.length + 1).fill(0) },
      sum: 0,
      count: 0,
    }));
    const bucket = boundaries.findIndex((boundary) => seconds <= boundary);
    const at = bucket < 0 ? boundaries.length : bucket;
    series.buckets.counts[at] = (series.buckets.counts[at] ?? 0) + 1;
    series.sum += seconds;
    series.count++;
  }

  all(): Durations[] {
    return this.#series.all();
  }
}

const KEY = Symbol.for('gaugeway.service-metrics.1');
const shared = globalThis as { [KEY]?: ServiceMetrics };

/** One per process; it counts from the moment when it is first asked for. */
export function serviceMetrics(): ServiceMetrics {
  if (shared[KEY] === undefined) {
    const made = new ServiceMetrics();
    shared[KEY] = made;
    observe({ isMonitor: true, observed: (seen) => made.take(seen) });
  }
  return shared[KEY];
}
