import type { Clock } from '../../src/monitor/index.ts';

/** Two clocks that go when they are told to; the wall clock can be set on its own. */
export class SimulatedClock implements Clock {
  #monotonic = 1000;
  #unix = 1_800_000_000_000;

  unix(): number {
    return this.#unix;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  advance(ms: number): void {
    this.#monotonic += ms;
    this.#unix += ms;
  }

  setWallClock(unix: number): void {
    this.#unix = unix;
  }
}
