/** What is known of objects of others, by the object. */
export interface Stamps<Value> {
  get(of: object): Value | undefined;
  set(of: object, value: Value): void;
}

/** A constructor that returns the object it is given: what extends it lays its private fields on that object. */
const Given = function given(of: object): object {
  return of;
} as unknown as new (
  of: object,
) => object;

/**
 * Keeps a value with an object of others for as long as it lives, as a private field: nothing that looks at the object
 * sees it, and a frozen one takes it too. A WeakMap does the same, but with one new key for each request the collector
 * of garbage is busy with little else.
 */
export function createStamps<Value>(): Stamps<Value> {
  class Stamp extends Given {
    #value: Value;

    constructor(of: object, value: Value) {
      super(of);
      this.#value = value;
    }

    static get(of: object): Value | undefined {
      return #value in of ? (of as Stamp).#value : undefined;
    }

    static set(of: object, value: Value): void {
      if (#value in of) (of as Stamp).#value = value;
      else new Stamp(of, value);
    }
  }
  return Stamp;
}
