import type { Outcome } from '../observations.ts';
import { knownErrorType, statusErrorType } from './error-types.ts';

/** An outcome with its `error.type`. */
export interface Failure {
  readonly outcome: Exclude<Outcome, 'success'>;
  readonly errorType: string;
}

const ABORT_NAMES = new Set<unknown>(['AbortError', 'APIUserAbortError', 'CanceledError', 'ResponseAborted']);
const ABORT_CODES = new Set<unknown>(['UND_ERR_ABORTED', 'UND_ERR_ABORT', 'ABORT_ERR', 'ERR_CANCELED']);
const TIMEOUT_NAMES = new Set<unknown>(['TimeoutError', 'APIConnectionTimeoutError', 'RequestTimeoutError']);
const TIMEOUT_CODES = new Set<unknown>([
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** A class name: letters, digits, `_`, `.`, `-`, of bounded length. */
const IDENTIFIER = /^[A-Za-z0-9_.-]{1,64}$/;
/** Errors wrap errors; nobody wraps deeper, and a cycle must end. */
const MAX_CAUSES = 4;

/** A property of what somebody threw: that may be anything, and a getter of it may throw itself. */
export function readError(error: unknown, key: string): unknown {
  try {
    return (error as Record<string, unknown> | null | undefined)?.[key];
  } catch {
    return undefined;
  }
}

function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && IDENTIFIER.test(value);
}

/**
 * Classifies what ended a model call: abort and timeout, else the known code of a provider, of Node or of undici, else
 * the HTTP status, else the class. Messages and unknown codes are never used: they are unbounded and may hold content.
 */
export function classify(error: unknown): Failure {
  try {
    return classifyWithin(error, MAX_CAUSES);
  } catch {
    // A getter of the application's own that throws: the error has no class that could be told.
    return OTHER;
  }
}

const OTHER: Failure = { outcome: 'error', errorType: '_OTHER' };

function classifyWithin(error: unknown, depth: number): Failure {
  if (typeof error !== 'object' || error === null) return OTHER;
  const { name, code, type, status, statusCode, cause } = error as Record<string, unknown>;
  // The errors of the SDKs have no name of their own.
  const className: unknown = error.constructor?.name;
  if (ABORT_NAMES.has(name) || ABORT_NAMES.has(className) || ABORT_CODES.has(code)) {
    return { outcome: 'aborted', errorType: 'aborted' };
  }
  if (TIMEOUT_NAMES.has(name) || TIMEOUT_NAMES.has(className) || TIMEOUT_CODES.has(code)) {
    return { outcome: 'timeout', errorType: 'timeout' };
  }
  const known = knownErrorType(code) ?? knownErrorType(type) ?? statusErrorType(status) ?? statusErrorType(statusCode);
  if (known !== undefined) return { outcome: 'error', errorType: known };
  // Both say nothing but that the connection failed; what happened to it is in the cause.
  const isWrapper = name === 'TypeError' || className === 'APIConnectionError';
  if (isWrapper && depth > 0 && typeof cause === 'object' && cause !== null) return classifyWithin(cause, depth - 1);
  return { outcome: 'error', errorType: knownErrorType(name) ?? (isIdentifier(className) ? className : '_OTHER') };
}

/** What an application's own work failed with: the code or class of the error, as the application names it. */
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
