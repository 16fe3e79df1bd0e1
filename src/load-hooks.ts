import { createRequire, register } from 'node:module';

const load = createRequire(import.meta.url);
const KEY = Symbol.for('gaugeway.load-hooks.1');

/**
 * Lets instrumentations see the named packages when an application imports them as ES modules; `require` needs no help.
 * Only these are looked at: wrapping every module costs seconds and breaks some.
 */
export function installLoadHooks(packages: readonly string[]): void {
  const shared = globalThis as { [KEY]?: true };
  if (shared[KEY] || packages.length === 0) return;
  shared[KEY] = true;
  const include = [...packages];
  const { register: registerSync, supportsSyncHooks } = load(
    'import-in-the-middle/register-hooks.mjs',
  ) as typeof import('import-in-the-middle/register-hooks.mjs');
  if (supportsSyncHooks()) registerSync({ include });
  else register('import-in-the-middle/hook.mjs', import.meta.url, { data: { include } });
}
