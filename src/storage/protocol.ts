import type { SQLInputValue } from 'node:sqlite';
import type { MessagePort } from 'node:worker_threads';
import type { Retention } from './retention.ts';
import type { Row } from './rows.ts';

/** What the thread of a storage starts with. */
export interface ThreadData {
  readonly path: string;
  readonly retention: Retention;
  readonly counts: Int32Array;
  readonly size: Float64Array;
  /** Where answers to reads go. */
  readonly answers: MessagePort;
}

/** Places in `counts`: requests answered, rows taken (they wrap around), rows lost. */
export const DONE = 0;
export const WRITTEN = 1;
export const LOST = 2;
export const COUNTS = 3;

/** The place in `size`: bytes of the file. */
export const SIZE = 0;

/** What the thread is asked for. */
export type Request =
  | { readonly kind: 'write'; readonly rows: SQLInputValue[][] }
  | { readonly kind: 'read'; readonly query: string; readonly values: SQLInputValue[] }
  | { readonly kind: 'close' };

/** The answer to a read; others have none. */
export type Answer = { readonly rows: Row[] } | { readonly error: unknown };
