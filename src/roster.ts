/** What a roster holds knows its own place there. */
export interface Listed {
  /** For the roster alone. */
  place: number;
}

/**
 * Things that come and go, in no order. A Set does the same, but one through which much passes makes itself a new table
 * every few items, and a table that has grown old keeps what was in it, and in the tables after it, until the next full
 * collection of garbage.
 */
export class Roster<Item extends Listed> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(item: Item): void {
    item.place = this.#items.length;
    this.#items.push(item);
  }

  /** Takes out what is in it; false for anything else. */
  delete(item: Item): boolean {
    if (this.#items[item.place] !== item) return false;
    const last = this.#items.pop() as Item;
    if (last !== item) {
      this.#items[item.place] = last;
      last.place = item.place;
    }
    return true;
  }

  [Symbol.iterator](): Iterator<Item> {
    return this.#items[Symbol.iterator]();
  }
}
