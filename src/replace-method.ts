/** Calls the method as the caller did: with its `this` and its arguments. */
type Call = () => unknown;

/**
 * Puts a function in front of a method of an object: same name, length and enumerability. Returns what takes it off
 * again, unless somebody has put another one over it since.
 */
export function replaceMethod(
  object: object,
  name: string,
  around: (call: Call, args: unknown[]) => unknown,
): () => void {
  const target = object as Record<string, unknown>;
  const original = target[name] as (...args: unknown[]) => unknown;
  const own = Object.getOwnPropertyDescriptor(target, name);
  const wrapper = {
    // A computed method keeps the name, and no prototype: the wrapper looks like the method that it stands for.
    [name](this: unknown, ...args: unknown[]): unknown {
      return around(() => Reflect.apply(original, this, args), args);
    },
  }[name] as (...args: unknown[]) => unknown;
  Object.defineProperty(wrapper, 'length', { value: original.length, configurable: true });
  Object.defineProperty(target, name, {
    value: wrapper,
    configurable: true,
    writable: true,
    enumerable: own?.enumerable ?? false,
  });
  return () => {
    if (target[name] !== wrapper) return;
    if (own === undefined) delete target[name];
    else Object.defineProperty(target, name, own);
  };
}

/** Throws a TypeError that names the option, unless every name is a method of the object. */
export function requireMethods(object: object, names: Iterable<string>, option: string, of: string): void {
  for (const name of names) {
    if (typeof (object as Record<string, unknown> | null)?.[name] === 'function') continue;
    throw new TypeError(`${option} names "${name}", which is no method of the ${of}`);
  }
}
