import { drop, reportOnce } from '../observe.ts';

/**
 * Whether a name that the application gives can be one. A wrong one costs the record, which is counted and said once: work
 * that is measured must not fail for it.
 */
export function isName(value: unknown, what: string): value is string {
  if (typeof value === 'string' && value !== '') return true;
  reportOnce(what, `expected a name, got ${typeOf(value)}`);
  drop('invalid_value');
  return false;
}

/** A name that may be missing; what is there and cannot be one counts as missing. */
export function nameOrNone(value: unknown, what: string): string | undefined {
  return value === undefined || value === null || !isName(value, what) ? undefined : value;
}

function typeOf(value: unknown): string {
  return value === '' ? 'an empty string' : value === null ? 'null' : typeof value;
}
