import type { Metadata } from './metadata.ts';
import type { Run } from './run.ts';
import type { Outcome } from './tally.ts';

const FIRST_CAPACITY = 16;
/** A value, and a stamp: four times the microsecond at which it was recorded, plus how it ended. */
const FIELDS = 2;
const OUTCOMES: readonly Outcome[] = ['success', 'error', 'unknown'];

/** Receives one measurement; the time is of the monotonic clock. */
export type TellMeasurement = (value: number, outcome: Outcome, time: number, metadata: Metadata | undefined) => void;

/** The most recent measurements; it grows up to its limit, then each new one takes the place of the oldest. */
export class Ring {
  readonly #limit: number;
  #entries = new Float64Array(0);
  #metadata: (Metadata | undefined)[] | undefined;
  #next = 0;
  #hasForgotten = false;

  constructor(limit: number) {
    this.#limit = limit * FIELDS;
  }

  add({ time, durationMs, outcome }: Run, metadata: Metadata | undefined): void {
    if (this.#next === this.#entries.length) this.#makeRoom();
    const at = this.#next;
    this.#next = at + FIELDS;
    this.#entries[at] = durationMs;
    this.#entries[at + 1] = Math.round(time * 1000) * 4 + codeOf(outcome);
    if (metadata !== undefined || this.#metadata !== undefined) this.#keepMetadata(at, metadata);
  }

  /** How many are kept. */
  get size(): number {
    return (this.#hasForgotten ? this.#entries.length : this.#next) / FIELDS;
  }

  /** Copies the values between two times to the end of what was seen before, in no order, and counts how they ended. */
  copyBetween(
    from: number,
    to: number,
    into: Float64Array,
    seen: { count: number; errors: number; unknown: number },
  ): void {
    const entries = this.#entries;
    const end = this.size * FIELDS;
    const first = Math.ceil(from * 1000) * 4;
    const beyond = (Math.floor(to * 1000) + 1) * 4;
    let { count, errors, unknown } = seen;
    for (let at = 0; at < end; at += FIELDS) {
      const stamp = entries[at + 1] as number;
      if (stamp < first || stamp >= beyond) continue;
      into[count++] = entries[at] as number;
      const code = codeIn(stamp);
      if (code === 1) errors++;
      else if (code === 2) unknown++;
    }
    seen.count = count;
    seen.errors = errors;
    seen.unknown = unknown;
  }

  /** True when everything since this time is still here. */
  reachesBackTo(from: number): boolean {
    if (!this.#hasForgotten) return true;
    const oldest = this.#next % this.#entries.length;
    return timeOf(this.#entries[oldest + 1] as number) < from;
  }

  /** From the oldest to the newest. */
  forEach(tell: TellMeasurement): void {
    const { length } = this.#entries;
    const size = this.#hasForgotten ? length : this.#next;
    const oldest = this.#hasForgotten ? this.#next : 0;
    for (let i = 0; i < size; i += FIELDS) {
      const at = (oldest + i) % length;
      const stamp = this.#entries[at + 1] as number;
      tell(
        this.#entries[at] as number,
        OUTCOMES[codeIn(stamp)] as Outcome,
        timeOf(stamp),
        this.#metadata?.[at / FIELDS],
      );
    }
  }

  #keepMetadata(at: number, metadata: Metadata | undefined): void {
    this.#metadata ??= [];
    this.#metadata[at / FIELDS] = metadata;
  }

  #makeRoom(): void {
    const { length } = this.#entries;
    if (length === this.#limit) {
      this.#next = 0;
      this.#hasForgotten = true;
      return;
    }
    const grown = new Float64Array(Math.min(this.#limit, Math.max(FIRST_CAPACITY * FIELDS, length * 2)));
    grown.set(this.#entries);
    this.#entries = grown;
  }
}

/** Not by a table: looking up a word takes longer than all the rest. */
function codeOf(outcome: Outcome): number {
  return outcome === 'success' ? 0 : outcome === 'error' ? 1 : 2;
}

function timeOf(stamp: number): number {
  return Math.floor(stamp / 4) / 1000;
}

/** A remainder of numbers above 2 ** 31 is no instruction of a processor. */
function codeIn(stamp: number): number {
  return stamp - Math.floor(stamp / 4) * 4;
}
