import type { Core } from './core.ts';
import { Traffic } from './traffic.ts';

const INTERVAL_MS = 10_000;

/** Looks from time to time at what no recording tells: that there are none. Starts with the first one. */
export class Watch {
  readonly #core: Core;
  #traffic: Traffic;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isStopped = false;

  constructor(core: Core) {
    this.#core = core;
    this.#traffic = this.#fromNow();
  }

  start(): void {
    if (this.#timer !== undefined || this.#isStopped) return;
    this.#timer = setInterval(() => this.look(), INTERVAL_MS);
    // A number where there is no Node.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  look(): void {
    const { timeline, options } = this.#core;
    this.#traffic.judge(timeline.now(), options.clock.unix());
  }

  /** What is usual is known from now on only. */
  clear(): void {
    this.#traffic = this.#fromNow();
  }

  #fromNow(): Traffic {
    const { throughput, options, anomalies, timeline } = this.#core;
    return new Traffic(throughput, options.limits, anomalies, timeline.now());
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
  }
}
