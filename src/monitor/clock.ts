/** The two clocks of a monitor; a test hands in its own. */
export interface Clock {
  /** Unix milliseconds. */
  unix(): number;
  /** Milliseconds that never go back, whatever happens to the wall clock. */
  monotonic(): number;
}

export const systemClock: Clock = {
  unix: () => Date.now(),
  monotonic: () => performance.now(),
};

/** For how long the wall clock is believed before it is compared with the monotonic one. */
const BELIEVED_MS = 1000;
/** Timestamps of one moment differ a little: a start in whole milliseconds plus a duration in fractions. */
const TOLERANCE_MS = 50;

/**
 * Places Unix timestamps on the monotonic clock. A look at a clock costs more than recording a value, and a finished
 * operation knows when it ended: only a timestamp that moved by a second, or went back, is compared with the clock.
 */
export class Timeline {
  readonly clock: Clock;
  #offset = 0;
  #believedFrom = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  now(): number {
    return this.clock.monotonic();
  }

  /** When something happened, given its timestamp; nothing lies in the future. */
  at(timestamp: number): number {
    const isBelieved = timestamp >= this.#believedFrom && timestamp < this.#believedFrom + BELIEVED_MS;
    return isBelieved ? timestamp + this.#offset : this.#compare();
  }

  #compare(): number {
    const now = this.clock.monotonic();
    const unix = this.clock.unix();
    this.#offset = now - unix;
    this.#believedFrom = unix - TOLERANCE_MS;
    return now;
  }
}
