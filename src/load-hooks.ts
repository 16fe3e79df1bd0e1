import { createRequire, register } from 'node:module';
import { warn } from './diagnostics.ts';

const load = createRequire(import.meta.url);
const KEY = Symbol.for('gaugeway.load-hooks.1');

/**
 * Lets instrumentations see the named packages when an application imports them as ES modules; `require` needs no help.
 * Only these are looked at: wrapping every module costs seconds and breaks some.
 */
export function installLoadHooks(packages: readonly string[], files: readonly RegExp[]): void {
  const shared = globalThis as { [KEY]?: true };
  if (shared[KEY] || packages.length === 0) return;
  shared[KEY] = true;
  const include = [...packages, ...files];
  const { register: registerSync, supportsSyncHooks } = load(
    'import-in-the-middle/register-hooks.mjs',
  ) as typeof import('import-in-the-middle/register-hooks.mjs');
  if (supportsSyncHooks()) {
    registerSync({ include });
  } else if (isPreloadedByRequire()) {
    // There, these versions of Node fail to load any ES module once a loader thread is registered, the application's too.
    warn(
      `${packages.join(', ')}: not measured where imported as an ES module, because Node ${process.versions.node} cannot ` +
        'hook those from --require; use --import, or Node 22.22.3 or later',
    );
  } else {
    register('import-in-the-middle/hook.mjs', import.meta.url, { data: { include } });
  }
}

function isPreloadedByRequire(): boolean {
  const flags = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)];
  return flags.some((flag) => /^(-r|--require)(=|$)/.test(flag));
}
