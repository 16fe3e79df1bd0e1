import type { Metadata } from './metadata.ts';
import type { Outcome } from './tally.ts';

/** One recorded piece of work. */
export interface RecordedMeasurement {
  /** Unix milliseconds of its end. */
  readonly timestamp: number;
  /** Milliseconds. */
  readonly duration: number;
  /** Undefined where the outcome is unknown. */
  readonly success: boolean | undefined;
  readonly metadata: Metadata | undefined;
}

const FIRST_CAPACITY = 16;
/** A tick is a tenth of a second, so that 32 bits last for 13 years. */
const TICK_MS = 100;

const OUTCOMES: readonly Outcome[] = ['success', 'error', 'unknown'];

/** The most recent measurements; it grows up to its limit, then each new one takes the place of the oldest. */
export class Ring {
  readonly #limit: number;
  #values = new Float64Array(0);
  #timestamps = new Float64Array(0);
  #ticks = new Uint32Array(0);
  #outcomes = new Uint8Array(0);
  #metadata: (Metadata | undefined)[] | undefined;
  #next = 0;
  #size = 0;
  #hasForgotten = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(time: number, timestamp: number, value: number, outcome: Outcome, metadata: Metadata | undefined): void {
    if (this.#next === this.#values.length) this.#makeRoom();
    const at = this.#next++;
    this.#values[at] = value;
    this.#timestamps[at] = timestamp;
    this.#ticks[at] = time / TICK_MS;
    this.#outcomes[at] = outcome === 'success' ? 0 : outcome === 'error' ? 1 : 2;
    if (metadata !== undefined) this.#metadata ??= new Array(this.#values.length).fill(undefined);
    if (this.#metadata !== undefined) this.#metadata[at] = metadata;
    if (this.#size < this.#values.length) this.#size++;
    else this.#hasForgotten = true;
  }

  /** True when everything since this time is still here. */
  reachesBackTo(from: number): boolean {
    return !this.#hasForgotten || (this.#ticks[this.#oldest] as number) * TICK_MS < from;
  }

  /** From the oldest to the newest, those that fell between two times. */
  forEachBetween(from: number, to: number, tell: (value: number, outcome: Outcome) => void): void {
    for (const at of this.#places()) {
      const time = (this.#ticks[at] as number) * TICK_MS;
      if (time >= from && time <= to)
        tell(this.#values[at] as number, OUTCOMES[this.#outcomes[at] as number] as Outcome);
    }
  }

  measurements(): RecordedMeasurement[] {
    return Array.from(this.#places(), (at) => ({
      timestamp: this.#timestamps[at] as number,
      duration: this.#values[at] as number,
      success: [true, false, undefined][this.#outcomes[at] as number],
      metadata: this.#metadata?.[at],
    }));
  }

  get #oldest(): number {
    return this.#size < this.#values.length ? 0 : this.#next % this.#size;
  }

  *#places(): Iterable<number> {
    const oldest = this.#oldest;
    for (let i = 0; i < this.#size; i++) yield (oldest + i) % this.#values.length;
  }

  #makeRoom(): void {
    const { length } = this.#values;
    if (length === this.#limit) {
      this.#next = 0;
      return;
    }
    const capacity = Math.min(this.#limit, Math.max(FIRST_CAPACITY, length * 2));
    this.#values = grown(this.#values, new Float64Array(capacity));
    this.#timestamps = grown(this.#timestamps, new Float64Array(capacity));
    this.#ticks = grown(this.#ticks, new Uint32Array(capacity));
    this.#outcomes = grown(this.#outcomes, new Uint8Array(capacity));
  }
}

function grown<T extends Float64Array | Uint32Array | Uint8Array>(old: T, fresh: T): T {
  fresh.set(old);
  return fresh;
}
