type Method = (...args: unknown[]) => unknown;

/** What to do around a call: `call` runs the original with the same `this`, and with other arguments where given. */
export type Around = (self: never, args: never, call: (args?: readonly unknown[]) => unknown) => unknown;

/** Methods of a library's classes that are replaced together and put back together. */
export class Patches {
  readonly #restores: (() => void)[] = [];
  #active = true;

  /** False once they are put back. */
  get isActive(): boolean {
    return this.#active;
  }

  /** Replaces a method of a class; false where the class has none of its own by this name. */
  method(type: { readonly prototype: object } | undefined, name: string, around: Around): boolean {
    const prototype = type?.prototype;
    const descriptor = prototype && Object.getOwnPropertyDescriptor(prototype, name);
    if (prototype === undefined || typeof descriptor?.value !== 'function') return false;
    const original = descriptor.value as Method;
    const patches = this;
    // Not a proxy, which costs more at each call. A computed method, because that has no prototype either.
    const replacement = {
      [name](this: unknown, ...args: unknown[]): unknown {
        return patches.#active
          ? around(this as never, args as never, (changed) => Reflect.apply(original, this, changed ?? args))
          : Reflect.apply(original, this, args);
      },
    }[name] as Method;
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
