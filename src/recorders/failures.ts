import type { Outcome } from '../observations.ts';

/** An outcome with its `error.type`. */
export interface Failure {
  readonly outcome: Exclude<Outcome, 'success'>;
  readonly errorType: string;
}

const TIMEOUT_CODES = new Set([
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** `error.type` may only hold identifiers: letters, digits, `_`, `.`, `-`, of bounded length. */
const IDENTIFIER = /^[A-Za-z0-9_.-]{1,64}$/;

export function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && IDENTIFIER.test(value);
}

/**
 * Classifies what ended a call: Node's and undici's error codes, abort and timeout signals, else the class name.
 * Messages are never used: they are unbounded and may hold content.
 */
export function classify(error: unknown): Failure {
  if (typeof error !== 'object' || error === null) return { outcome: 'error', errorType: '_OTHER' };
  try {
    return classifyObject(error);
  } catch {
    // A getter of the application's own that throws: the error has no class that could be told.
    return { outcome: 'error', errorType: '_OTHER' };
  }
}

function classifyObject(error: object): Failure {
  const { name, code, cause } = error as { name?: unknown; code?: unknown; cause?: unknown };
  // The errors of the SDKs have no name of their own.
  const className: unknown = error.constructor?.name;
  if (
    name === 'AbortError' ||
    className === 'APIUserAbortError' ||
    code === 'UND_ERR_ABORTED' ||
    code === 'ABORT_ERR'
  ) {
    return { outcome: 'aborted', errorType: 'aborted' };
  }
  if (name === 'TimeoutError' || className === 'APIConnectionTimeoutError' || TIMEOUT_CODES.has(code as string)) {
    return { outcome: 'timeout', errorType: 'timeout' };
  }
  if (isIdentifier(code)) return { outcome: 'error', errorType: code };
  if (name === 'TypeError' && typeof cause === 'object' && cause !== null) return classify(cause);
  return { outcome: 'error', errorType: errorClass(error) };
}

/** The class of a thrown value, low in cardinality by construction. */
export function errorClass(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '_OTHER';
  try {
    const { code, name } = error as { code?: unknown; name?: unknown };
    if (isIdentifier(code)) return code;
    if (isIdentifier(name) && name !== 'Error') return name;
    const className: unknown = error.constructor?.name;
    if (isIdentifier(className)) return className;
  } catch {
    return '_OTHER';
  }
  return '_OTHER';
}
