import { catalogue, type InstrumentSpec } from '../src/catalogue/index.ts';
import type { ResolvedConfig } from './config.ts';
import { thresholds } from './thresholds.ts';

/**
 * What is compared with a percentile of a histogram and is none of its boundaries, as sentences. Between two boundaries a
 * percentile is a guess: with boundaries at 100 and 250 ms, a service that always takes 110 ms has a P95 of 242 ms.
 */
export function offBoundary({ thresholds: limits, budgets }: ResolvedConfig): string[] {
  const compared = [
    ...Object.entries(thresholds).flatMap(([name, spec]) =>
      'of' in spec
        ? (['warning', 'critical'] as const).map((level) => ({
            what: `Threshold ${name}.${level}`,
            milliseconds: limits[name as keyof typeof limits][level],
            rows: spec.of as readonly InstrumentSpec[],
          }))
        : [],
    ),
    ...Object.entries(budgets).map(([operation, milliseconds]) => ({
      what: `The budget of "${operation}"`,
      milliseconds,
      rows: [catalogue.appOperationDuration] as readonly InstrumentSpec[],
    })),
  ];
  return compared.flatMap(({ what, milliseconds, rows }) =>
    rows.flatMap(({ name, buckets = [] }) => {
      if (buckets.some((boundary) => isSame(boundary, milliseconds))) return [];
      const [below, above] = neighbours(buckets, milliseconds);
      return [
        `${what} is ${milliseconds} ms, and ${name} has no boundary there: its percentiles are guesses between ${below} and ${above}. Choose one of these, or give that histogram a view with your boundary.`,
      ];
    }),
  );
}

const isSame = (boundary: number, milliseconds: number) => Math.abs(boundary * 1000 - milliseconds) < 1e-6;

function neighbours(buckets: readonly number[], milliseconds: number): [below: string, above: string] {
  const below = buckets.findLast((boundary) => boundary * 1000 < milliseconds);
  const above = buckets.find((boundary) => boundary * 1000 > milliseconds);
  const shown = (boundary: number | undefined, none: string) =>
    boundary === undefined ? none : `${Number((boundary * 1000).toPrecision(12))} ms`;
  return [shown(below, '0 ms'), shown(above, 'no end')];
}
