/** `idle` until the library was seen, `active` from then on, `refused` when it does not fit. */
export type HookState = 'idle' | 'active' | 'refused';

/** A hook and one version of the library that it met; the version is absent before, and where there is no library. */
export interface Hook {
  readonly name: string;
  readonly version: string | undefined;
  readonly state: HookState;
}

const KEY = Symbol.for('gaugeway.hooks.2');
const shared = globalThis as { [KEY]?: Map<string, Map<string | undefined, HookState>> };
shared[KEY] ??= new Map();
const states = shared[KEY];

/** Says what became of a hook; a process may load several versions of one library. */
export function noteHook(name: string, version: string | undefined, state: HookState): void {
  const versions = states.get(name) ?? new Map<string | undefined, HookState>();
  states.set(name, versions);
  if (state === 'idle') {
    if (versions.size === 0) versions.set(version, state);
    return;
  }
  if (versions.get(undefined) === 'idle') versions.delete(undefined);
  // The two forms of one version, for `import` and `require`, are looked at apart: one that fits is measured.
  if (versions.get(version) !== 'active') versions.set(version, state);
}

/** The hooks of this process and what they met. */
export function listHooks(): Hook[] {
  return [...states].flatMap(([name, versions]) => [...versions].map(([version, state]) => ({ name, version, state })));
}
