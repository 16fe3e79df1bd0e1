import { guarded } from '../observe.ts';

/** What to do when a piece of the application's work has ended; exactly one of these is called, once. */
export interface Settled<T> {
  readonly done: (value: T) => void;
  readonly failed: (error: unknown) => void;
  /** The result cannot be observed without changing it; nothing will be told of its end. */
  readonly unobservable: () => void;
}

/**
 * Calls `work` and tells when it ended, now or later. The caller gets the same value, the same error object, and for a
 * native promise one that settles the same way: handling the original on the side would hide an unhandled rejection.
 * A thenable with a `then` of its own is left alone: `then` may read a body (an SDK's promise) or run a query.
 */
export function settle<T>(work: () => T, settled: Settled<Awaited<T>>): T {
  let result: T;
  try {
    result = work();
  } catch (error) {
    guarded('a recorder', () => settled.failed(error));
    throw error;
  }
  if (!isThenable(result)) {
    guarded('a recorder', () => settled.done(result as Awaited<T>));
    return result;
  }
  if (result.then !== Promise.prototype.then) {
    guarded('a recorder', () => settled.unobservable());
    return result;
  }
  return (result as unknown as Promise<unknown>).then(
    (value) => {
      guarded('a recorder', () => settled.done(value as Awaited<T>));
      return value;
    },
    (error) => {
      guarded('a recorder', () => settled.failed(error));
      throw error;
    },
  ) as T;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
