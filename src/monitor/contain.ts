import { hookFailed } from '../observe.ts';

/**
 * Calls code of the application from inside a recording. What it throws, now or later, is counted and contained; a promise
 * is not waited for, so one that never settles holds nothing up. False when it threw.
 */
export function contained(what: string, work: () => unknown): boolean {
  try {
    const result = work();
    if (isThenable(result)) result.then(undefined, (error: unknown) => hookFailed(what, error));
    return true;
  } catch (error) {
    hookFailed(what, error);
    return false;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
