const SLOTS = 60;
const SLOT_MS = 5000;

/** Fewer requests make no ratio: one failure of three is no error rate. */
export const MIN_REQUESTS = 20;

/** Counts requests and failures of the last five minutes, in slots of five seconds. Times are of a monotonic clock. */
export class ErrorWindow {
  readonly #counts = new Uint32Array(SLOTS);
  readonly #errors = new Uint32Array(SLOTS);
  #slot = 0;

  add(isError: boolean, now = performance.now()): void {
    this.#moveTo(now);
    const at = this.#slot % SLOTS;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    if (isError) this.#errors[at] = (this.#errors[at] ?? 0) + 1;
  }

  /** The share of failures; undefined below 20 requests. */
  ratio(now = performance.now()): number | undefined {
    this.#moveTo(now);
    const total = sum(this.#counts);
    return total < MIN_REQUESTS ? undefined : sum(this.#errors) / total;
  }

  #moveTo(now: number): void {
    const slot = Math.floor(now / SLOT_MS);
    if (slot <= this.#slot) return;
    for (let next = Math.max(this.#slot + 1, slot - SLOTS + 1); next <= slot; next++) {
      this.#counts[next % SLOTS] = 0;
      this.#errors[next % SLOTS] = 0;
    }
    this.#slot = slot;
  }
}

function sum(values: Uint32Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
