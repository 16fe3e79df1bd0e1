import { drop } from './observe.ts';

/** What a value becomes when its attribute has had too many. */
export const OTHER = 'other';

/** No value of an attribute is longer than this: a longer one is no name. */
const MAX_LENGTH = 200;

/**
 * Bounds the values of an attribute: the first `limit` distinct ones are kept, all later ones are `other`. The SDK's own
 * limit holds per collection only, so without this a process would grow with every new name.
 */
export class BoundedValues {
  readonly #limit: number;
  readonly #seen = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  bound(value: string | undefined): string | undefined {
    if (value === undefined || this.#seen.has(value)) return value;
    if (value.length <= MAX_LENGTH && this.#seen.size < this.#limit) {
      this.#seen.add(value);
      return value;
    }
    drop('series_limit');
    return OTHER;
  }
}
