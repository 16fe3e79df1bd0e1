import type { DatabaseSync } from 'node:sqlite';

/** How much is kept. */
export interface Retention {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

/** Rows removed at a time: other processes wait for each. */
const SLICE = 500;

const OLDEST = `DELETE FROM metrics WHERE rowid IN (SELECT rowid FROM metrics ORDER BY timestamp LIMIT ${SLICE})`;
const EXPIRED = `DELETE FROM metrics WHERE rowid IN (SELECT rowid FROM metrics WHERE timestamp < ? LIMIT ${SLICE})`;

/** Removes what is too old or too much, and gives its pages back to the disk. */
export function prune(connection: DatabaseSync, { maxAgeMs, maxBytes }: Retention, now: number): void {
  const expired = connection.prepare(EXPIRED);
  while (Number(expired.run(now - maxAgeMs).changes) === SLICE);
  const oldest = connection.prepare(OLDEST);
  while (usedBytes(connection) > maxBytes && Number(oldest.run().changes) > 0);
  if (sizeOf(connection) > maxBytes) connection.exec('PRAGMA incremental_vacuum');
}

/** Bytes of the file, or of the memory. */
export function sizeOf(connection: DatabaseSync): number {
  return pragma(connection, 'page_count') * pragma(connection, 'page_size');
}

/** Freed pages are used again, so they do not count. */
function usedBytes(connection: DatabaseSync): number {
  return sizeOf(connection) - pragma(connection, 'freelist_count') * pragma(connection, 'page_size');
}

function pragma(connection: DatabaseSync, name: 'page_count' | 'page_size' | 'freelist_count'): number {
  return Number(connection.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}
