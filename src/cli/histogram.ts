import type { Sample } from './metrics-page.ts';

/** All observations of a histogram that some series share. */
export interface Histogram {
  readonly count: number;
  /** False where its series have different boundaries: their buckets cannot be added up. */
  readonly hasOneScale: boolean;
  /** As Prometheus finds it: linear within a bucket, and the last boundary beyond it. */
  percentile(share: number): number;
}

/** Series of buckets by the values of some labels, joined by a space; the other labels are added up. */
export function histograms(samples: readonly Sample[], name: string, by: readonly string[]): Map<string, Histogram> {
  const buckets = samples.filter((sample) => sample.name === name);
  const groups = Map.groupBy(buckets, ({ labels }) =>
    by
      .map((label) => labels[label] ?? '')
      .join(' ')
      .trim(),
  );
  return new Map([...groups].map(([group, members]) => [group, histogram(members)]));
}

function histogram(buckets: readonly Sample[]): Histogram {
  const counts = new Map<number, number>();
  const seriesAt = new Map<number, number>();
  for (const { labels, value } of buckets) {
    const bound = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le);
    counts.set(bound, (counts.get(bound) ?? 0) + value);
    seriesAt.set(bound, (seriesAt.get(bound) ?? 0) + 1);
  }
  const ascending = [...counts].sort(([a], [b]) => a - b);
  const count = ascending.at(-1)?.[1] ?? 0;
  return {
    count,
    hasOneScale: new Set(seriesAt.values()).size === 1,
    percentile(share) {
      const rank = share * count;
      let [lower, below] = [0, 0];
      for (const [bound, within] of ascending) {
        if (within >= rank && within > below) {
          return Number.isFinite(bound) ? lower + (bound - lower) * ((rank - below) / (within - below)) : lower;
        }
        [lower, below] = [bound, within];
      }
      return Number.NaN;
    },
  };
}
