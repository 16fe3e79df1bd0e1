type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Own methods of one object before those of its class; as invisible as those. */
export function shadow(object: object, methods: Readonly<Record<string, Method>>): void {
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
  }
}
