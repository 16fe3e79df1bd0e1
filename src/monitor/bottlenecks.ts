import type { Operation } from './operation.ts';
import { timingOf } from './operation-stats.ts';

/** What an operation costs. */
export interface Bottleneck {
  readonly operation: string;
  /** Milliseconds of all its runs together. */
  readonly totalTime: number;
  /** Milliseconds. */
  readonly p95: number;
  readonly count: number;
}

/** Errors of one class. */
export interface ErrorGroup {
  /** `error.type`. */
  readonly errorType: string;
  readonly count: number;
  /** Those that fail with it, from the most errors to the fewest. */
  readonly operations: readonly string[];
}

/** Where the time goes, and what fails. */
export interface Bottlenecks {
  readonly byTotalTime: readonly Bottleneck[];
  readonly byP95: readonly Bottleneck[];
  readonly errors: readonly ErrorGroup[];
}

/** The first `n` of each list. */
export function bottlenecksOf(operations: readonly Operation[], n: number): Bottlenecks {
  const all = operations.map((operation): Bottleneck => {
    const { count, avgDuration, p95 } = timingOf(operation);
    return { operation: operation.name, totalTime: avgDuration * count, p95, count };
  });
  return {
    byTotalTime: all.toSorted((a, b) => b.totalTime - a.totalTime).slice(0, n),
    byP95: all.toSorted((a, b) => b.p95 - a.p95).slice(0, n),
    errors: errorGroups(operations).slice(0, n),
  };
}

function errorGroups(operations: readonly Operation[]): ErrorGroup[] {
  const groups = new Map<string, { operation: string; count: number }[]>();
  for (const { name, errors } of operations) {
    for (const [errorType, count] of errors) {
      const group = groups.get(errorType);
      if (group === undefined) groups.set(errorType, [{ operation: name, count }]);
      else group.push({ operation: name, count });
    }
  }
  return [...groups]
    .map(([errorType, failing]) => ({
      errorType,
      count: failing.reduce((sum, { count }) => sum + count, 0),
      operations: failing.toSorted((a, b) => b.count - a.count).map(({ operation }) => operation),
    }))
    .sort((a, b) => b.count - a.count);
}
