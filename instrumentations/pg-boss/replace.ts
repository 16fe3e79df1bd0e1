/** What is done in the place of a method: `call` calls it, with other arguments if some are given. */
export type Wrapper<Self> = (call: (args?: unknown[]) => unknown, self: Self, args: unknown[]) => unknown;

/**
 * Puts a proxy in the place of a method, or over an inherited one. Returns what restores it; a patch that came on top is
 * left, and taking that away as well would be worse than an idle layer.
 */
export function replace<Self>(on: object, name: string, wrapper: Wrapper<Self>): () => void {
  const own = Object.getOwnPropertyDescriptor(on, name);
  const method: unknown = own === undefined ? Reflect.get(on, name) : own.value;
  if (typeof method !== 'function') return () => {};
  let active = true;
  const wrapped = new Proxy(method, {
    apply(original, self, args: unknown[]) {
      // An inherited method may be patched where it comes from.
      const target = own === undefined ? Reflect.get(Object.getPrototypeOf(on), name) : original;
      const call = (given?: unknown[]): unknown => Reflect.apply(target, self, given ?? args);
      return active ? wrapper(call, self, args) : call();
    },
  });
  const place = own ?? { configurable: true, enumerable: false, writable: true };
  Object.defineProperty(on, name, { ...place, value: wrapped });
  return () => {
    active = false;
    if (Object.getOwnPropertyDescriptor(on, name)?.value !== wrapped) return;
    if (own === undefined) Reflect.deleteProperty(on, name);
    else Object.defineProperty(on, name, own);
  };
}
