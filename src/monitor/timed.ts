import type { Core } from './core.ts';
import type { Outcome } from './tally.ts';

/**
 * Times a block: `using timed = monitor.monitor('load')`. The language does not tell it of an exception, so it is told how
 * the block ended; without that the outcome is unknown, and never counted as a success.
 */
export class TimedOperation implements Disposable {
  readonly #core: Core;
  readonly #name: string;
  readonly #startedAt: number;
  #outcome: Outcome = 'unknown';
  #error: unknown;
  #isOver = false;

  /** Made by `monitor.monitor(operation)`. */
  constructor(core: Core, name: string) {
    this.#core = core;
    this.#name = name;
    this.#startedAt = core.options.clock.monotonic();
  }

  /** The block has done what it should. */
  succeed(): void {
    this.#outcome = 'success';
  }

  /** The block has failed. */
  fail(error?: unknown): void {
    this.#outcome = 'error';
    this.#error = error;
  }

  [Symbol.dispose](): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const durationMs = this.#core.options.clock.monotonic() - this.#startedAt;
    this.#core.record(this.#name, durationMs, { outcome: this.#outcome, error: this.#error });
  }
}
