import type { Attributes } from '@opentelemetry/api';
import { BoundedValues } from './cardinality.ts';

type Value = string | number;

/** Sets kept; others are made anew each time they are asked for. */
const MAX_KEPT = 10_000;

/** What all sets of one tree share. */
interface Tree {
  readonly limit: number;
  readonly values: Map<string, BoundedValues>;
  kept: number;
}

/**
 * A set of attributes. The same attributes added in the same order are the same object, so whatever was made for a set
 * can be found by it: an application records the same few ones again and again.
 */
export class AttributeSet<Key extends string = string> {
  declare readonly keys?: Key;
  /** False for one that is made anew each time. */
  readonly isKept: boolean;
  readonly #tree: Tree;
  readonly #parent: AttributeSet | undefined;
  readonly #key: string;
  readonly #value: Value;
  readonly #next = new Map<string, Map<Value, AttributeSet>>();
  /** The one that was asked for last: to compare costs less than to look. */
  #last: AttributeSet | undefined;
  #attributes: Attributes | undefined;
  #owner: object | undefined;
  #kept: Map<string, unknown> | undefined;

  constructor(tree: Tree, parent?: AttributeSet, key = '', value: Value = '') {
    this.#tree = tree;
    this.#parent = parent;
    this.#key = key;
    this.#value = value;
    this.isKept = parent?.isKept !== false && tree.kept < MAX_KEPT;
  }

  /** This set and one attribute more; an undefined value adds nothing. */
  with<Added extends string>(key: Added, value: Value | undefined): AttributeSet<Key | Added> {
    if (value === undefined) return this;
    return (this.#known(key, value) ?? this.#add(key, value)) as AttributeSet<Key | Added>;
  }

  /** As `with`, for a value that comes from outside: too many different ones, or a too long one, become `other`. */
  given<Added extends string>(key: Added, value: string | undefined): AttributeSet<Key | Added> {
    if (value === undefined) return this;
    const known = this.#known(key, value) as AttributeSet<Key | Added> | undefined;
    return known ?? this.with(key, this.#bound(key, value));
  }

  /** The attributes as OpenTelemetry takes them. */
  get attributes(): Attributes {
    if (this.#attributes === undefined) {
      const own = this.#parent === undefined ? {} : { [this.#key]: this.#value };
      this.#attributes = Object.freeze({ ...this.#parent?.attributes, ...own });
    }
    return this.#attributes;
  }

  /** What `owner` has made of this set by this name, or makes now; what another one has made is gone. */
  keep<Name extends string, Made>(owner: object, name: Name, make: (name: Name, set: this) => Made): Made {
    if (this.#owner !== owner || this.#kept === undefined) {
      this.#owner = owner;
      this.#kept = new Map();
    }
    let made = this.#kept.get(name) as Made | undefined;
    if (made === undefined) {
      made = make(name, this);
      this.#kept.set(name, made);
    }
    return made;
  }

  #known(key: string, value: Value): AttributeSet | undefined {
    const last = this.#last;
    if (last !== undefined && last.#value === value && last.#key === key) return last;
    const known = this.#next.get(key)?.get(value);
    if (known !== undefined) this.#last = known;
    return known;
  }

  #add(key: string, value: Value): AttributeSet {
    const added = new AttributeSet(this.#tree, this, key, value);
    if (!added.isKept) return added;
    this.#tree.kept++;
    let values = this.#next.get(key);
    if (values === undefined) {
      values = new Map();
      this.#next.set(key, values);
    }
    values.set(value, added);
    return added;
  }

  #bound(key: string, value: string): string | undefined {
    let values = this.#tree.values.get(key);
    if (values === undefined) {
      values = new BoundedValues(this.#tree.limit);
      this.#tree.values.set(key, values);
    }
    return values.bound(value);
  }
}

/** The empty set, from which all others are made. @param limit different values of each attribute that are kept */
export function noAttributes(limit: number): AttributeSet<never> {
  return new AttributeSet<never>({ limit, values: new Map(), kept: 0 });
}
