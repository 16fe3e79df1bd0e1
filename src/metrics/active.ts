import type { AttributesOf, Instruments } from '../instruments.ts';

type ActiveId = 'modelActive' | 'jobRunActive';

/** Where something is counted while it runs. */
export interface Counted {
  running: number;
}

/**
 * How many things run, by their attributes: counted here and told when somebody collects, because adding to a counter
 * of the SDK twice for each thing costs as much as all else that is recorded of it.
 */
export class Active<Id extends ActiveId> {
  readonly #id: Id;
  readonly #series = new Map<unknown, Counted & { readonly set: AttributesOf<Id> }>();

  constructor(id: Id) {
    this.#id = id;
  }

  /** One more with these attributes; whoever asked takes it from the returned count when it ends. */
  started(set: AttributesOf<Id>): Counted {
    const key = set.isKept ? set : JSON.stringify(set.attributes);
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { set, running: 0 };
      this.#series.set(key, series);
    }
    series.running++;
    return series;
  }

  observe(to: Instruments): void {
    to.observe(this.#id, (report) => {
      for (const { set, running } of this.#series.values()) report(running, set);
    });
  }
}
