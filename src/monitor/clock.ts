import type { Run } from './run.ts';

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
/** What the wall clock may be off before it was set: it tells whole milliseconds, and timestamps are made before they come. */
const TOLERANCE_MS = 50;
const MAX_SETTINGS = 100;

/** From when on, monotonic time, the two clocks differ by how much. */
interface Setting {
  readonly from: number;
  readonly offset: number;
}

/**
 * Places Unix timestamps on the monotonic clock, and back. A look at a clock costs more than recording a value, and a
 * finished operation knows when it ended: only a timestamp that moved by a second, or went back, is compared.
 */
export class Timeline {
  readonly #clock: Clock;
  readonly #settings: Setting[] = [];
  #offset = Number.NaN;
  #believedFrom = Number.POSITIVE_INFINITY;
  #comparedAt = Number.NaN;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.monotonic();
  }

  /** When something with this timestamp happened; what lies further back, or ahead, counts as happening now. */
  at(timestamp: number): number {
    const isBelieved = timestamp >= this.#believedFrom && timestamp < this.#believedFrom + BELIEVED_MS;
    return isBelieved ? timestamp + this.#offset : this.#compare(timestamp);
  }

  /** What the wall clock says at this time, which is now: it is read once a second, and told to the millisecond. */
  unixAt(now: number): number {
    if (!(now - this.#comparedAt < BELIEVED_MS)) this.#compare(Number.NaN);
    return Math.round(now - this.#offset);
  }

  /** Tells a run when it ended. */
  place(run: Run): void {
    const { timestamp } = run;
    const isBelieved = timestamp >= this.#believedFrom && timestamp < this.#believedFrom + BELIEVED_MS;
    // Not in one expression: a number from either of two sources is allocated.
    if (isBelieved) run.time = timestamp + this.#offset;
    else run.time = this.#compare(timestamp);
  }

  /** The timestamp of a time, by the wall clock as it was set then; exact to a hundredth of a millisecond. */
  timestampOf(time: number): number {
    const settings = this.#settings;
    let at = settings.length - 1;
    while (at > 0 && (settings[at] as Setting).from > time) at--;
    return Math.round((time - (settings[at]?.offset ?? 0)) * 100) / 100;
  }

  #compare(timestamp: number): number {
    const now = this.#clock.monotonic();
    const unix = this.#clock.unix();
    this.#comparedAt = now;
    this.#believedFrom = unix - TOLERANCE_MS;
    if (!(Math.abs(now - unix - this.#offset) < TOLERANCE_MS)) {
      this.#offset = now - unix;
      this.#settings.push({ from: now - TOLERANCE_MS, offset: this.#offset });
      if (this.#settings.length > MAX_SETTINGS) this.#settings.shift();
    }
    return Math.abs(unix - timestamp) < TOLERANCE_MS ? timestamp + this.#offset : now;
  }
}
