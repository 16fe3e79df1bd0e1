/** `idle` until the library was seen, `active` from then on, `refused` when it does not fit. */
export type HookState = 'idle' | 'active' | 'refused';

const KEY = Symbol.for('gaugeway.hooks.1');
const shared = globalThis as { [KEY]?: Map<string, HookState> };
shared[KEY] ??= new Map();

/** The state of every hook of this process by its name. */
export const hooks: Map<string, HookState> = shared[KEY];
