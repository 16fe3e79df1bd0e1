import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { describeError, warn } from '../diagnostics.ts';
import { AgeClock } from './age-clock.ts';
import { prune, type Retention, sizeOf } from './retention.ts';
import { COLUMNS, type Row } from './rows.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS metrics (
    operation TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    duration REAL NOT NULL,
    error INTEGER,
    error_type TEXT,
    stack TEXT,
    context TEXT,
    is_slow INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS metrics_by_operation ON metrics (operation, timestamp);
  CREATE INDEX IF NOT EXISTS metrics_by_time ON metrics (timestamp);
`;
const INSERT = `INSERT INTO metrics (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`;

/** Longest wait for another process that writes; then it is asked again. */
const PATIENCE_MS = 1000;
const MAX_IN_MEMORY_BYTES = 16 * 1024 * 1024;
const PRUNE_INTERVAL_MS = 10_000;

/** A database of measurements; memory takes the place of a file that cannot be used, and that is told once. */
export class File {
  readonly #path: string;
  #retention: Retention;
  #connection: DatabaseSync;
  #insert: StatementSync;
  #isInMemory: boolean;
  readonly #age: AgeClock;
  #prunedAt = Number.NEGATIVE_INFINITY;

  constructor(path: string, retention: Retention) {
    this.#path = path;
    this.#retention = retention;
    this.#age = new AgeClock(retention.maxAgeMs);
    this.#age.now();
    this.#isInMemory = path === ':memory:';
    try {
      this.#connection = whileBusy(() => open(path));
    } catch (error) {
      this.#connection = this.#replacement(error);
    }
    this.#insert = this.#connection.prepare(INSERT);
  }

  /** Writes all of the rows or none of them. */
  write(rows: readonly SQLInputValue[][]): void {
    this.#use((connection) => {
      connection.exec('BEGIN IMMEDIATE');
      try {
        for (const row of rows) this.#insert.run(...row);
        connection.exec('COMMIT');
      } catch (error) {
        if (connection.isTransaction) connection.exec('ROLLBACK');
        throw error;
      }
    });
    this.#prune();
  }

  read(query: string, values: readonly SQLInputValue[]): Row[] {
    return this.#use((connection) => connection.prepare(query).all(...values));
  }

  /** Bytes on disk, or in memory. */
  get size(): number {
    return this.#use(sizeOf);
  }

  close(): void {
    this.#connection.close();
  }

  #use<T>(work: (connection: DatabaseSync) => T): T {
    try {
      return whileBusy(() => work(this.#connection));
    } catch (error) {
      if (this.#isInMemory) throw error;
      const broken = this.#connection;
      this.#connection = this.#replacement(error);
      this.#insert = this.#connection.prepare(INSERT);
      try {
        broken.close();
      } catch {
        // It is as broken as it was.
      }
      return work(this.#connection);
    }
  }

  #replacement(error: unknown): DatabaseSync {
    warn(`storage ${this.#path} cannot be used, so measurements are kept in memory alone: ${describeError(error)}`);
    this.#isInMemory = true;
    this.#retention = { ...this.#retention, maxBytes: Math.min(this.#retention.maxBytes, MAX_IN_MEMORY_BYTES) };
    return open(':memory:');
  }

  #prune(): void {
    if (performance.now() - this.#prunedAt < PRUNE_INTERVAL_MS) return;
    this.#prunedAt = performance.now();
    const now = this.#age.now();
    this.#use((connection) => prune(connection, this.#retention, now));
  }
}

function open(path: string): DatabaseSync {
  const connection = new DatabaseSync(path, { timeout: PATIENCE_MS });
  try {
    // Freed pages can only be given back to the disk where this comes before the first table.
    connection.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    connection.exec(SCHEMA);
    // A file that can be read and not written shows itself here, not with the first row.
    connection.exec('BEGIN IMMEDIATE; ROLLBACK');
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

/** Another process or thread that writes just now is no failure: that passes. */
function whileBusy<T>(work: () => T): T {
  for (;;) {
    try {
      return work();
    } catch (error) {
      const { errcode } = error as { errcode?: number };
      // The lower byte is the kind; the others tell more of it.
      if (errcode === undefined || ![SQLITE_BUSY, SQLITE_LOCKED].includes(errcode & 0xff)) throw error;
      // SQLite waits by itself, but not for everything.
      Atomics.wait(pause, 0, 0, 5);
    }
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4));
