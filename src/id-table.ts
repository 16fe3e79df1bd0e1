/** What a table holds knows what is beside it. */
export interface Tabled {
  readonly id: string;
  /** For the table alone. */
  next: Tabled | undefined;
}

/** A power of two. */
const PLACES = 1024;

/**
 * Things by their ids, the latest of those with one id. A Map does the same, but one through which much passes makes
 * itself a new table every few items, and an old table keeps what was in it until the next full collection of garbage.
 */
export class IdTable<Item extends Tabled> {
  readonly #places = new Array<Tabled | undefined>(PLACES).fill(undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(item: Item): void {
    const other = this.get(item.id);
    if (other !== undefined) this.delete(other);
    const place = placeOf(item.id);
    item.next = this.#places[place];
    this.#places[place] = item;
    this.#size++;
  }

  get(id: string): Item | undefined {
    let item = this.#places[placeOf(id)];
    while (item !== undefined && item.id !== id) item = item.next;
    return item as Item | undefined;
  }

  /** Takes out what is in it, and nothing else. */
  delete(item: Item): void {
    const place = placeOf(item.id);
    let before: Tabled | undefined;
    let found = this.#places[place];
    while (found !== undefined && found !== item) {
      before = found;
      found = found.next;
    }
    if (found === undefined) return;
    if (before === undefined) this.#places[place] = item.next;
    else before.next = item.next;
    item.next = undefined;
    this.#size--;
  }
}

/** The end of an id differs most: ids made one after the other may begin with the time. */
function placeOf(id: string): number {
  let hash = 0;
  for (let index = Math.max(0, id.length - 6); index < id.length; index++) hash = hash * 31 + id.charCodeAt(index);
  return hash & (PLACES - 1);
}
