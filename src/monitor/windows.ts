import type { Range } from './distribution.ts';
import type { Run } from './run.ts';
import { Tally } from './tally.ts';

/** A window that is kept, as a row of slots; the last hour has five minutes more, for what came before the recent. */
const ROWS = [
  { slotMs: 5_000, slots: 12 },
  { slotMs: 30_000, slots: 10 },
  { slotMs: 300_000, slots: 13 },
] as const;

/** The longest window that can be asked for. */
export const LONGEST_WINDOW_MS = 3_600_000;

/** How much time a range covers where it is read in whole slots. */
export function coveredMs({ now, from, to }: Range): number {
  const { slotMs } = ROWS.find((row) => row.slotMs * row.slots >= now - from) ?? ROWS[2];
  const end = to < now ? Math.floor(to / slotMs) * slotMs : now;
  return end - Math.max(0, Math.floor(from / slotMs) * slotMs);
}

interface Slot {
  /** Number of the slot since the monotonic clock began. */
  readonly number: number;
  readonly tally: Tally;
}

/** One row of slots: values go into the current one, which is handed on to the next, coarser row when its time is over. */
class Row {
  readonly slotMs: number;
  readonly past: Slot[] = [];
  readonly current = new Tally();
  currentNumber = -1;
  currentEnd = 0;
  readonly #slots: number;
  readonly #next: Row | undefined;
  readonly #expired: ((tally: Tally) => void) | undefined;

  /** How far back the row reaches at least. */
  get reachMs(): number {
    return this.slotMs * this.#slots;
  }

  constructor(slotMs: number, slots: number, next?: Row, expired?: (tally: Tally) => void) {
    this.slotMs = slotMs;
    this.#slots = slots;
    this.#next = next;
    this.#expired = expired;
  }

  /** Makes the slot of this time the current one. Time does not go back: what comes late counts as coming now. */
  moveTo(time: number): void {
    const number = Math.floor(time / this.slotMs);
    if (number <= this.currentNumber) return;
    if (this.current.count > 0) {
      const tally = this.current.compacted();
      this.past.push({ number: this.currentNumber, tally });
      this.#next?.absorb(tally, this.currentNumber * this.slotMs);
      this.current.clear();
    }
    this.currentNumber = number;
    this.currentEnd = (number + 1) * this.slotMs;
    while (this.past[0] !== undefined && this.past[0].number < number - this.#slots) {
      const { tally } = this.past.shift() as Slot;
      this.#expired?.(tally);
    }
  }

  absorb(tally: Tally, time: number): void {
    this.moveTo(time);
    this.current.merge(tally);
  }

  /** Tells every past slot that ends after `from` and not after `to`. */
  forEachBetween(from: number, to: number, tell: (tally: Tally) => void): void {
    for (const { number, tally } of this.past) if (this.#isBetween(number, from, to)) tell(tally);
  }

  tellCurrent(from: number, to: number, tell: (tally: Tally) => void): void {
    if (this.#isBetween(this.currentNumber, from, to)) tell(this.current);
  }

  #isBetween(number: number, from: number, to: number): boolean {
    const end = (number + 1) * this.slotMs;
    return end > from && end <= to;
  }
}

/** Everything recorded, and what of it fell into the last minute, five minutes and hour, in a bounded number of bytes. */
export class Windows {
  readonly #finest: Row;
  readonly #rows: readonly [Row, Row, Row];
  readonly #older = new Tally();

  constructor() {
    const [minute, fiveMinutes, hour] = ROWS;
    const hours = new Row(hour.slotMs, hour.slots, undefined, (tally) => this.#older.merge(tally));
    const fives = new Row(fiveMinutes.slotMs, fiveMinutes.slots, hours);
    this.#finest = new Row(minute.slotMs, minute.slots, fives);
    this.#rows = [this.#finest, fives, hours];
  }

  add(run: Run): void {
    const finest = this.#finest;
    if (run.time >= finest.currentEnd) finest.moveTo(run.time);
    finest.current.add(run);
  }

  /** Everything since the beginning. */
  forEach(tell: (tally: Tally) => void): void {
    tell(this.#older);
    const [, , hours] = this.#rows;
    for (const { tally } of hours.past) tell(tally);
    for (const row of this.#rows) tell(row.current);
  }

  /**
   * What fell between two times, in whole slots: it may reach back one slot further than `from`, and leaves out the slot
   * that `to` cuts. Read from the finest row that reaches back far enough.
   */
  forEachBetween({ now, from, to }: Range, tell: (tally: Tally) => void): void {
    for (const row of this.#rows) {
      // What has not been handed on to the next row yet.
      row.tellCurrent(from, to, tell);
      if (row.reachMs >= now - from || row === this.#rows[2]) return row.forEachBetween(from, to, tell);
    }
  }
}
