type Method = (...args: never[]) => unknown;
type Around = (original: () => unknown, args: readonly unknown[], self: unknown) => unknown;

/** Puts `around` in the place of a function, which keeps its name and looks. Returns what restores it. */
export function replace(holder: object, name: string, around: Around): (() => void) | undefined {
  const descriptor = Object.getOwnPropertyDescriptor(holder, name);
  const original: unknown = descriptor === undefined ? undefined : read(holder, name);
  if (descriptor === undefined || typeof original !== 'function') return undefined;
  let isActive = true;
  const replacement = new Proxy(original as Method, {
    apply: (target, self, args: never[]) => {
      const call = (): unknown => Reflect.apply(target, self, args);
      return isActive ? around(call, args, self) : call();
    },
  });
  // Exports that a load hook hands over can be assigned to and not be defined; a class's methods keep their descriptor.
  const put = (value: unknown): void => {
    if (Reflect.set(holder, name, value)) return;
    Object.defineProperty(holder, name, { ...descriptor, value });
  };
  put(replacement);
  return () => {
    isActive = false;
    // Somebody may have patched on top of us; taking theirs away as well would be worse than an idle layer.
    if (read(holder, name) === replacement) put(original);
  };
}

function read(holder: object, name: string): unknown {
  return (holder as Record<string, unknown>)[name];
}
