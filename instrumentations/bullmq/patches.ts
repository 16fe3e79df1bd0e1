type Method = (...args: unknown[]) => unknown;

/** What to do around a call: `call` runs the original with the same `this`, and with other arguments where given. */
export type Around = (self: never, args: never, call: (args?: readonly unknown[]) => unknown) => unknown;

/** What to do before a call, which then goes on as it was made. */
type Before = (self: never, args: never) => void;

/** Methods of a library's classes that are replaced together and put back together. */
export class Patches {
  readonly #restores: (() => void)[] = [];
  #active = true;

  /** False once they are put back. */
  get isActive(): boolean {
    return this.#active;
  }

  /**
   * Replaces a method of a class; false where the class has none of its own by this name. Calls that `concerns` is false
   * for go straight on.
   */
  method(
    type: { readonly prototype: object } | undefined,
    name: string,
    around: Around,
    concerns?: (self: never, args: never) => boolean,
  ): boolean {
    const patches = this;
    return this.#replace(type, name, (original) => ({
      [name](this: unknown, ...args: unknown[]): unknown {
        if (!patches.#active) return Reflect.apply(original, this, args);
        if (concerns !== undefined && !concerns(this as never, args as never)) {
          return Reflect.apply(original, this, args);
        }
        return around(this as never, args as never, (changed) => Reflect.apply(original, this, changed ?? args));
      },
    }));
  }

  /** Sees the calls of a method; false as above. */
  before(type: { readonly prototype: object } | undefined, name: string, before: Before): boolean {
    const patches = this;
    return this.#replace(type, name, (original) => ({
      [name](this: unknown, ...args: unknown[]): unknown {
        if (patches.#active) before(this as never, args as never);
        return Reflect.apply(original, this, args);
      },
    }));
  }

  /** Not by a proxy, which costs more at each call; a computed method has no prototype, as those of a class. */
  #replace(
    type: { readonly prototype: object } | undefined,
    name: string,
    replace: (original: Method) => Record<string, Method>,
  ): boolean {
    const prototype = type?.prototype;
    const descriptor = prototype && Object.getOwnPropertyDescriptor(prototype, name);
    if (prototype === undefined || typeof descriptor?.value !== 'function') return false;
    const original = descriptor.value as Method;
    const replacement = replace(original)[name] as Method;
    Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original));
    Object.defineProperty(prototype, name, { ...descriptor, value: replacement });
    this.#restores.push(() => {
      // Somebody may have patched on top of us; taking theirs away as well would be worse than an idle layer.
      const current = Object.getOwnPropertyDescriptor(prototype, name);
      if (current?.value === replacement) Object.defineProperty(prototype, name, descriptor);
    });
    return true;
  }

  /** Something else to do when the methods are put back. */
  onRestore(work: () => void): void {
    this.#restores.push(work);
  }

  restore(): void {
    this.#active = false;
    for (const restore of this.#restores.splice(0).reverse()) restore();
  }
}
