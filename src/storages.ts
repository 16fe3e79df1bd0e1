/** Something on disk that grows. */
export interface Sized {
  /** Bytes. */
  getSize(): number;
}

const KEY = Symbol.for('gaugeway.storages.1');
const shared = globalThis as { [KEY]?: Set<Sized> };
shared[KEY] ??= new Set();

/** The open storages of this process, for the gauge of their size. */
export const storages: Set<Sized> = shared[KEY];
