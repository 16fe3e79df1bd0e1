import { isTransportCode, knownErrorType } from '../../src/recorders/error-types.ts';
import { classify, type Failure, readError } from '../../src/recorders/failures.ts';

export const ABORTED: Failure = { outcome: 'aborted', errorType: 'aborted' };
export const ABANDONED: Failure = { outcome: 'abandoned', errorType: 'abandoned' };
export const TIMEOUT: Failure = { outcome: 'timeout', errorType: 'timeout' };

/** undici cancels the body of a response that was dropped unread with exactly this reason. */
const COLLECTED = 'Response object has been garbage collected';

/**
 * What ends an exchange early is an error of Node or undici, which has a code, or the reason that the application gave
 * when it aborted or cancelled, which may be any value.
 */
export function classifyEnd(error: unknown): Failure {
  if (error === COLLECTED) return ABANDONED;
  const failure = classify(error);
  if (failure.outcome !== 'error') return failure;
  const code = readError(error, 'code');
  if (!isTransportCode(code) && knownErrorType(code) === undefined) return ABORTED;
  return { outcome: 'error', errorType: knownErrorType(code) ?? '_OTHER' };
}

/**
 * The application has ended the exchange itself: because it waited too long, or for any other reason. `http.request`
 * wraps the reason of a signal, and axios says ECONNABORTED where others say ETIMEDOUT.
 */
export function classifyLeaving(reason: unknown): Failure {
  const isTimeout =
    readError(reason, 'code') === 'ECONNABORTED' ||
    [reason, readError(reason, 'cause')].some((error) => classify(error).outcome === 'timeout');
  return isTimeout ? TIMEOUT : ABORTED;
}
