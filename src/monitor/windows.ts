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

/** Receives a part of what was recorded, and how many of its values are meant. */
export type TellTally = (tally: Tally, count: number) => void;

interface Slot {
  /** Number of the slot since the monotonic clock began. */
  readonly number: number;
  readonly tally: Tally;
}

/** One row of slots: values go into the current one, which is handed on when its time is over. */
class Row {
  readonly slotMs: number;
  readonly past: Slot[] = [];
  readonly current = new Tally();
  currentNumber = -1;
  currentEnd = 0;
  readonly #slots: number;
  readonly #finished: (tally: Tally, time: number) => void;

  /** How far back the row reaches at least. */
  get reachMs(): number {
    return this.slotMs * this.#slots;
  }

  /** @param finished told of each slot whose time is over, and when that began */
  constructor({ slotMs, slots }: (typeof ROWS)[number], finished: (tally: Tally, time: number) => void) {
    this.slotMs = slotMs;
    this.#slots = slots;
    this.#finished = finished;
  }

  /** Makes the slot of this time the current one. Time does not go back: what comes late counts as coming now. */
  moveTo(time: number): void {
    const number = Math.floor(time / this.slotMs);
    if (number <= this.currentNumber) return;
    if (this.current.count > 0) {
      const tally = this.current.compacted();
      this.past.push({ number: this.currentNumber, tally });
      this.#finished(tally, this.currentNumber * this.slotMs);
      this.current.clear();
    }
    this.currentNumber = number;
    this.currentEnd = (number + 1) * this.slotMs;
    while (this.past[0] !== undefined && this.past[0].number < number - this.#slots) this.past.shift();
  }

  absorb(tally: Tally, time: number): void {
    this.moveTo(time);
    this.current.merge(tally);
  }
}

/** Everything recorded, and what of it fell into the last minute, five minutes and hour, in a bounded number of bytes. */
export class Windows {
  readonly #finest: Row;
  readonly #rows: readonly [Row, Row, Row];
  /** What has passed through all of the rows. */
  readonly #finished = new Tally();

  constructor() {
    const [minute, fiveMinutes, hour] = ROWS;
    const hours = new Row(hour, (tally) => this.#finished.merge(tally));
    const fives = new Row(fiveMinutes, (tally, time) => hours.absorb(tally, time));
    this.#finest = new Row(minute, (tally, time) => fives.absorb(tally, time));
    this.#rows = [this.#finest, fives, hours];
  }

  add(run: Run): void {
    const finest = this.#finest;
    if (run.time >= finest.currentEnd) finest.moveTo(run.time);
    finest.current.add(run);
  }

  /** How many values there ever were. */
  get count(): number {
    const [minute, fiveMinutes, hour] = this.#rows;
    return this.#finished.count + minute.current.count + fiveMinutes.current.count + hour.current.count;
  }

  /** What fell between two times, read from the finest row that reaches back far enough. */
  forEachBetween(range: Range, tell: TellTally): void {
    const { now, from } = range;
    if (from === Number.NEGATIVE_INFINITY) {
      tellPart(this.#finished, range, tell);
      for (const { current } of this.#rows) tellPart(current, range, tell);
      return;
    }
    for (const row of this.#rows) {
      // What has not been handed on to the next row yet.
      tellPart(row.current, range, tell);
      if (row.reachMs < now - from && row !== this.#rows[2]) continue;
      for (const { tally } of row.past) tellPart(tally, range, tell);
      return;
    }
  }
}

function tellPart(tally: Tally, range: Range, tell: TellTally): void {
  const count = tally.countBetween(range);
  if (count > 0) tell(tally, count);
}
