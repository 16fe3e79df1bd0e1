/** What is used of the classes of pg-boss 10 to 12; `Manager` is not exported by any of them. */
export interface Manager {
  readonly config?: { readonly openTelemetry?: { readonly enabled?: boolean } | undefined } | undefined;
  /** Absent in 10. */
  readonly queues?: Readonly<Record<string, { readonly policy?: unknown } | undefined>> | null | undefined;
  readonly db?: unknown;
  /** What 10 and 11 put on each instance of their public class. */
  functions?: unknown;
}

/** A fetched job with its metadata. Columns come as the database driver parses them. */
export interface JobRow {
  readonly id: string;
  readonly retryCount: unknown;
  readonly retryLimit: unknown;
  readonly createdOn: unknown;
  readonly startedOn: unknown;
  readonly startAfter: unknown;
  readonly completedOn?: unknown;
  /** True for the parent of a flow. */
  readonly blocking?: unknown;
  readonly output?: unknown;
}

/** What `complete`, `fail`, `cancel` and `deleteJob` answer. */
export interface CommandResponse {
  readonly requested?: number;
  readonly affected?: number;
  /** The ids among them; later versions of 12 only. */
  readonly settled?: readonly string[] | undefined;
}

export const SYSTEM = 'pg_boss';

/** Queues of pg-boss's own: cron sends its jobs through one. */
export function isInternal(queue: unknown): boolean {
  return typeof queue === 'string' && queue.startsWith('__pgboss__');
}

/** The ids in the second argument of `complete` and its like: an id, a job, or a list of either. */
export function idsOf(argument: unknown): string[] {
  if (typeof argument === 'string') return [argument];
  const ids: string[] = [];
  const items: unknown[] = Array.isArray(argument) ? argument : [argument];
  for (let index = 0; index < items.length; index++) {
    const item = items[index];
    const id = typeof item === 'object' && item !== null ? (item as { id?: unknown }).id : item;
    if (typeof id === 'string') ids.push(id);
  }
  return ids;
}

const traceable = new WeakSet<object>();

/**
 * Notes whether a class can make spans of its own, as in 12.38 and later: its sources say so, and not the number of its
 * version. Nothing of it can be seen from outside before the first job.
 */
export function noteTracing(prototype: object, createJob: unknown): void {
  if (typeof createJob !== 'function') return;
  if (/\btelemetry\b/i.test(Function.prototype.toString.call(createJob))) traceable.add(prototype);
}

/** Whether pg-boss makes spans of its own, as it then does unless it is told not to. */
export function traces(manager: Manager): boolean {
  return traceable.has(Object.getPrototypeOf(manager)) && manager.config?.openTelemetry?.enabled !== false;
}
