import { drop } from '../observe.ts';

/** Clocks that are kept by NTP agree within this. */
const TOLERANCE_MS = 1000;

/**
 * A difference between the times of two machines. A negative one contradicts itself and is counted: clocks that nearly
 * agree say that next to no time went by, others say nothing.
 */
export function elapsed(ms: number | undefined): number | undefined {
  if (ms === undefined || (ms >= 0 && Number.isFinite(ms))) return ms;
  drop('clock_skew');
  return ms < 0 && ms >= -TOLERANCE_MS ? 0 : undefined;
}

/** What the wall clock said, Unix milliseconds, at a time of `performance.now()` that has passed. */
export function unixOf(at: number): number {
  return Date.now() - (performance.now() - at);
}

/** For how long what the wall clock is ahead of the monotonic one is believed. */
const BELIEVED_MS = 1000;
let ahead = 0;
let comparedAt = Number.NEGATIVE_INFINITY;

/** What the wall clock says, Unix milliseconds, at a time of `performance.now()` that is now; it is looked at once a second. */
export function unixAt(now: number): number {
  if (now - comparedAt > BELIEVED_MS) {
    comparedAt = now;
    ahead = Date.now() - now;
  }
  return now + ahead;
}
