interface Utilization {
  readonly idle: number;
  readonly active: number;
  readonly utilization: number;
}

/** Less time says nothing: the question itself keeps the event loop busy. */
const MIN_MS = 1000;

/** How busy the event loop is. Node's `performance` tells; on other runtimes nobody does. */
export class EventLoop {
  readonly #read = (globalThis as { performance?: { eventLoopUtilization?(...marks: Utilization[]): Utilization } })
    .performance?.eventLoopUtilization;
  #mark = this.#read?.();
  #latest: number | undefined;

  /** The share of the time since this was last asked, at least a second; undefined where nobody knows. */
  utilization(): number | undefined {
    if (this.#read === undefined || this.#mark === undefined) return undefined;
    const now = this.#read();
    const { idle, active, utilization } = this.#read(now, this.#mark);
    if (idle + active < MIN_MS) return this.#latest;
    this.#mark = now;
    this.#latest = utilization;
    return utilization;
  }
}
