import type { Outcome } from './tally.ts';

/**
 * The run of an operation that is being recorded. One object is filled again and again: a number that is handed to a
 * function too large to be inlined is allocated, one that is stored in a field is not. Callbacks of the application may
 * record within a recording, so nothing is read from it after one.
 */
export class Run {
  durationMs = Number.NaN;
  /** Unix milliseconds of its end. */
  timestamp = Number.NaN;
  /** Monotonic milliseconds of its end. */
  time = Number.NaN;
  /** How many runs it stands for. */
  weight = Number.NaN;
  outcome: Outcome = 'success';
  errorType: string | undefined;
}
