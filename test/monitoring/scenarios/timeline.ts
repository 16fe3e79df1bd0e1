import { label, seriesName } from '../../../monitoring/promql.ts';
import type { InstrumentSpec } from '../../../src/catalogue/index.ts';

/** Seconds between two samples, and between two evaluations of the rules. */
export const STEP_SECONDS = 30;

/** One series with a value for each sample. */
export interface Series {
  name: string;
  labels: Record<string, string>;
  values: (number | undefined)[];
  /** A gauge knows no reset. @default false */
  isGauge?: boolean;
}

/** How many events there have been, at each sample. */
export type Events = readonly number[];

export const samplesOf = (minutes: number) => (minutes * 60) / STEP_SECONDS + 1;

/** So many events in each minute. */
export const steady = (minutes: number, perMinute: number): Events =>
  Array.from({ length: samplesOf(minutes) }, (_, index) => (index * perMinute * STEP_SECONDS) / 60);

/** Nothing, and then one event after two thirds of the time. */
export const lone = (minutes: number): Events =>
  Array.from({ length: samplesOf(minutes) }, (_, index) => (index < (samplesOf(minutes) * 2) / 3 ? 0 : 1));

/** Nothing at all, of things that have happened before. */
export const still = (minutes: number): Events => Array.from({ length: samplesOf(minutes) }, () => 1000);

const named = (attributes: Record<string, string>) =>
  Object.fromEntries(Object.entries(attributes).map(([key, value]) => [label(key as never), value]));

/** A counter, or the counting part of a histogram. */
export function counter(
  row: InstrumentSpec,
  attributes: Record<string, string>,
  values: Events,
  part?: 'sum' | 'count',
): Series {
  return { name: seriesName(row, part), labels: named(attributes), values: [...values] };
}

/** A gauge that always says the same. */
export function gauge(row: InstrumentSpec, attributes: Record<string, string>, value: number, length: number): Series {
  return {
    name: seriesName(row),
    labels: named(attributes),
    values: Array.from({ length }, () => value),
    isGauge: true,
  };
}

/** A histogram of events that all had the same value. */
export function histogram(
  row: InstrumentSpec,
  attributes: Record<string, string>,
  value: number,
  events: Events,
): Series[] {
  return mixed(row, attributes, [[value, 1]], events);
}

/** A histogram of events that had these values, each in its share. */
export function mixed(
  row: InstrumentSpec,
  attributes: Record<string, string>,
  shares: readonly (readonly [value: number, share: number])[],
  events: Events,
): Series[] {
  const bounds = [...(row.buckets ?? []), Number.POSITIVE_INFINITY];
  const buckets = bounds.map((bound): Series => {
    const within = shares.reduce((sum, [value, share]) => sum + (value <= bound ? share : 0), 0);
    return {
      name: seriesName(row, 'bucket'),
      labels: { ...named(attributes), le: bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound) },
      values: events.map((count) => count * within),
    };
  });
  const mean = shares.reduce((sum, [value, share]) => sum + value * share, 0);
  return [
    ...buckets,
    counter(row, attributes, events, 'count'),
    counter(
      row,
      attributes,
      events.map((count) => count * mean),
      'sum',
    ),
  ];
}

/** The same process, restarted in the middle: counters begin at 0 again. */
export function withReset(series: readonly Series[]): Series[] {
  return series.map((each) => {
    if (each.isGauge) return each;
    const at = Math.floor(each.values.length / 2);
    const before = each.values[at] ?? 0;
    return { ...each, values: each.values.map((value, index) => (index < at ? value : (value ?? 0) - before)) };
  });
}

/** As promtool reads it. */
export function written({ name, labels, values }: Series): { series: string; values: string } {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return {
    series: `${name}{${pairs.join(',')}}`,
    values: values.map((value) => (value === undefined ? '_' : String(value))).join(' '),
  };
}
