/** Parts of a result that are looked at; it may be a list of a million embeddings. */
const MAX_PARTS = 32;

/**
 * True for what is still being answered when it is handed back: a stream, a response, an emitter of events, or a plain
 * object or list of such. An exchange that is in flight beside anything else feeds nobody. No getter is called: that of
 * an SDK's result may read a stream to its end.
 */
export function isLive(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (isSource(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype && !Array.isArray(value)) return false;
  let parts = 0;
  for (const key in value) {
    if (++parts > MAX_PARTS) return false;
    const part: unknown = Object.getOwnPropertyDescriptor(value, key)?.value;
    if (typeof part === 'object' && part !== null && isSource(part)) return true;
  }
  return false;
}

function isSource(value: object): boolean {
  return (
    Symbol.asyncIterator in value || 'bodyUsed' in value || hasMethod(value, 'getReader') || hasMethod(value, 'on')
  );
}

function hasMethod(value: object, name: string): boolean {
  if (!(name in value)) return false;
  let holder: object | null = value;
  while (holder !== null) {
    const descriptor = Object.getOwnPropertyDescriptor(holder, name);
    if (descriptor !== undefined) return typeof descriptor.value === 'function';
    holder = Object.getPrototypeOf(holder);
  }
  return false;
}
