import { createRequire, type LoadHookSync, type ResolveHookSync, register, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { warn } from './diagnostics.ts';
import { hookFailed } from './observe.ts';

/** What is used of `import-in-the-middle/create-hook.mjs`, which has no types. */
interface Hooks {
  applyOptions(options: { include: readonly (string | RegExp)[] }): void;
  readonly resolveSync: ResolveHookSync;
  readonly loadSync: LoadHookSync;
}

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
  const { supportsSyncHooks } = load(
    'import-in-the-middle/supports-sync-hooks.mjs',
  ) as typeof import('import-in-the-middle/register-hooks.mjs');
  if (supportsSyncHooks()) {
    hookInThread(packages, files);
  } else if (isPreloadedByRequire()) {
    // There, these versions of Node fail to load any ES module once a loader thread is registered, the application's too.
    warn(
      `${packages.join(', ')}: not measured where imported as an ES module, because Node ${process.versions.node} cannot ` +
        'hook those from --require; use --import, or Node 22.22.3 or later',
    );
  } else {
    register('import-in-the-middle/hook.mjs', import.meta.url, { data: { include: [...packages, ...files] } });
  }
}

/** Most applications import few of the packages: until the first one comes, every module is left to Node alone. */
function hookInThread(packages: readonly string[], files: readonly RegExp[]): void {
  const names = new Set(packages);
  let hooks: Hooks | undefined;
  let hasFailed = false;
  registerHooks({
    resolve(specifier, context, next) {
      if (hooks !== undefined) return hooks.resolveSync(specifier, context, next);
      const resolved = next(specifier, context);
      const isWanted = names.has(specifier) || files.some((file) => file.test(resolved.url));
      if (!isWanted || hasFailed || context.conditions.includes('require')) return resolved;
      try {
        hooks = createHooks([...packages, ...files]);
      } catch (error) {
        hasFailed = true;
        hookFailed('import-in-the-middle', error);
        return resolved;
      }
      return hooks.resolveSync(specifier, context, next);
    },
    load: (url, context, next) => (hooks === undefined ? next(url, context) : hooks.loadSync(url, context, next)),
  });
}

function createHooks(include: readonly (string | RegExp)[]): Hooks {
  const { createHook } = load('import-in-the-middle/create-hook.mjs') as {
    createHook(meta: { readonly url: string }): Hooks;
  };
  const hooks = createHook({ url: pathToFileURL(load.resolve('import-in-the-middle/register-hooks.mjs')).href });
  hooks.applyOptions({ include });
  return hooks;
}

function isPreloadedByRequire(): boolean {
  const flags = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)];
  return flags.some((flag) => /^(-r|--require)(=|$)/.test(flag));
}
