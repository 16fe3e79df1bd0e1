import type { Attributes } from '@opentelemetry/api';
import type { AttributesOf, Instruments } from '../instruments.ts';

type ActiveId = 'modelActive' | 'jobRunActive';

const MAX_KNOWN = 1000;

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
  readonly #series = new Map<string, Counted & { readonly attributes: AttributesOf<Id> }>();

  readonly #known = new Map<AttributesOf<Id>, Counted>();

  constructor(id: Id) {
    this.#id = id;
  }

  /** One more with these attributes; whoever asked takes it from the returned count when it ends. */
  started(attributes: AttributesOf<Id>): Counted {
    // The attributes of a job are one object.
    const known = this.#known.get(attributes);
    if (known !== undefined) {
      known.running++;
      return known;
    }
    let key = '';
    for (const name in attributes) key += `${(attributes as Attributes)[name]}\0`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { attributes, running: 0 };
      this.#series.set(key, series);
    }
    series.running++;
    if (this.#known.size < MAX_KNOWN && Object.isFrozen(attributes)) this.#known.set(attributes, series);
    return series;
  }

  observe(to: Instruments): void {
    to.observe(this.#id, (report) => {
      for (const { attributes, running } of this.#series.values()) report(running, attributes);
    });
  }
}
