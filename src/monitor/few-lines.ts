import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** A service of which every request is slow still has other things to say. */
const MAX_LINES_A_SECOND = 20;

/** Warnings of one kind, a few each second; the next line tells how many were left out. */
export class FewLines {
  readonly #log: Log;
  readonly #clock: Clock;
  #second = 0;
  #lines = 0;
  #suppressed = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  warn(message: string, details: object): void {
    const second = Math.floor(this.#clock.monotonic() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#lines = 0;
    }
    if (++this.#lines > MAX_LINES_A_SECOND) {
      this.#suppressed++;
      return;
    }
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    this.#log.warn(message, suppressed === 0 ? details : { ...details, suppressed });
  }
}
