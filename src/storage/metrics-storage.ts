import type { SQLInputValue } from 'node:sqlite';
import { warnOfVariable } from '../diagnostics.ts';
import { createRedaction } from '../monitor/metadata.ts';
import type { MetricStore, StoredMeasurement } from '../monitor/store.ts';
import { drop, hookFailed } from '../observe.ts';
import { amount, milliseconds, type Parser, text, wholeNumber } from '../parsers.ts';
import { storages } from '../storages.ts';
import { readVariable } from '../variables.ts';
import { metricOf, type OperationStats, type Row, type StoredMetric, statsOf } from './rows.ts';
import { Writer } from './writer.ts';

/** Options of a storage; all optional. */
export interface StorageOptions {
  /** Rows older than this are removed. @default 3600, or SAMPLING_WINDOW_SECONDS */
  readonly retentionSeconds?: number;
  /** The oldest rows are removed when the file is larger. @default 67108864 */
  readonly maxBytes?: number;
  /** Longest time that a row waits to be written. @default 250 */
  readonly writeDelayMs?: number;
  /** Names in a context whose values are secrets, beside the usual ones. */
  readonly redact?: readonly string[];
}

/** A measurement that is handed to `insertMetric` directly; only its duration is needed. */
export type InsertedMetric = { readonly duration: number } & {
  readonly [K in keyof StoredMeasurement]?: StoredMeasurement[K];
};

/** Rows that are handed over together at most: copying them holds the application up. */
const MAX_BATCH = 500;
/** Most rows that wait to be written; what comes beyond is left out and counted. */
const MAX_WAITING = 100_000;

/**
 * Keeps measurements in a SQLite file, which several processes and threads may share. Rows are written in batches by a
 * thread of its own; a read first waits until everything recorded before is written. A file that cannot be used is told
 * once on stderr, and memory takes its place.
 */
export class MetricsStorage implements MetricStore {
  readonly #writer: Writer;
  readonly #writeDelayMs: number;
  readonly #retentionSeconds: number;
  readonly #redaction: ReturnType<typeof createRedaction>;
  #batch: SQLInputValue[][] = [];
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(dbPath = 'metrics.db', options: StorageOptions = {}) {
    const {
      retentionSeconds = defaultRetention(),
      maxBytes = 64 * 1024 * 1024,
      writeDelayMs = 250,
      redact = [],
    } = options;
    this.#retentionSeconds = checked('retentionSeconds', retentionSeconds, amount);
    this.#writeDelayMs = checked('writeDelayMs', writeDelayMs, milliseconds);
    this.#redaction = createRedaction(redact);
    this.#writer = new Writer(checked('dbPath', dbPath, text), {
      maxAgeMs: retentionSeconds * 1000,
      maxBytes: checked('maxBytes', maxBytes, wholeNumber),
    });
    if (open.size === 0) process.on('exit', closeAll);
    open.add(this);
    storages.add(this);
  }

  /** Takes a measurement to be written soon; never throws. */
  insertMetric(operation: string, measurement: InsertedMetric): void {
    try {
      this.#insert(operation, measurement);
    } catch (error) {
      hookFailed('a storage', error);
    }
  }

  #insert(operation: string, measurement: InsertedMetric): void {
    const { duration, timestamp = Date.now(), errorType, stack, isSlow = false } = measurement;
    const isPossible = typeof operation === 'string' && Number.isSafeInteger(Math.round(timestamp));
    if (!isPossible || !Number.isFinite(timestamp) || !(duration >= 0 && Number.isFinite(duration)))
      return drop('invalid_value');
    if (this.#isClosed || this.#batch.length + this.#writer.waiting >= MAX_WAITING) return drop('buffer_full');
    const error = 'error' in measurement ? measurement.error : false;
    const context = this.#redaction(measurement.context);
    // One value that the table does not take would cost the whole batch.
    this.#batch.push([
      operation,
      Math.round(timestamp),
      duration,
      error === undefined ? null : Number(Boolean(error)),
      textOrNone(errorType),
      textOrNone(stack),
      context === undefined ? null : JSON.stringify(context),
      Number(Boolean(isSlow)),
    ]);
    if (this.#batch.length >= MAX_BATCH) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), this.#writeDelayMs).unref();
  }

  /**
   * The stored runs of an operation, from the oldest to the newest; never older than the retention. Like every read it
   * throws when others hold the file for seconds.
   */
  getMetrics(operation: string): StoredMetric[] {
    return this.getMetricsInWindow(operation, { windowSeconds: this.#retentionSeconds });
  }

  /** The stored runs of an operation within the last seconds, from the oldest to the newest. */
  getMetricsInWindow(
    operation: string,
    {
      windowSeconds = this.#retentionSeconds,
      filterSlow = false,
    }: { windowSeconds?: number; filterSlow?: boolean } = {},
  ): StoredMetric[] {
    const slow = filterSlow ? 'AND is_slow = 1' : '';
    const where = `WHERE operation = ? AND timestamp >= ? ${slow}`;
    const query = `SELECT * FROM metrics ${where} ORDER BY timestamp, rowid`;
    return this.#read(query, named(operation), since(windowSeconds)).map(metricOf);
  }

  /** Counts and durations of an operation, or of all, within the last seconds. */
  getAggregatedStats(
    operation?: string,
    { windowSeconds = this.#retentionSeconds }: { windowSeconds?: number } = {},
  ): OperationStats {
    const query = `
      SELECT count(*) AS total, count(error) AS known, sum(error) AS errors, avg(duration) AS average,
        min(duration) AS shortest, max(duration) AS longest, sum(is_slow) AS slow
      FROM metrics WHERE timestamp >= ? ${operation === undefined ? '' : 'AND operation = ?'}`;
    const [row] = this.#read(query, since(windowSeconds), ...(operation === undefined ? [] : [named(operation)]));
    return statsOf(row);
  }

  /** Bytes on disk, or in memory, as of the last written row. */
  getSize(): number {
    return this.#writer.size;
  }

  /** Writes what waits and lets go of the file; a second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#write();
    this.#isClosed = true;
    drop('buffer_full', this.#writer.close());
    open.delete(this);
    if (open.size === 0) process.off('exit', closeAll);
    storages.delete(this);
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length > 0 && !this.#writer.write(batch)) drop('buffer_full', batch.length);
    drop('buffer_full', this.#writer.takeLost());
  }

  #read(query: string, ...values: SQLInputValue[]): Row[] {
    if (this.#isClosed) throw new Error('gaugeway: this storage was closed; read before close(), or open it again');
    this.#write();
    return this.#writer.read(query, values);
  }
}

/** The storages of this copy of the package that are to be closed. */
const open = new Set<MetricsStorage>();

/** What has not been written when the process ends is written then. */
function closeAll(): void {
  for (const storage of open) storage.close();
}

function since(windowSeconds: number): number {
  return Date.now() - checked('windowSeconds', windowSeconds, amount) * 1000;
}

function defaultRetention(): number {
  const variables = ['GAUGEWAY_SAMPLING_WINDOW_SECONDS', 'SAMPLING_WINDOW_SECONDS'];
  return readVariable({ variables, parser: amount, fallback: 3600 }, process.env, warnOfVariable);
}

function textOrNone(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function named(operation: string): string {
  if (typeof operation !== 'string')
    throw new TypeError('gaugeway: an operation of a storage is asked for by its name');
  return operation;
}

function checked<T>(name: string, value: T, parser: Parser<T>): T {
  if (!parser.accepts(value)) throw new TypeError(`gaugeway: "${name}" of a storage must be ${parser.expects}`);
  return value;
}
