import type { SQLOutputValue } from 'node:sqlite';
import type { Metadata } from '../monitor/metadata.ts';
import type { StoredMeasurement } from '../monitor/store.ts';

/** One stored run of an operation. */
export interface StoredMetric extends StoredMeasurement {
  readonly operation: string;
}

/** What is stored of an operation, or of all; durations in milliseconds, undefined without rows. */
export interface OperationStats {
  readonly totalCount: number;
  readonly errorCount: number;
  /** Errors among the rows whose end is known; 0 without any. */
  readonly errorRate: number;
  readonly avgDuration: number | undefined;
  readonly minDuration: number | undefined;
  readonly maxDuration: number | undefined;
  readonly slowCount: number;
}

/** The columns of the table, in the order in which rows are handed on. */
export const COLUMNS = [
  'operation',
  'timestamp',
  'duration',
  'error',
  'error_type',
  'stack',
  'context',
  'is_slow',
] as const;

export type Row = Record<string, SQLOutputValue>;

export function metricOf(row: Row): StoredMetric {
  return Object.freeze({
    operation: String(row.operation),
    timestamp: Number(row.timestamp),
    duration: Number(row.duration),
    error: row.error === null ? undefined : row.error === 1,
    errorType: textOf(row.error_type),
    stack: textOf(row.stack),
    context: contextOf(row.context),
    isSlow: row.is_slow === 1,
  });
}

export function statsOf(row: Row | undefined): OperationStats {
  const number = (name: string): number | undefined => (row?.[name] == null ? undefined : Number(row[name]));
  const known = number('known') ?? 0;
  const errorCount = number('errors') ?? 0;
  return {
    totalCount: number('total') ?? 0,
    errorCount,
    errorRate: known === 0 ? 0 : errorCount / known,
    avgDuration: number('average'),
    minDuration: number('shortest'),
    maxDuration: number('longest'),
    slowCount: number('slow') ?? 0,
  };
}

function textOf(value: SQLOutputValue | undefined): string | undefined {
  return value == null ? undefined : String(value);
}

/** Another program may have written to the table. */
function contextOf(value: SQLOutputValue | undefined): Metadata | undefined {
  try {
    return value == null ? undefined : (JSON.parse(String(value)) as Metadata);
  } catch {
    return undefined;
  }
}
