import { guarded, hookFailed } from '../observe.ts';

/** What to do when a piece of the application's work has ended; exactly one of these is called, once. */
export interface Settled<T> {
  readonly done: (value: T) => void;
  readonly failed: (error: unknown) => void;
  /** The result cannot be observed without changing it; nothing will be told of its end. */
  readonly unobservable: () => void;
}

/**
 * Calls `work` and tells when it ended, now or later. The caller gets the same value, the same error object, and for a
 * plain promise one that settles the same way: handling the original on the side would hide an unhandled rejection.
 * A thenable with a `then` of its own is handed back and watched: calling it ourselves could read a body (an SDK's
 * promise) or run a query. So is a promise that is more than that, as one with `cancel()` or `json()` on it.
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
  if (!isPlainPromise(result)) {
    guarded('a recorder', () => watch(result as PromiseLike<unknown>, settled as Settled<unknown>));
    return result;
  }
  return (result as unknown as Promise<unknown>).then(
    (value) => {
      try {
        settled.done(value as Awaited<T>);
      } catch (error) {
        hookFailed('a recorder', error);
      }
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

/** Nothing is lost where another promise takes its place. */
function isPlainPromise(value: PromiseLike<unknown>): boolean {
  if (value.then !== Promise.prototype.then || Object.getPrototypeOf(value) !== Promise.prototype) return false;
  for (const _ in value) return false;
  return true;
}

/**
 * Sees the result when the application itself asks for it, by a `then` on this one object that removes itself when it is
 * called. Asked for later than in this turn, the result may be older than the answer, and the end is unknown.
 */
function watch(thenable: PromiseLike<unknown>, settled: Settled<unknown>): void {
  const own = Object.getOwnPropertyDescriptor(thenable, 'then');
  let isOver = false;
  const tell = (how: () => void): void => {
    if (!isOver) guarded('a recorder', how);
    isOver = true;
  };
  const restore = (): void => {
    // A run around this one may have put its own over it.
    if (Object.getOwnPropertyDescriptor(thenable, 'then')?.value !== then) return;
    if (own === undefined) delete (thenable as { then?: unknown }).then;
    else Object.defineProperty(thenable, 'then', own);
  };
  const then: PromiseLike<unknown>['then'] = (onDone, onFailed) => {
    clearTimeout(timer);
    restore();
    return thenable.then(
      (value) => {
        tell(() => settled.done(value));
        return typeof onDone === 'function' ? onDone(value) : (value as never);
      },
      (error) => {
        tell(() => settled.failed(error));
        if (typeof onFailed === 'function') return onFailed(error);
        throw error;
      },
    );
  };
  const timer = setTimeout(() => {
    restore();
    tell(() => settled.unobservable());
  }, 0);
  // A number where there is no Node.
  (timer as { unref?: () => void }).unref?.();
  try {
    Object.defineProperty(thenable, 'then', { value: then, configurable: true, writable: true, enumerable: false });
  } catch {
    // A frozen object: the timer gives it up.
  }
}
